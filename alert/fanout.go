package alert

import (
	"context"
	"errors"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// errNoChannel is the error of an empty Fanout: nobody would ever be told.
var errNoChannel = errors.New("alert: no channel to send by")

// Fanout is an Alerter that sends by all of channels, at the same time, and
// waits for all of them. nil channels are left out, nil pointers among them.
//
// When some channels took a message and others did not, the error is joined of
// those of the others, and Fanout remembers who took it: asked again for a
// message with the same Key and Kind, alone or in a digest, it asks only the
// others. It remembers in memory, the last 256 such messages, so a restart in
// between makes a repetition. A message that all took is forgotten, and so may
// be sent again. One without a Key is never remembered.
//
// The error is Permanent only if every channel that failed failed permanently, and
// Partial where another one has taken the message. When channels ask to wait, it is
// a *RetryAfterError with the longest of their times. A panic or runtime.Goexit of a channel is an error
// of that channel, and so is an error of its that panics. One that ignores the
// end of its context holds the call up.
//
// Route also knows the channels by name, chooses among them, tells how each is, and
// lets one that asks to wait hold up no other.
func Fanout(channels ...Alerter) Alerter {
	var named []Channel
	for _, a := range channels {
		if !spawn.Nothing(a) {
			named = append(named, Channel{Alerter: a})
		}
	}
	return &fanout{newSpread(named, clock.New())}
}

type fanout struct{ *spread }

// Alert implements Alerter.
func (f *fanout) Alert(ctx context.Context, m Message) error {
	if len(f.channels) == 0 {
		return Permanent(errNoChannel)
	}
	sent := f.send(ctx, m, everywhere(len(f.channels)))
	err := errors.Join(sent.errs...)
	if err == nil {
		return nil
	}
	if longest := sent.waits(func(a, b *RetryAfterError) bool { return a.After > b.After }); longest != nil {
		err = &RetryAfterError{After: longest.After, Err: err}
	}
	return &partialError{err, sent.told}
}

// everywhere chooses all of n channels for any message.
func everywhere(n int) func(Message) []bool {
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	return func(Message) []bool { return all }
}
