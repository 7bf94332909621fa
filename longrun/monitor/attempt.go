package monitor

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe"
)

// makeProbe asks the prober, once more if it failed: one failure may be chance.
func (m *Monitor) makeProbe(ctx context.Context, j *job, trigger longrun.ProbeTrigger, schedule longrun.ProbeSchedule) longrun.Probe {
	start := m.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	p := longrun.Probe{
		ProbeKey:    longrun.ProbeID(j.Type, start, trigger, schedule),
		Type:        j.Type,
		TS:          start,
		TSISO:       longrun.ISO(start),
		Trigger:     trigger,
		EverySec:    schedule.Every.Seconds(),
		DeadlineSec: j.Deadline.Seconds(),
		CommitHash:  m.cfg.CommitHash,
		InstanceID:  m.cfg.InstanceID,
	}
	m.attempt(ctx, j, &p)
	if p.Result == longrun.Fail && deadline.Sleep(ctx, m.cfg.Clock, j.Confirm) {
		m.attempt(ctx, j, &p)
	}
	return p
}

// attempt asks once and lays what came of it over p.
func (m *Monitor) attempt(ctx context.Context, j *job, p *longrun.Probe) {
	start := m.cfg.Clock.Now()
	r := j.prober.Ask(ctx)
	took := m.cfg.Clock.Now().Sub(start)

	a := longrun.ProbeAttempt{TS: start.UTC().Truncate(time.Microsecond)}
	switch r.Verdict {
	case probe.Pass:
		a.Result, r.Class, r.Detail = longrun.Pass, "", ""
	case probe.Fail:
		a.Result = longrun.Fail
	default:
		a.Result = longrun.Inconclusive
	}
	if r.Latency <= 0 {
		r.Latency = took
	}
	a.LatencyMs = longrun.Milliseconds(r.Latency)
	a.ErrorClass, a.Error = r.Class, r.Detail
	p.Attempts = append(p.Attempts, a)
	p.Result, p.LatencyMs, p.ErrorClass, p.Error = a.Result, a.LatencyMs, a.ErrorClass, a.Error
	p.Target = r.Target
	p.Stages = nil
	for _, stage := range r.Stages {
		p.Stages = append(p.Stages, longrun.ProbeStage{Name: stage.Name, Ms: longrun.Milliseconds(stage.Took)})
	}
}
