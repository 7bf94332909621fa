// Package tracker tells the state of one account from what its client says: by its
// events, by its log where that is tapped, and when it is asked.
//
// It proves nothing of the account: a client may hear nothing for hours and say that
// it is connected. It asks the client nothing by itself, guards nothing, and has no
// clock of its own: whoever holds a Follower locks it, and says when something came.
//
// Events come late, and in the wrong order where a handler of the host is slow; the
// client has the last word over them. That it is not connected is believed. That it is
// proves nothing alone: it is said of a dead link, too. So a connection that no event
// told of is believed at a sign of life, or when the client has said so for 45 seconds.
package tracker
