package alarming

import (
	"context"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
)

// direct is a message that stands in no outbox.
type direct struct {
	alert.Message
	made time.Time
}

const (
	// maxDirect is how long a message is tried that stands in no outbox.
	maxDirect = 6 * time.Hour
	// maxQueue bounds those that wait: a store that comes and goes while the
	// channel is away pushes the oldest out.
	maxQueue = 50
)

// tell queues a message. A reminder that still waits is obsolete: after a night
// in which the channel was away too, nobody wants one for each hour of it.
func (s *StoreOutage) tell(ctx context.Context, n longrun.Notice, now time.Time) {
	s.queue = slices.DeleteFunc(s.queue, func(d direct) bool { return d.Kind == alert.Reminder })
	s.queue = append(s.queue, direct{s.o.Channel.Message(n), now})
	s.queue = s.queue[max(0, len(s.queue)-maxQueue):]
	if !s.sending {
		s.sending = true
		s.group.Go("a message", func() error { s.send(ctx); return nil })
	}
}

// send sends what is queued, the oldest first and as few messages, until nothing
// is.
func (s *StoreOutage) send(ctx context.Context) {
	channel := s.o.Channel
	for failures := int64(0); s.waits(ctx); {
		pause := channel.QuietFor(s.Clock.Now())
		switch {
		case pause > 0:
		case !channel.Take():
			pause = time.Second // a message of the outbox is under way
		default:
			message, sent := s.next()
			err := channel.Send(ctx, message)
			if err == nil || alert.IsPermanent(err) {
				s.done(sent)
				failures = 0
				continue
			}
			failures++
			pause = outbox.Backoff(s.Clock, failures)
		}
		deadline.Sleep(ctx, s.Clock, pause)
	}
}

// waits reports whether anything is to be sent. If not, send is over.
func (s *StoreOutage) waits(ctx context.Context) bool {
	now := s.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = slices.DeleteFunc(s.queue, func(d direct) bool { return now.Sub(d.made) > maxDirect })
	s.sending = len(s.queue) > 0 && ctx.Err() == nil
	return s.sending
}

// next returns the message to send, and the keys of those that it is made of.
func (s *StoreOutage) next() (m alert.Message, keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := make([]alert.Message, len(s.queue))
	for i, d := range s.queue {
		due[i] = d.Message
		keys = append(keys, d.Key)
	}
	m, k := alert.Coalesce(due)
	return m, keys[:k]
}

// done takes messages out of the queue that need not be tried again.
func (s *StoreOutage) done(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = slices.DeleteFunc(s.queue, func(d direct) bool { return slices.Contains(keys, d.Key) })
}
