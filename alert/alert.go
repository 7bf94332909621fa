// Package alert is the contract between longwatch and whatever carries a
// message to people: one method, which sends once.
//
// What it does not do: it decides nothing, schedules nothing, repeats nothing
// and stores nothing. Whoever calls an Alerter owns when, how often, for how
// long, and what becomes of a message that could not be sent; longrun/monitor
// does, with an outbox in the store. Delivery is at least once: a channel that
// took a message and could not say so is asked again, and people see the
// message twice, with the same Key in its last lines.
//
// # Three outcomes
//
//	nil        the channel took the message
//	error      it has not, or it is Unknown whether it has: ask again, later each
//	           time. A *RetryAfterError in the chain says how much later
//	Permanent  asking again is no use until a person changes something: a wrong
//	           token, a chat that is gone. IsPermanent tells
//
// Where an Alerter sends by several channels, an error of some is Partial when
// another took the message: people were told.
//
// # Secrets
//
// An error of an Alerter, like a Message, is logged and stored. It contains no
// token, no address that is itself a secret, and no full telephone number;
// alerttest.LeaksNoSecret proves it of an implementation.
package alert

import "context"

// Alerter carries messages to people by one channel.
type Alerter interface {
	// Alert sends m once, and returns nil when the channel took it. It returns
	// soon after ctx ends, whatever the channel does. It is safe for concurrent
	// use, and does not change m or what m holds.
	Alert(ctx context.Context, m Message) error
}

// Func makes an Alerter of a function.
type Func func(ctx context.Context, m Message) error

// Alert calls f.
func (f Func) Alert(ctx context.Context, m Message) error { return f(ctx, m) }
