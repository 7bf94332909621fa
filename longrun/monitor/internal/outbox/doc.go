// Package outbox sends the messages of the engine's alerts: it queues, claims and
// sends what a leader decided, and knows how the way to people is.
//
// # What it does not guarantee
//
// Nothing is sent exactly once: a leader that dies behind the channel's answer has
// a successor that sends again, under the same key. Nor is everything that was decided:
// what the channel refuses for good, or does not take for three days, is undelivered
// and kept, folded to as little as says the truth; it is closed unsent when what it
// tells of is over for a month, or when more than 5,000 messages are unsent.
//
// # The walk of a message
//
// Queue puts it into the Draft, beside the state and the incident that it tells of:
// one commit for all three. Send claims what is due, in a second commit, and sends
// it; SentOff takes what became of it, and has that written too. What is undelivered
// is tried again in rounds (retrial), since nobody tells when a channel was mended,
// and comes before others once it takes something. A new lead reads
// the newest messages before it judges, and looks through the older ones bit by
// bit: what waits is found, however old it is.
//
// A Channel is the process's and outlives leads, an Outbox is of one lead. Of that
// only one goroutine makes use.
package outbox
