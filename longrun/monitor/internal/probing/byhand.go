package probing

import (
	"context"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// ask is one probe that a person wants.
type ask struct {
	job    *job
	gone   <-chan struct{} // closed when nobody waits any more
	answer chan answer     // takes one
}

type answer struct {
	probe longrun.Probe
	err   error
}

// RunProbe makes a probe now, by hand, and returns its result when it is stored, or
// waits in memory for a store that is away. It waits for a probe of the same account
// that is under way, and gives up with ctx; a probe that has begun goes on then. The
// error is ErrUnknownProbe, a *NotLeadingError on an instance that does not
// lead, ErrProbesFailed on one that does and cannot make it, or ErrProbeTaken.
func (s *Schedule) RunProbe(ctx context.Context, n longrun.NamedProbe) (longrun.Probe, error) {
	i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.named == n })
	if i < 0 {
		return longrun.Probe{}, ErrUnknownProbe
	}
	s.mu.Lock()
	lead, down := s.leading, s.down
	s.mu.Unlock()
	if lead == nil || isClosed(lead) {
		return longrun.Probe{}, s.notLeading()
	}
	if isClosed(down) {
		return longrun.Probe{}, ErrProbesFailed
	}
	a := &ask{job: s.jobs[i], gone: ctx.Done(), answer: make(chan answer, 1)}
	asks, leading := s.asks, lead
	for {
		select {
		case asks <- a:
			asks, leading = nil, nil // what took it answers, or ends
		case got := <-a.answer:
			return got.probe, got.err
		case <-leading:
			return longrun.Probe{}, s.notLeading()
		case <-down:
			return s.unanswered(a, lead)
		case <-ctx.Done():
			return longrun.Probe{}, context.Cause(ctx)
		}
	}
}

// unanswered is what is so when what makes probes has ended.
func (s *Schedule) unanswered(a *ask, lead <-chan struct{}) (longrun.Probe, error) {
	select {
	case got := <-a.answer:
		return got.probe, got.err
	default:
	}
	if isClosed(lead) {
		return longrun.Probe{}, s.notLeading()
	}
	return longrun.Probe{}, ErrProbesFailed
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func (s *Schedule) notLeading() error {
	holder := s.Holder()
	if holder == s.Self.InstanceID {
		holder = ""
	}
	return &NotLeadingError{Holder: holder}
}

// spread waits for the next second where a probe by hand of this one is there
// already: two of them cannot have one ID.
func (r *round) spread(j *job) {
	now := r.Clock.Now()
	r.mu.Lock()
	there := j.shown != nil && j.shown.ProbeKey == j.named.ID(now, longrun.ByHand, longrun.ProbeSchedule{})
	r.mu.Unlock()
	if there {
		deadline.Sleep(r.work, r.Clock, now.Truncate(time.Second).Add(time.Second).Sub(now))
	}
}
