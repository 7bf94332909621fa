package monitor

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe"
)

// probeGrace is how long after its deadline a prober may take to say what it
// saw.
const probeGrace = time.Second

// maxProbeClass bounds what a prober may make part of a document.
const maxProbeClass = 60

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
	r, err := askProber(ctx, j)
	took := m.cfg.Clock.Now().Sub(start)

	a := longrun.ProbeAttempt{TS: start.UTC().Truncate(time.Microsecond)}
	switch {
	case err == nil && r.Verdict == probe.Pass:
		a.Result, r.Class, r.Detail = longrun.Pass, "", ""
	case err == nil && r.Verdict == probe.Fail:
		a.Result = longrun.Fail
	case err == nil:
		err = errors.New("the prober gave no verdict")
		fallthrough
	default:
		a.Result, r.Class = longrun.Inconclusive, probe.ClassOf(err)
		r.Detail = strings.TrimPrefix(strings.TrimPrefix(err.Error(), "probe: "), r.Class+": ")
	}
	if r.Latency <= 0 {
		r.Latency = took
	}
	a.LatencyMs = longrun.Milliseconds(r.Latency)
	a.ErrorClass, a.Error = publicLine(r.Class, maxProbeClass), publicLine(r.Detail, maxStatusError)
	p.Attempts = append(p.Attempts, a)
	p.Result, p.LatencyMs, p.ErrorClass, p.Error = a.Result, a.LatencyMs, a.ErrorClass, a.Error
	p.Target = publicLine(r.Target, maxStatusError)
	p.Stages = nil
	for _, stage := range r.Stages {
		p.Stages = append(p.Stages, longrun.ProbeStage{Name: publicLine(stage.Name, maxProbeClass), Ms: longrun.Milliseconds(stage.Took)})
	}
}

// askProber asks the host's prober, which may hang or panic.
func askProber(ctx context.Context, j *job) (probe.Result, error) {
	if j.Prober == nil {
		return probe.Result{}, probe.ErrNotConfigured
	}
	answers := make(chan probe.Result, 1)
	err := j.caller.call(ctx, func(ctx context.Context) error {
		r, err := j.Prober.Probe(ctx)
		answers <- r
		if errors.Is(err, context.Canceled) && deadline.Exceeded(ctx) {
			return &lateError{j.caller.name, j.Deadline} // the clock's deadlines look like that to it
		}
		return err
	})
	if err != nil {
		return probe.Result{}, err
	}
	return <-answers, nil
}
