// Package tracker tells the state of one account from the events of its client.
//
// It asks the client nothing while that works, guards nothing, and has no clock of
// its own: whoever holds a Follower locks it, and says when an event came.
package tracker
