package owning

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
)

const (
	// patience is how long one Connect may take; then it is called off.
	patience = 45 * time.Second
	// farewell is how long the client has to see the end of its connection by itself,
	// of the time of the end.
	farewell = 500 * time.Millisecond
)

// session is one account's client in the hands of an Owner.
type session struct {
	*Owner
	id      string
	cli     Client
	handler uint32
	door    chan struct{}   // holds a token while the client is called
	kept    chan struct{}   // holds a token while the client is kept connected
	gone    context.Context //nolint:containedctx // a lifetime: until Remove
	remove  context.CancelFunc

	mu      sync.Mutex
	outlook outlook
	changed chan struct{} // closed with the next event
	told    bool          // the failures of this row are in the log
	lives   []life        // connections that were made in this lead, the last one last
}

// take is the client's event handler. It waits for nobody.
func (s *session) take(event any) {
	switch event.(type) {
	case *events.Message, *events.Receipt, *events.UndecryptableMessage, *events.ChatPresence, *events.Presence:
		return // traffic says nothing, and is most of it
	}
	now := s.opts.Clock.Now()
	s.mu.Lock()
	word, known := s.outlook.take(event, now)
	if known {
		s.told = s.told && !s.outlook.online
		s.wake()
	}
	barred := s.outlook.barred
	s.mu.Unlock()
	if word != nothing {
		s.tell(word, barred)
	}
}

// tell logs what became of the account.
func (s *session) tell(word string, barred time.Time) {
	switch ctx := context.Background(); word {
	case replaced:
		s.opts.Logger.ErrorContext(ctx, "another client has taken the account's session; it is not taken back in this lead", "account", masking.Text(s.id))
	case banned:
		s.opts.Logger.WarnContext(ctx, "the account is banned; it is connected again when that is over", "account", masking.Text(s.id), "at", barred.UTC().Format(time.RFC3339))
	case refused:
		s.opts.Logger.WarnContext(ctx, "the account's login is refused; it is tried again later", "account", masking.Text(s.id), "at", barred.UTC().Format(time.RFC3339))
	}
}

// wake is called under the lock.
func (s *session) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// with changes the outlook.
func (s *session) with(change func(l *outlook, now time.Time)) {
	now := s.opts.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.outlook, now)
	s.wake()
}

// next is what is to be done now, and until when; changed is closed when that may be
// otherwise.
func (s *session) next() (do move, wait time.Duration, changed <-chan struct{}) {
	now := s.opts.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	do, until := s.outlook.next(now)
	if !until.IsZero() {
		wait = until.Sub(now)
	}
	return do, wait, s.changed
}

// lead keeps the client connected until the lead ends or the account is removed, and
// disconnects it then. It reports whether the client has returned from that.
func (s *session) lead(lead context.Context) bool {
	ctx, stop := context.WithCancel(lead)
	defer stop() // and with it every connection
	defer context.AfterFunc(s.gone, stop)()
	select {
	case s.kept <- struct{}{}:
		defer func() { <-s.kept }()
	case <-ctx.Done():
		return true
	}
	s.with(func(l *outlook, _ time.Time) { l.begin() })
	for lead.Err() == nil && ctx.Err() == nil {
		if do, wait, changed := s.next(); do == rest {
			s.rest(ctx, wait, changed)
		} else {
			s.connect(ctx, lead)
		}
	}
	stop()
	ending, cancel := deadline.With(context.WithoutCancel(ctx), s.opts.Clock, s.opts.EndTimeout)
	defer cancel()
	defer s.end()
	return s.leave(ending)
}

// rest waits for so long, or, where that is 0, for ever; for a change, or ctx.
func (s *session) rest(ctx context.Context, wait time.Duration, changed <-chan struct{}) {
	var due chan struct{}
	if wait > 0 {
		due = make(chan struct{})
		defer s.opts.Clock.AfterFunc(wait, func() { close(due) }).Stop()
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-due:
	}
}

// connect makes one connection, when it is the client's turn.
func (s *session) connect(ctx, lead context.Context) {
	if !s.enter(ctx) {
		return
	}
	select {
	case s.gate <- struct{}{}:
		defer func() { <-s.gate }()
	case <-ctx.Done():
		<-s.door
		return
	}
	do, _, _ := s.next()
	if do == rest || lead.Err() != nil {
		<-s.door
		return
	}
	own, end := context.WithCancel(ctx)
	s.with(func(l *outlook, now time.Time) { l.tried(now) })
	calling, stop := deadline.With(ctx, s.opts.Clock, patience)
	defer stop()
	done := s.call("Connect", func() error {
		if do == reopen {
			s.cli.Disconnect() // up to 5 s, where the link is frozen
		}
		if lead.Err() != nil {
			return context.Cause(lead)
		}
		return s.cli.ConnectContext(own)
	})
	select {
	case err := <-done:
		s.came(ctx, err, end)
	case <-calling.Done():
		s.came(ctx, fmt.Errorf("no connection within %v", patience), end)
	}
}

// came takes note of what came of a try, and ends its context where that was nothing.
func (s *session) came(ctx context.Context, err error, end context.CancelFunc) {
	switch {
	case err == nil:
		s.live(end)
		return
	case errors.Is(err, whatsmeow.ErrAlreadyConnected):
		s.with(func(l *outlook, now time.Time) { l.claimed(now) })
	case errors.Is(err, store.ErrDeviceDeleted):
		s.with(func(l *outlook, _ time.Time) { l.left(); l.unpaired = true })
	case ctx.Err() == nil:
		s.with(func(l *outlook, now time.Time) { l.ended(now) })
		s.failed(ctx, err)
	}
	end()
}

// failed logs the first failure of a row.
func (s *session) failed(ctx context.Context, err error) {
	s.mu.Lock()
	told := s.told
	s.told = true
	s.mu.Unlock()
	if !told {
		s.opts.Logger.WarnContext(ctx, "the account cannot be connected, and is tried again", "account", masking.Text(s.id), "error", masking.Text(err.Error()))
	}
}

// enter takes the client's door. It reports false when ctx ended first.
func (s *session) enter(ctx context.Context) bool {
	select {
	case s.door <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// call calls the client, whose door was taken, and gives the door back when it has
// returned, and not before.
func (s *session) call(name string, fn func() error) <-chan error {
	return spawn.Start(name, func() error {
		defer func() { <-s.door }()
		return spawn.Plain(fn(), whatsmeow.ErrAlreadyConnected, store.ErrDeviceDeleted)
	})
}

// leave disconnects the client, whose connection ends by the lead's context, until
// ctx ends. It reports whether the client has returned from it.
func (s *session) leave(ctx context.Context) bool {
	// A client that disconnects while its connection ends is a data race with itself.
	brief, stop := deadline.With(ctx, s.opts.Clock, farewell)
	for brief.Err() == nil {
		s.mu.Lock()
		over, unpaired, changed := !s.outlook.online && s.outlook.opened.IsZero(), s.outlook.unpaired, s.changed
		s.mu.Unlock()
		if unpaired {
			stop()
			return true // left alone
		}
		if over {
			break
		}
		s.rest(brief, 0, changed)
	}
	stop()
	defer s.with(func(l *outlook, _ time.Time) { l.left() })
	if !s.enter(ctx) {
		return false
	}
	select {
	case err := <-s.call("Disconnect", func() error { s.cli.Disconnect(); return nil }):
		return err == nil // or it panicked
	case <-ctx.Done():
		return false
	}
}
