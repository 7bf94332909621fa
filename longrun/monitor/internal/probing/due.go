package probing

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// scheduleOf is what the job's settings say now.
func (s *Schedule) scheduleOf(j *job) longrun.ProbeSchedule {
	return s.Settings().ProbeSchedule(j.Type, longrun.ProbeSchedule{Every: j.Every, Retry: j.Retry})
}

// next returns the job that is due first, and when.
func (s *Schedule) next() (first *job, due time.Time) {
	started := s.Started()
	for _, j := range s.jobs {
		if d := s.due(j, started); first == nil || d.Before(due) {
			first, due = j, d
		}
	}
	return first, due
}

func (s *Schedule) due(j *job, started time.Time) time.Time {
	now := s.Clock.Now()
	settled := started.Add(j.Settle)
	if latest := now.Add(j.Settle); settled.After(latest) {
		settled = now // it started in the future, by a clock that was set back
	}
	if j.last == nil {
		return settled
	}
	due := s.scheduleOf(j).Due(*j.last, now)
	if due.Before(settled) {
		return settled
	}
	return due
}

// clampLast takes results of the future, left by a clock that was set back, as
// of now, once: else a probe would be due a period from now for ever.
func (s *Schedule) clampLast() {
	now := s.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.last != nil && j.last.TS.After(now) {
			last := *j.last
			last.TS = now
			j.last = &last
		}
	}
}
