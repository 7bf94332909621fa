package probing

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe"
)

// make makes one probe and stores it. It has a place, and gives it back. The error
// says why the result is not stored; a probe that the end of the lead interrupted
// says nothing, and is forgotten.
func (r *round) make(j *job, trigger longrun.ProbeTrigger) (longrun.Probe, error) {
	p := r.ask(j, trigger)
	if r.work.Err() != nil {
		return p, r.notLeading()
	}
	p.Epoch = r.lead.Epoch()
	r.tell(r.work, j, p)
	r.made(j, p)
	if r.Made != nil {
		r.Made(p)
	}
	r.wake()
	return own(p), r.store(r.work, r.lead, p)
}

func (s *Schedule) setRunning(j *job, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.running = on
}

// made makes a new result the newest.
func (s *Schedule) made(j *job, p longrun.Probe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Trigger != longrun.ByHand {
		j.last = &p
	}
	j.shown = &p
	j.recent = append(slices.Clone(j.recent[max(0, len(j.recent)-maxRecent+1):]), brief(p))
	if j.about != nil && p.Trigger != longrun.ByHand {
		j.about.learn(j, p, s.Clock.Now(), s.Settings().AlertThresholds.ConsecutiveProbeFails)
	}
}

// brief is what the rules look at.
func brief(p longrun.Probe) longrun.Probe {
	p.Stages, p.Attempts = nil, nil
	return p
}

// tell logs a change, and what is not a PASS every time.
func (s *Schedule) tell(ctx context.Context, j *job, p longrun.Probe) {
	s.mu.Lock()
	before := j.shown
	s.mu.Unlock()
	level := slog.LevelDebug
	switch {
	case p.Result != longrun.Pass:
		level = slog.LevelWarn
	case before == nil || before.Result != longrun.Pass:
		level = slog.LevelInfo
	}
	args := []any{
		"type", string(p.Type), "result", string(p.Result), "latency_ms", p.LatencyMs,
		"class", p.ErrorClass, "error", p.Error, "attempts", len(p.Attempts), "trigger", string(p.Trigger),
	}
	if p.Reason != "" {
		args = append(args, "reason", p.Reason)
	}
	if p.Name != "" {
		args = append(args, "name", p.Name)
	}
	s.Log.Log(ctx, level, "probe", args...)
}

// ask asks the prober, once more if it failed: one failure may be chance. The place
// is for others in the pause between.
func (r *round) ask(j *job, trigger longrun.ProbeTrigger) longrun.Probe {
	r.setRunning(j, true)
	defer r.setRunning(j, false)
	defer r.leave()
	if trigger == longrun.ByHand {
		r.spread(j)
	}
	reason, confirm := r.suspicion(j, trigger)
	schedule := r.scheduleOf(j)
	start := r.Clock.Now().UTC().Truncate(time.Microsecond)
	p := longrun.Probe{
		ProbeKey:    j.named.ID(start, trigger, schedule),
		Type:        j.Type,
		Name:        j.Name,
		TS:          start,
		TSISO:       longrun.ISO(start),
		Trigger:     trigger,
		Reason:      reason,
		EverySec:    schedule.Every.Seconds(),
		DeadlineSec: j.Deadline.Seconds(),
		CommitHash:  r.Self.CommitHash,
		InstanceID:  r.Self.InstanceID,
	}
	r.attempt(j, &p)
	if p.Result == longrun.Fail && confirm {
		r.again(j, j.Confirm, &p)
	}
	return p
}

// suspicion says why an early probe is made, and whether a FAIL of it is to be
// confirmed: behind another FAIL it is one confirmed, and the next probe soon.
func (s *Schedule) suspicion(j *job, trigger longrun.ProbeTrigger) (reason string, confirm bool) {
	if trigger != longrun.Suspicion {
		return "", true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return j.about.taken.Reason, !j.failedLast()
}

// again makes another attempt after the pause. It leaves with a place, in any case.
func (r *round) again(j *job, pause time.Duration, p *longrun.Probe) {
	r.leave()
	ok := deadline.Sleep(r.work, r.Clock, pause)
	r.places <- struct{}{} // each is held for the time of an attempt at most
	if ok && deadline.Sleep(r.work, r.Clock, r.reserve(r.Clock.Now())) {
		r.attempt(j, p)
	}
}

// attempt asks once and lays what came of it over p.
func (r *round) attempt(j *job, p *longrun.Probe) {
	start := r.Clock.Now()
	got := j.prober.Ask(r.work)
	took := max(r.Clock.Now().Sub(start), 0) // a clock may be set back

	a := longrun.ProbeAttempt{TS: start.UTC().Truncate(time.Microsecond), ErrorClass: got.Class, Error: got.Detail}
	switch got.Status {
	case probe.Pass:
		a.Result, a.ErrorClass, a.Error = longrun.Pass, "", ""
	case probe.Fail:
		a.Result = longrun.Fail
	default:
		a.Result, a.ErrorClass = longrun.Inconclusive, cmp.Or(got.Class, "error")
	}
	if got.Latency <= 0 {
		got.Latency = took
	}
	a.LatencyMs = longrun.Milliseconds(got.Latency)
	p.Attempts = append(p.Attempts, a)
	p.Result, p.LatencyMs, p.ErrorClass, p.Error = a.Result, a.LatencyMs, a.ErrorClass, a.Error
	p.Target = got.Target
	p.Stages = nil
	for _, stage := range got.Stages {
		p.Stages = append(p.Stages, longrun.ProbeStage{Name: stage.Name, Ms: longrun.Milliseconds(max(stage.Took, 0))})
	}
}
