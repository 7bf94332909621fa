package probing

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// scheduleOf is what the job's settings say now.
func (s *Schedule) scheduleOf(j *job) longrun.ProbeSchedule {
	return s.Settings().ProbeSchedule(j.Type, longrun.ProbeSchedule{Every: j.Every, Retry: j.Retry})
}

// due is when the schedule asks for the job next. It is called under the lock.
//
// Those with names have each a place in the period that follows from the name, which
// they move to step by step: a quarter of the period at most, and never before it has
// passed. What is due already when the lead begins is made within minutes, each in
// its own of them.
func (s *Schedule) due(j *job, started, now time.Time) time.Time {
	settled := started.Add(j.Settle)
	if latest := now.Add(j.Settle); settled.After(latest) {
		settled = now // it started in the future, by a clock that was set back
	}
	if j.about != nil && !s.heard {
		// The host has not said yet whether the account may write. It may never say so.
		settled = room.Latest(settled, s.base.Add(2*s.Self.Interval))
	}
	if j.last == nil {
		return s.catchUp(j, settled)
	}
	schedule := s.scheduleOf(j)
	due := schedule.Due(*j.last, now)
	switch {
	case j.Name == "":
		return room.Latest(due, settled)
	case due.Before(settled), !due.After(s.base):
		return s.catchUp(j, settled)
	case due.Sub(j.last.TS) == schedule.Every:
		return due.Add(j.delay(due, schedule.Every))
	}
	return due
}

// maxCatchUp is within how long that is made which is due when a lead begins.
const maxCatchUp = 10 * time.Minute

// catchUp is when what is due already is made, not before settled. Its place among
// the others is another one each time, so that restarts at any pace starve none.
func (s *Schedule) catchUp(j *job, settled time.Time) time.Time {
	if j.Name == "" {
		return settled
	}
	from := room.Latest(settled, s.base)
	within := max(min(maxCatchUp, s.scheduleOf(j).Every/4), time.Second)
	return from.Add(offset(j.target, uint64(from.UnixNano()), within)) //nolint:gosec // any number does
}

// delay is how much later than due the job is made, to come nearer to its place in
// the period.
func (j *job) delay(due time.Time, every time.Duration) time.Duration {
	place := offset(j.target, 0, every)
	missing := (place - time.Duration(due.UnixNano()%int64(every)) + every) % every
	if missing > every-every/16 {
		return 0 // it is there, and a little late
	}
	return min(missing, every/4)
}

// offset is a length of time under within that follows from a name and from k alone:
// the hash FNV-1a, mixed as MurmurHash3 ends, since names differ in little.
func offset(name string, k uint64, within time.Duration) time.Duration {
	const basis, prime = 14695981039346656037, 1099511628211
	h := basis ^ k
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * prime
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return time.Duration((h ^ h>>33) % uint64(within)) //nolint:gosec // within is above 0
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
