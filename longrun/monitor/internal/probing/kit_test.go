package probing_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
)

// node is a schedule in a bubble, and the lead that it has.
type node struct {
	*probing.Schedule
	t      *testing.T
	lead   *leadtest.Lead
	lines  *leadtest.Lines
	deps   room.Deps
	stored []time.Time
	holder string
	ended  chan error // run's
	cancel context.CancelFunc
}

// every is a probe of the default schedule.
func every(p probe.Prober) probing.Probe {
	return probing.Probe{Type: longrun.Outbound, Every: 6 * time.Hour, Retry: time.Hour, Deadline: 30 * time.Second, Confirm: 2 * time.Minute, Settle: time.Minute, Prober: p}
}

func newNode(t *testing.T, st store.Store, clk clock.Clock, with func(*room.Deps), probes ...probing.Probe) *node {
	t.Helper()
	n := &node{t: t}
	n.deps, n.lines = leadtest.Deps(t, st, clk)
	if with != nil {
		with(&n.deps)
	}
	started := n.deps.Clock.Now()
	n.lead = &leadtest.Lead{Store: st, Clock: n.deps.Clock, Token: 7}
	n.Schedule = probing.New(n.deps, probing.Options{
		Probes:  probes,
		AtOnce:  4,
		Started: func() time.Time { return started },
		Holder:  func() string { return n.holder },
		Ready:   func(context.Context) bool { return true },
		Stored:  func(at time.Time) { n.stored = append(n.stored, at) },
	})
	return n
}

// begin gives the schedule its lead. The task runs once: nobody starts it again.
func (n *node) begin() {
	ctx, cancel := context.WithCancel(n.t.Context())
	n.cancel = cancel
	n.Task().Begin(ctx)
	n.again(ctx)
}

// again starts the task.
func (n *node) again(ctx context.Context) {
	n.ended = make(chan error, 1)
	task, ended := n.Task(), n.ended
	spawn.Start("probes", func() error {
		ended <- spawn.Guard("probes", func() error { return task.Run(ctx, n.lead) })
		return nil
	})
}

// end ends the lead, and waits for the task.
func (n *node) end() error {
	n.cancel()
	return <-n.ended
}

// results returns the stored probes, oldest first.
func results(t *testing.T, st store.Store) []longrun.Probe {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	var out []longrun.Probe
	for e, err := range l.Probes(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		out = append(out, e.Value)
	}
	return out
}

// told are the results in short.
func told(probes []longrun.Probe) (out []string) {
	for _, p := range probes {
		out = append(out, p.ProbeKey+" "+string(p.Result)+" "+p.ErrorClass)
	}
	return out
}

// put stores a result.
func put(t *testing.T, st store.Store, p longrun.Probe) {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	_, err = st.Commit(t.Context(), l.CreateProbe(p))
	require.NoError(t, err)
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// withThreshold has so many FAILs in a row be too many.
func withThreshold(n int64) func(*room.Deps) {
	return func(d *room.Deps) {
		s := longrun.DefaultSettings(time.Minute)
		s.AlertThresholds.ConsecutiveProbeFails = n
		d.Settings = func() longrun.Settings { return s }
	}
}

// slowly asks p, whose FAILs take all the time there is.
func slowly(p probe.Prober) func(context.Context) (probe.Result, error) {
	return func(ctx context.Context) (probe.Result, error) {
		r, err := p.Probe(ctx)
		if r.Status == probe.Fail {
			<-ctx.Done()
		}
		return r, err
	}
}
