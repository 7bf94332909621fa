package monitor

import (
	"context"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
)

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
