package sim_test

import (
	"flag"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/internal/sim"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

var days = flag.Float64("days", 1, "how many days each history lasts") //nolint:gochecknoglobals // a flag of the test binary

// live runs a plan in a bubble of its own.
func live(t *testing.T, p sim.Plan) (o *sim.Outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { o = sim.Live(t.Context(), memstore.New(nil), p) })
	return o
}

func TestACrashAndARestart(t *testing.T) {
	o := live(t, sim.Plan{Seed: 1, Instances: 1, Length: sim.Span(24 * time.Hour), Events: []sim.Event{
		{At: sim.Span(time.Hour), Kind: sim.Crash, Duration: sim.Span(5 * time.Minute)},
		{At: sim.Span(3 * time.Hour), Kind: sim.Restart, Duration: sim.Span(2 * time.Minute)},
	}})
	require.Empty(t, o.Violations, o.Log)
	t.Log(o.Counts)
}

func TestNoPlanBreaksAnything(t *testing.T) {
	for seed := range uint64(seedtest.Histories(36)) {
		p := sim.Generate(seed, time.Duration(*days*24*float64(time.Hour)))
		began := time.Now()
		o := live(t, p)
		t.Log(seed, time.Since(began), o.Counts)
		if o.Failed() {
			t.Errorf("seed %d: %v", seed, o.Violations)
		}
	}
}
