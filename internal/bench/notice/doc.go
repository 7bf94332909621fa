// Package notice measures what it costs to decide whether something is told, and to
// remember that it was, beside the notification log of Alertmanager.
//
// # What the numbers do not prove
//
// The two remember different things in different places. Alertmanager's log is a map in
// memory that is written to a file every 15 minutes and gossiped to its peers; ours is
// documents, of the state, the incident and the message itself, that are stored in one
// commit before anything is sent. The decision alone compares; what is remembered with it
// does not, and its row says what is bought with the difference. A decision is one in a
// million instructions of a monitor that looks once a slot: neither is ever the time that
// a message takes.
//
// It is tests only, and nothing imports it.
package notice
