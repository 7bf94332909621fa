package probing

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/probe"
)

// make makes one probe and stores it. The error says why it is not stored; a
// probe that the end of the lead interrupted says nothing, and is forgotten.
func (s *Schedule) make(ctx context.Context, lead leading.Lead, j *job, trigger longrun.ProbeTrigger) (longrun.Probe, error) {
	p := s.ask(ctx, j, trigger, s.scheduleOf(j))
	if ctx.Err() != nil {
		return p, s.notLeading()
	}
	p.Epoch = lead.Epoch()
	s.tell(ctx, j, p)
	s.made(j, p)
	return own(p), s.store(ctx, lead, p)
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
	if p.Trigger == longrun.Scheduled {
		j.last = &p
	}
	j.shown = &p
	j.recent = append(slices.Clone(j.recent[max(0, len(j.recent)-maxRecent+1):]), p)
}

// tell logs a change, and what is not a PASS every time.
func (s *Schedule) tell(ctx context.Context, j *job, p longrun.Probe) {
	level := slog.LevelDebug
	switch {
	case p.Result != longrun.Pass:
		level = slog.LevelWarn
	case j.shown == nil || j.shown.Result != longrun.Pass:
		level = slog.LevelInfo
	}
	s.Log.Log(ctx, level, "probe", "type", string(p.Type), "result", string(p.Result), "latency_ms", p.LatencyMs,
		"class", p.ErrorClass, "error", p.Error, "attempts", len(p.Attempts), "trigger", string(p.Trigger))
}

// ask asks the prober, once more if it failed: one failure may be chance.
func (s *Schedule) ask(ctx context.Context, j *job, trigger longrun.ProbeTrigger, schedule longrun.ProbeSchedule) longrun.Probe {
	s.setRunning(j, true)
	defer s.setRunning(j, false)
	start := s.Clock.Now().UTC().Truncate(time.Microsecond)
	p := longrun.Probe{
		ProbeKey:    longrun.ProbeID(j.Type, start, trigger, schedule),
		Type:        j.Type,
		TS:          start,
		TSISO:       longrun.ISO(start),
		Trigger:     trigger,
		EverySec:    schedule.Every.Seconds(),
		DeadlineSec: j.Deadline.Seconds(),
		CommitHash:  s.Self.CommitHash,
		InstanceID:  s.Self.InstanceID,
	}
	s.attempt(ctx, j, &p)
	if p.Result == longrun.Fail && deadline.Sleep(ctx, s.Clock, j.Confirm) {
		s.attempt(ctx, j, &p)
	}
	return p
}

// attempt asks once and lays what came of it over p.
func (s *Schedule) attempt(ctx context.Context, j *job, p *longrun.Probe) {
	start := s.Clock.Now()
	r := j.prober.Ask(ctx)
	took := max(s.Clock.Now().Sub(start), 0) // a clock may be set back

	a := longrun.ProbeAttempt{TS: start.UTC().Truncate(time.Microsecond), ErrorClass: r.Class, Error: r.Detail}
	switch r.Status {
	case probe.Pass:
		a.Result, a.ErrorClass, a.Error = longrun.Pass, "", ""
	case probe.Fail:
		a.Result = longrun.Fail
	default:
		a.Result, a.ErrorClass = longrun.Inconclusive, cmp.Or(r.Class, "error")
	}
	if r.Latency <= 0 {
		r.Latency = took
	}
	a.LatencyMs = longrun.Milliseconds(r.Latency)
	p.Attempts = append(p.Attempts, a)
	p.Result, p.LatencyMs, p.ErrorClass, p.Error = a.Result, a.LatencyMs, a.ErrorClass, a.Error
	p.Target = r.Target
	p.Stages = nil
	for _, stage := range r.Stages {
		p.Stages = append(p.Stages, longrun.ProbeStage{Name: stage.Name, Ms: longrun.Milliseconds(max(stage.Took, 0))})
	}
}
