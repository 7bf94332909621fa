// Package layout is what the channels share of how a message looks: a first line and
// the rest, within the room that a service has; how bad it is, in a colour and a
// mark; and links that are what they seem.
//
// It does not escape markup, of which each service has its own: it says which lines
// are links, so that whoever escapes the others does not break them.
package layout
