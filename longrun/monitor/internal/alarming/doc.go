// Package alarming judges the rules once a slot while this instance leads, keeps
// their incidents, and decides what is told of them.
//
// # What it does not guarantee
//
// It judges what it was shown, when it was: a leader that is cut off judges
// nothing, and its successor accounts for the silence. Of one rule at most
// MaxTargets targets are watched, each for itself; what is beyond is counted and
// said, and not told. The state of a target that has been well for 30 days is
// forgotten, its numbers begin anew then. And of an outage of the store more than
// one instance may tell: see StoreOutage.
//
// # The walk of an incident
//
// Made brings a beat. At the next turn every rule looks at it (judge), what they
// find moves states on the board (find), and what changed is noted in the lead's
// Draft: state, incident and message in one commit. Then the outbox sends. The
// board of a lead is the truth while it lasts; a new lead reads it (takeOver), piece
// by piece, and what was read counts.
package alarming
