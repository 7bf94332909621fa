// Package outbox sends the messages of the engine's alerts: it queues, claims and
// sends what a leader decided, and knows how the way to people is.
//
// # What it does not guarantee
//
// Nothing is sent exactly once: a leader that dies behind the channel's answer has
// a successor that sends again, under the same key. What the channel refuses for
// good is counted and not tried again. A message is tried for three days; what is
// older is closed unsent, and so are the oldest when too many wait.
//
// # The walk of a message
//
// Queue puts it into the Draft, beside the state and the incident that it tells of:
// one commit for all three. Send claims what is due, in a second commit, and sends
// it; SentOff takes what became of it, and has that written too. A new lead reads
// the newest messages before it judges, and looks through the older ones bit by
// bit: what waits is found, however old it is.
//
// A Channel is the process's and outlives leads, an Outbox is of one lead. Of that
// only one goroutine makes use.
package outbox
