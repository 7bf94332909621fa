// Package anchoring hands the newest checkpoint of the evidence to whoever keeps it
// outside: where nobody who can write the store can change it.
//
// It does not say that anybody keeps it, nor that each one arrives: of several the
// newest counts, which covers those before it, and one that nobody took before this
// process ended is covered by the next day's. It keeps nothing up: whoever tells it of
// a checkpoint goes on at once.
package anchoring
