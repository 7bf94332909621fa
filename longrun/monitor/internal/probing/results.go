package probing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// maxPending bounds the results that wait for the store, where there are not more
	// than that of pendingEach for each probe.
	maxPending  = 100
	pendingEach = 4
	// maxPutPause bounds the pause between two tries to store them.
	maxPutPause = 10 * time.Minute
)

// store stores a result, under the lease. What the store does not take now waits.
func (s *Schedule) store(ctx context.Context, lead leading.Lead, p longrun.Probe) error {
	select {
	case s.storing <- struct{}{}:
		defer func() { <-s.storing }()
	case <-ctx.Done():
		s.wait(ctx, p, context.Cause(ctx))
		return nil
	}
	return s.write(ctx, lead, p)
}

// write is store for whoever has the token.
func (s *Schedule) write(ctx context.Context, lead leading.Lead, p longrun.Probe) error {
	ctx, cancel := deadline.With(ctx, s.Clock, room.StoreTimeout)
	defer cancel()
	err := lead.Commit(ctx, s.Ledger.CreateProbe(p))
	if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid) {
		s.put.Well() // an answer
		s.Log.Over("pending probes")
	}
	switch {
	case err == nil:
		s.Stored(p.TS)
		return nil
	case errors.Is(err, store.ErrConflict):
		s.Stored(p.TS)
		if s.stands(ctx, p) {
			return nil
		}
		s.Log.DebugContext(ctx, "a probe of this ID stands already", "probe", p.ProbeKey)
		return ErrProbeTaken
	case errors.Is(err, store.ErrInvalid):
		s.Log.ErrorContext(ctx, "a probe cannot be stored and is dropped", "probe", p.ProbeKey, "error", spawn.Text(err))
		return fmt.Errorf("monitor: the probe cannot be stored: %w", err)
	}
	s.put.Failed(s.Clock.Now())
	s.wait(ctx, p, err)
	return nil // it will be
}

// wait has a result wait, for a reason.
func (s *Schedule) wait(ctx context.Context, p longrun.Probe, why error) {
	if s.keep(p) {
		s.Log.Once(ctx, slog.LevelWarn, "pending probes", "full", "too many results of probes wait for the store; the oldest are lost", "waiting", s.mostPending(), "error", spawn.Text(why))
	}
}

func (s *Schedule) mostPending() int { return max(maxPending, pendingEach*len(s.jobs)) }

// stands reports whether a result is the one in the store: it landed, and its
// reply was lost.
func (s *Schedule) stands(ctx context.Context, p longrun.Probe) bool {
	e, err := ledger.Read[longrun.Probe](ctx, s.Ledger, ledger.Probes, p.ProbeKey)
	same := func(a, b longrun.ProbeAttempt) bool { return a.TS.Equal(b.TS) && a.Result == b.Result }
	return err == nil && e.Value.InstanceID == p.InstanceID && slices.EqualFunc(e.Value.Attempts, p.Attempts, same)
}

// keep has a result wait, and reports whether another was lost for it.
func (s *Schedule) keep(p longrun.Probe) (lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lost = len(s.pending) >= s.mostPending(); lost {
		s.pending = slices.Delete(s.pending, 0, 1)
	}
	s.pending = append(s.pending, p)
	return lost
}

// flushSoon has the results stored that wait, beside what else is done. Not before
// it is known what is due: what is on its way to the store, nobody finds in it or
// among those that wait.
func (r *round) flushSoon() {
	select {
	case r.storing <- struct{}{}:
	default:
		return // somebody stores now
	}
	r.mu.Lock()
	none := len(r.pending) == 0
	early := !r.loaded
	r.mu.Unlock()
	if none || early || r.put.Wait(r.Clock.Now()) > 0 {
		<-r.storing
		return
	}
	r.group.Go("the results that wait", func() error {
		defer func() { <-r.storing }()
		r.flush(r.work, r.lead)
		return nil
	})
}

// flush stores the results that wait, as far as the store takes them, for whoever has
// the token.
func (s *Schedule) flush(ctx context.Context, lead leading.Lead) {
	if s.put.Wait(s.Clock.Now()) > 0 {
		return
	}
	for ctx.Err() == nil {
		p, ok := s.oldest()
		if !ok {
			return
		}
		p.Epoch = lead.Epoch()
		// Taken, refused for good, or waiting again: then the rest does too.
		_ = s.write(ctx, lead, p)
		if s.put.Failing() > 0 {
			s.first(p)
			return
		}
	}
}

// oldest takes out the result that has waited longest.
func (s *Schedule) oldest() (longrun.Probe, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return longrun.Probe{}, false
	}
	p := s.pending[0]
	s.pending = s.pending[1:]
	return p, true
}

// first puts the result that was kept last where it was, at the head.
func (s *Schedule) first(p longrun.Probe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.pending) - 1
	s.pending = slices.Insert(s.pending[:last:last], 0, p)
}

// finish stores what waits when the lead ends, in the time that the end leaves.
func (s *Schedule) finish(ctx context.Context, lead leading.Lead) {
	s.mu.Lock()
	waiting := len(s.pending) > 0
	s.mu.Unlock()
	if !waiting || lead.Err() != nil {
		return
	}
	ctx, cancel := s.Stop.Take(ctx, s.Self.AsideTimeout())
	defer cancel()
	s.put.Well()
	s.flush(ctx, lead)
}
