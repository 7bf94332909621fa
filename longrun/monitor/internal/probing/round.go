package probing

import (
	"context"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
)

// round is one call of run: it begins what is to be made, each probe on a goroutine
// of its own. Its fields are of the one goroutine that begins.
type round struct {
	*Schedule
	lead    leading.Lead
	group   *spawn.Group
	work    context.Context //nolint:containedctx // of the group, as long as the round
	busy    map[string]bool // the accounts of which a probe is under way
	waiting []*ask          // of people, for their account
	done    chan *job       // that are over
}

// run makes probes until the lead ends.
func (s *Schedule) run(ctx context.Context, lead leading.Lead) error {
	s.up()
	defer s.ended()
	if len(s.jobs) == 0 {
		<-ctx.Done()
		return nil
	}
	s.put.Well()
	s.forget()
	r := &round{Schedule: s, lead: lead, busy: make(map[string]bool), done: make(chan *job, len(s.jobs))}
	r.group, r.work = spawn.NewGroup(ctx)
	known := make(chan struct{})
	r.group.Go("the earlier probes", func() error {
		defer close(known)
		s.load(r.work)
		return nil
	})
	for r.work.Err() == nil {
		s.clampLast()
		r.flushSoon()
		wait := r.begin()
		// The settings may move what is due, from the next slot on.
		select {
		case <-known:
			known = nil
		default:
			r.rest(min(wait, s.Self.Interval), known)
		}
	}
	err := r.group.Wait()
	s.finish(ctx, lead)
	return err
}

// rest returns after d, or when something happened.
func (r *round) rest(d time.Duration, known <-chan struct{}) {
	over := make(chan struct{})
	timer := r.Clock.AfterFunc(d, func() { close(over) })
	defer timer.Stop()
	select {
	case <-over:
	case <-known:
	case <-r.woken:
	case <-r.work.Done():
	case j := <-r.done:
		delete(r.busy, j.Account)
	case a := <-r.asks:
		r.waiting = append(r.waiting, a)
	}
}

// begin begins all that may begin now, and returns in how long there may be more.
func (r *round) begin() time.Duration {
	for {
		now := r.Clock.Now()
		j, a, trigger, wait := r.pick(now)
		if j == nil {
			return wait
		}
		if wait := r.apart(now); wait > 0 {
			return wait
		}
		select {
		case r.places <- struct{}{}:
		default:
			return r.Self.Interval // or when one is free
		}
		r.reserve(now)
		r.busy[j.Account] = true
		if j.about != nil && trigger != longrun.ByHand {
			r.mu.Lock()
			if trigger == longrun.Suspicion {
				r.share(j.about, j)
				j.about.take(j, now)
			} else {
				j.about.began(now)
			}
			r.mu.Unlock()
		}
		if a != nil {
			r.waiting = slices.DeleteFunc(r.waiting, func(b *ask) bool { return b == a })
		}
		r.group.Go("the "+j.target+" probe", func() error {
			p, err := r.make(j, trigger)
			if a != nil {
				a.answer <- answer{p, err}
			}
			r.done <- j
			return nil
		})
	}
}

// pick returns what is to begin: what people ask for, the first one first, then what
// is due, the longest first, early ones ahead. Where there is nothing it says for how
// long.
func (r *round) pick(now time.Time) (*job, *ask, longrun.ProbeTrigger, time.Duration) {
	r.waiting = slices.DeleteFunc(r.waiting, func(a *ask) bool { return isClosed(a.gone) })
	for _, a := range r.waiting {
		if !r.busy[a.job.Account] {
			return a.job, a, longrun.ByHand, 0
		}
	}
	started := r.Started()
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := r.Self.Interval
	if !r.loaded {
		return nil, nil, "", wait
	}
	var first *job
	var longest time.Duration // overdue
	consider := func(j *job, due time.Time) {
		over := now.Sub(due)
		if over < 0 {
			wait = min(wait, -over)
		} else if first == nil || over > longest {
			first, longest = j, over
		}
	}
	for _, a := range r.order { // of two that have waited equally long, always the same is first
		if r.busy[a.id] || a.off(now) != "" {
			continue
		}
		if j, at := a.early(now); j != nil {
			consider(j, at)
		}
	}
	if first != nil {
		return first, nil, longrun.Suspicion, 0
	}
	for _, j := range r.jobs {
		if !r.busy[j.Account] && (j.about == nil || j.about.off(now) == "") {
			consider(j, r.due(j, started, now))
		}
	}
	return first, nil, longrun.Scheduled, wait
}

// Apart is how far apart two attempts begin at least, of all accounts together: few
// of them are more than the server minds, however many there are.
const Apart = 2 * time.Second

// apart returns how long it is until an attempt may begin.
func (s *Schedule) apart(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ahead(now)
}

// ahead is apart under the lock. A time that more attempts cannot have taken is of a
// clock that was set back.
func (s *Schedule) ahead(now time.Time) time.Duration {
	if s.next.Sub(now) > Apart*time.Duration(len(s.jobs)+1) {
		s.next = now
	}
	return max(0, s.next.Sub(now))
}

// reserve takes the next time at which an attempt may begin, and returns in how long
// that is.
func (s *Schedule) reserve(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.ahead(now)
	s.next = now.Add(wait + Apart)
	return wait
}

// leave gives the place of an attempt back.
func (r *round) leave() {
	<-r.places
	r.wake()
}
