// Package leading measures who leads and when, beside peers: how long a lock is nobody's
// after its holder gives it back or is killed, and which slots of a schedule on three
// instances stay empty or are done twice.
//
// # What the numbers do not prove
//
// Everyone here is on one machine, over loopback, with one server that does not fail. A
// proof of death works on one machine only, so each peer is beside our lock with and
// without it; across machines the row without it is the one that counts. The leases are
// all 3 s, so that a run ends within minutes, and each peer's other durations are in the
// ratio of its own defaults to that; notes say what the defaults themselves come to. A
// schedule's row is one history of a minute: it shows that something happens, and not how
// often.
//
// The peers that take long to compile are behind the build tag peers, which the command
// of the README sets. It is tests only, and nothing imports it.
package leading
