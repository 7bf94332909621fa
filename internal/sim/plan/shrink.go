package plan

import (
	"slices"
	"time"
)

// Shrink returns the smallest plan that it finds which still fails: with fewer events,
// shorter ones, fewer instances, and a shorter whole. fails must be true of p; it is
// asked at most tries times.
func Shrink(p Plan, tries int, fails func(Plan) bool) Plan {
	s := &shrinking{best: p, tries: tries, fails: fails}
	for again := true; again && s.tries > 0; {
		again = s.without()
		again = s.sooner() || again
		again = s.shorter() || again
		again = s.simpler() || again
	}
	return s.best
}

type shrinking struct {
	best  Plan
	tries int
	fails func(Plan) bool
}

// try takes a plan that still fails.
func (s *shrinking) try(p Plan) bool {
	if s.tries == 0 {
		return false
	}
	s.tries--
	if !s.fails(p) {
		return false
	}
	s.best = p
	return true
}

// without leaves events out: halves, then quarters, down to single ones.
func (s *shrinking) without() (less bool) {
	for size := max(1, len(s.best.Events)/2); size > 0; size /= 2 {
		for at := 0; at < len(s.best.Events); {
			p := s.best
			p.Events = slices.Delete(slices.Clone(p.Events), at, min(at+size, len(p.Events)))
			if s.try(p) {
				less = true
				continue
			}
			at += size
		}
	}
	return less
}

// sooner ends the plan some time behind its last event.
func (s *shrinking) sooner() bool {
	var last Span
	for _, e := range s.best.Events {
		last = max(last, e.At+e.Duration)
	}
	p := s.best
	p.Length = min(p.Length, last+Span(time.Minute))
	return p.Length < s.best.Length && s.try(p)
}

// shorter halves durations, as long as they are of some length.
func (s *shrinking) shorter() (less bool) {
	for i := range s.best.Events {
		for s.best.Events[i].Duration > Span(20*time.Second) {
			p := s.best
			p.Events = slices.Clone(p.Events)
			p.Events[i].Duration = Span(time.Duration(p.Events[i].Duration / 2).Truncate(time.Second))
			if !s.try(p) {
				break
			}
			less = true
		}
	}
	return less
}

// simpler takes what no event needs away.
func (s *shrinking) simpler() (less bool) {
	needed := 1
	for _, e := range s.best.Events {
		if e.Kind != LoggedOut {
			needed = max(needed, e.Instance+1)
		}
	}
	for _, edit := range []func(*Plan){
		func(p *Plan) { p.Liar = false }, func(p *Plan) { p.Witnessed, p.Liar = false, false },
		func(p *Plan) { p.RetentionDays = 0 }, func(p *Plan) { p.Instances = min(p.Instances, max(needed, p.Instances-1)) },
	} {
		p := s.best
		edit(&p)
		if p.Liar != s.best.Liar || p.Witnessed != s.best.Witnessed || p.RetentionDays != s.best.RetentionDays || p.Instances != s.best.Instances {
			less = s.try(p) || less
		}
	}
	return less
}
