package alert

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// maxHalfTaken bounds what Fanout remembers: more messages than that are not
// on their way at once.
const maxHalfTaken = 256

// errNoChannel is the error of an empty Fanout: nobody would ever be told.
var errNoChannel = errors.New("alert: no channel to send by")

// Fanout is an Alerter that sends by all of channels, at the same time, and
// waits for all of them. nil channels are left out.
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
func Fanout(channels ...Alerter) Alerter {
	return &fanout{
		channels: slices.DeleteFunc(slices.Clone(channels), func(a Alerter) bool { return a == nil }),
		taken:    map[string]map[int]bool{},
	}
}

type fanout struct {
	channels []Alerter

	mu    sync.Mutex
	taken map[string]map[int]bool // message → the channels that took it, while some have not
	order []string                // of the keys of taken, oldest first
}

// Alert implements Alerter.
func (f *fanout) Alert(ctx context.Context, m Message) error {
	if len(f.channels) == 0 {
		return Permanent(errNoChannel)
	}
	parts := m.flat()
	errs := make([]error, len(f.channels))
	sending := make([]<-chan error, len(f.channels))
	for i, channel := range f.channels {
		rest := f.open(i, parts)
		if len(rest) == 0 {
			continue
		}
		send := m
		if len(rest) < len(parts) {
			send = digest(rest)
		}
		sending[i] = spawn.Start("alert", func() error { return ask(ctx, channel, send) })
	}
	for i, done := range sending {
		if done != nil {
			errs[i] = <-done
		}
	}
	f.remember(parts, errs)
	return join(errs)
}

// ask is called in a guard. An error that cannot be printed panics there, and not
// where somebody wants to know why.
func ask(ctx context.Context, channel Alerter, m Message) error {
	err := channel.Alert(ctx, m)
	if err != nil {
		_ = err.Error()
	}
	return err
}

// open are the parts that a channel has not taken yet.
func (f *fanout) open(channel int, parts []Message) (rest []Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, part := range parts {
		if id, ok := part.id(); !ok || !f.taken[id][channel] {
			rest = append(rest, part)
		}
	}
	return rest
}

// remember notes who took what, and forgets what all took.
func (f *fanout) remember(parts []Message, errs []error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, part := range parts {
		id, ok := part.id()
		if !ok {
			continue
		}
		if f.taken[id] == nil {
			f.taken[id] = map[int]bool{}
			f.order = append(f.order, id)
		}
		for i, err := range errs {
			if err == nil {
				f.taken[id][i] = true
			}
		}
		if n := len(f.taken[id]); n == 0 || n == len(f.channels) {
			f.forget(slices.Index(f.order, id))
		}
	}
	for len(f.order) > maxHalfTaken {
		f.forget(0)
	}
}

func (f *fanout) forget(i int) {
	delete(f.taken, f.order[i])
	f.order = slices.Delete(f.order, i, i+1)
}

// join is one error of the channels' errors.
func join(errs []error) error {
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	longest := (*RetryAfterError)(nil)
	partial := false
	for _, one := range errs {
		partial = partial || one == nil // that one has all of it, now or from before
		if wait, ok := errors.AsType[*RetryAfterError](one); ok && (longest == nil || wait.After > longest.After) {
			longest = wait
		}
	}
	if longest != nil {
		err = &RetryAfterError{After: longest.After, Err: err}
	}
	if partial {
		err = Partial(err)
	}
	return err
}
