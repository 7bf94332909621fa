package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
	"github.com/seed-13dc028d/longwatch/probe"
)

// Probe is one thing that the leader tries for real. When it is due follows from
// its last stored result, so that neither restarts nor take-overs starve or
// repeat it. What fails is tried once more before it counts as FAIL.
type Probe struct {
	// Type is what the probe tries. Required.
	Type longrun.ProbeType
	// Name is which of several of the type, such as one for each account; see
	// longrun.NamedProbe. There is one of each type and name. The probes of a type
	// that have names are spread over its period. Default: none, the type's only one.
	Name string
	// Account is the AccountStatus.ID of the account whose trouble the probe is about.
	// The probes of one account take turns, and so do those that name none. Default:
	// the Name.
	Account string
	// Every is how often it is due, at least a minute. The live settings may say
	// otherwise. Default: 6 h, and 24 h for longrun.Queue.
	Every time.Duration
	// Retry is how often it is due after anything but a PASS. Default: 1 h, at
	// most Every.
	Retry time.Duration
	// Deadline is how long one attempt may take. Default: 30 s, at most a quarter
	// of Retry.
	Deadline time.Duration
	// Confirm is the pause between a failure and the attempt that confirms it.
	// Default: 10 s, at most a quarter of Retry.
	Confirm time.Duration
	// Settle is how long after the start of the monitor, or of the lead with
	// Config.Leading, no scheduled probe is made, so that the host can connect first.
	// Default: 1 minute, at most Every.
	Settle time.Duration
	// Prober is asked. Its context ends by the monitor's clock, so that it has no
	// Deadline, and context.Cause tells why it ended. Default: nil, the part is not
	// configured: the result is INCONCLUSIVE and says so.
	Prober probe.Prober
}

func (p Probe) withDefaults() Probe {
	if p.Every == 0 {
		p.Every = 6 * time.Hour
		if p.Type == longrun.Queue {
			p.Every = 24 * time.Hour
		}
	}
	if p.Account == "" {
		p.Account = p.Name
	}
	p.Retry = longrun.ProbeSchedule{Every: p.Every, Retry: p.Retry}.WithDefaults().Retry
	if p.Deadline == 0 {
		p.Deadline = min(30*time.Second, p.Retry/4)
	}
	if p.Confirm == 0 {
		p.Confirm = min(10*time.Second, p.Retry/4)
	}
	if p.Settle == 0 {
		p.Settle = min(time.Minute, p.Every)
	}
	return p
}

func (p Probe) named() longrun.NamedProbe { return longrun.NamedProbe{Type: p.Type, Name: p.Name} }

func (p Probe) validate() error {
	errs := []error{p.named().Validate(), longrun.ProbeSchedule{Every: p.Every, Retry: p.Retry}.Validate()}
	for _, f := range []struct {
		name string
		d    time.Duration
	}{{"deadline", p.Deadline}, {"confirm", p.Confirm}, {"settle", p.Settle}} {
		if f.d < 0 {
			errs = append(errs, fmt.Errorf("%s %v is negative", f.name, f.d))
		}
	}
	if p.Deadline >= p.Retry || p.Confirm >= p.Retry || 2*p.Deadline+p.Confirm >= p.Retry { // not the sum alone, which may be too much for a Duration
		errs = append(errs, fmt.Errorf("retry %v is not longer than two attempts of %v and the %v between them", p.Retry, p.Deadline, p.Confirm))
	}
	return errors.Join(errs...)
}

// ErrUnknownProbe is returned by RunProbe for a probe that Config.Probes lacks.
var ErrUnknownProbe = probing.ErrUnknownProbe

// ErrProbeTaken is returned by RunProbe when a probe of the same ID stands in
// the store: one by hand in the same second, by another instance. The first
// result stands.
var ErrProbeTaken = probing.ErrProbeTaken

// ErrProbesFailed is returned by RunProbe on an instance that leads while the part
// of it that makes probes has failed. It is started again by itself; Status says
// why it failed.
var ErrProbesFailed = probing.ErrProbesFailed

// NotLeadingError says that this instance makes no probes, since another one
// leads, or none.
type NotLeadingError = probing.NotLeadingError

func probesOf(c Config) []probing.Probe {
	out := make([]probing.Probe, len(c.Probes))
	for i, p := range c.Probes {
		out[i] = probing.Probe(p)
	}
	return out
}

// RunProbe makes the type's probe that has no name now, by hand; see RunNamedProbe.
func (m *Monitor) RunProbe(ctx context.Context, t longrun.ProbeType) (longrun.Probe, error) {
	return m.RunNamedProbe(ctx, longrun.NamedProbe{Type: t})
}

// RunNamedProbe makes a probe now, by hand, and returns its result when it is
// stored, or waits in memory for a store that is away. It waits for a probe of the
// same account that is under way, and gives up with ctx; a probe that has begun goes
// on then. The error is ErrUnknownProbe, a *NotLeadingError on an instance that does
// not lead, ErrProbesFailed on one that does and cannot make it, or ErrProbeTaken.
func (m *Monitor) RunNamedProbe(ctx context.Context, n longrun.NamedProbe) (longrun.Probe, error) {
	return m.probes.RunProbe(ctx, n)
}
