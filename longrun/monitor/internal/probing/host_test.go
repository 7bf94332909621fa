package probing_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// absent is a type of error that a nil of is a mistake in many programs.
type absent struct{ text string }

func (e *absent) Error() string { return e.text }

// raging is an error and a panic value that nobody can print.
type raging struct{}

func (raging) Error() string   { panic("no text") }
func (raging) Is(error) bool   { panic("no Is") }
func (raging) Unwrap() error   { panic("no Unwrap") }
func (raging) String() string  { panic("no text") }
func (raging) As(any) bool     { panic("no As") }
func (raging) Timeout() bool   { panic("no Timeout") }
func (raging) Temporary() bool { panic("no Temporary") }

// Whatever a prober does, its result is INCONCLUSIVE with a class, by the schedule
// and by hand, and the schedule goes on.
func TestNoProberEndsTheSchedule(t *testing.T) {
	t.Parallel()
	shared := []probe.Stage{{Name: "a"}, {Name: "b"}}
	for name, c := range map[string]struct {
		probe func(ctx context.Context, let <-chan struct{}) (probe.Result, error)
		want  longrun.ProbeResult
		class string
	}{
		"returns a typed nil":          {func(context.Context, <-chan struct{}) (probe.Result, error) { var e *absent; return probe.Result{}, e }, longrun.Inconclusive, "error"},
		"returns an error that panics": {func(context.Context, <-chan struct{}) (probe.Result, error) { return probe.Result{}, raging{} }, longrun.Inconclusive, "error"},
		"panics":                       {func(context.Context, <-chan struct{}) (probe.Result, error) { panic("boom") }, longrun.Inconclusive, "error"},
		"panics with what panics":      {func(context.Context, <-chan struct{}) (probe.Result, error) { panic(raging{}) }, longrun.Inconclusive, "error"},
		"ends its goroutine":           {func(context.Context, <-chan struct{}) (probe.Result, error) { runtime.Goexit(); panic("no") }, longrun.Inconclusive, "error"},
		"hangs":                        {func(_ context.Context, let <-chan struct{}) (probe.Result, error) { <-let; return probe.Result{}, nil }, longrun.Inconclusive, "timeout"},
		"gives no verdict":             {func(context.Context, <-chan struct{}) (probe.Result, error) { return probe.Result{}, nil }, longrun.Inconclusive, "error"},
		"is inconclusive without a word": {func(context.Context, <-chan struct{}) (probe.Result, error) {
			return probe.Result{}, &probe.InconclusiveError{}
		}, longrun.Inconclusive, "error"},
		"says 10 MB": {func(context.Context, <-chan struct{}) (probe.Result, error) {
			much := strings.Repeat("4917012345678 \x1b[2J\n", 500_000)
			return probe.Result{Status: probe.Fail, Class: much, Detail: much, Target: much, Latency: 1<<63 - 1, Stages: []probe.Stage{{Name: much, Took: -time.Second}}}, nil
		}, longrun.Fail, ""},
		"fails with 10 MB": {func(context.Context, <-chan struct{}) (probe.Result, error) {
			return probe.Result{}, errors.New(strings.Repeat("x", 10<<20))
		}, longrun.Inconclusive, "error"},
		"uses its slices again": {func(context.Context, <-chan struct{}) (probe.Result, error) {
			for i := range shared {
				shared[i].Took++
			}
			return probe.Result{Status: probe.Pass, Stages: shared}, nil
		}, longrun.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st, let := memstore.New(nil), make(chan struct{})
				n := newNode(t, st, nil, nil, every(probe.Func(func(ctx context.Context) (probe.Result, error) { return c.probe(ctx, let) })))
				n.begin()
				time.Sleep(5 * time.Minute)
				p, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
				require.NoError(t, err)
				require.Equal(t, c.want, p.Result)
				time.Sleep(7 * time.Hour)
				synctest.Wait()
				require.NoError(t, n.end())
				close(let)
				got := results(t, st)
				require.Greater(t, len(got), 2, "the schedule goes on")
				require.Equal(t, c.want, got[0].Result)
				if c.class != "" {
					require.Equal(t, c.class, got[0].ErrorClass)
				}
				for _, p := range got {
					require.Equal(t, p.Result == longrun.Pass, p.ErrorClass == "", "a class says why it is no PASS")
					require.Less(t, len(p.ErrorClass)+len(p.Error)+len(p.Target), 3*210)
					require.GreaterOrEqual(t, p.LatencyMs, 0.0)
					for _, s := range p.Stages {
						require.GreaterOrEqual(t, s.Ms, 0.0)
					}
				}
				require.NotContains(t, n.lines.String(), "4917012345678")
				require.Less(t, len(n.lines.String()), 20_000)
			})
		})
	}
}

func TestWhatIsGivenOutIsTheCallers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		p := probetest.NewScript(probetest.Step{Result: probe.Result{Status: probe.Pass, Stages: []probe.Stage{{Name: "ack", Took: time.Millisecond}}}})
		n := newNode(t, st, nil, nil, every(p))
		n.begin()
		time.Sleep(2 * time.Minute)
		got, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.NoError(t, err)
		got.Stages[0].Name, got.Attempts[0].Error = "mine", "mine"
		n.Status()[0].Last.Stages[0].Name = "mine"
		require.Equal(t, "ack", n.Status()[0].Last.Stages[0].Name)
		seen, known := n.Seen(nil)
		require.True(t, known)
		require.Empty(t, seen[0].Recent[1].Stages, "the rules look at none")
		require.NoError(t, n.end())
	})
}

// One probe by hand at the beginning of the lead, while the task starts; one while
// it has failed; one when it was started again.
func TestAProbeByHandIsToldWhatIsSo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := newNode(t, st, nil, nil, every(probetest.NewScript()))
		n.holder = "b"
		var not *probing.NotLeadingError
		_, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.ErrorAs(t, err, &not)
		require.EqualError(t, err, "monitor: this instance does not lead; b does")
		_, err = n.RunProbe(t.Context(), longrun.NamedProbe{Type: "nonsense"})
		require.ErrorIs(t, err, probing.ErrUnknownProbe)

		ctx, cancel := context.WithCancel(t.Context())
		n.cancel, n.holder = cancel, "a"
		n.Task().Begin(ctx)
		first := make(chan error, 1)
		go func() {
			_, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
			first <- err
		}()
		time.Sleep(time.Second)
		n.again(ctx)
		require.NoError(t, <-first, "it waits for what is about to begin")

		// The task dies with a probe in its hands.
		n.deps.Log.DebugContext(ctx, "now")
		n.lead.Fault = func(context.Context, []storeOp) error { panic("a fault in here") }
		time.Sleep(time.Second)
		began := time.Now()
		_, err = n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.ErrorIs(t, err, probing.ErrProbesFailed)
		require.Less(t, time.Since(began), 2*time.Second)
		require.ErrorContains(t, <-n.ended, "a fault in here")
		_, err = n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.ErrorIs(t, err, probing.ErrProbesFailed, "it leads, and that is not denied")
		require.False(t, n.Status()[0].Running)
		require.True(t, n.Status()[0].Due.IsZero())

		n.lead.Fault = nil
		n.again(ctx)
		time.Sleep(2 * time.Second)
		_, err = n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.NoError(t, err)
		require.NoError(t, n.end())
		_, err = n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.ErrorAs(t, err, &not)
		require.Empty(t, not.Holder, "itself is nobody that leads")
	})
}

// The lead ends before the task was ever started, or between two starts.
func TestAProbeByHandEndsWithTheLead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, memstore.New(nil), nil, nil, every(probetest.NewScript()))
		ctx, cancel := context.WithCancel(t.Context())
		n.Task().Begin(ctx)
		got := make(chan error, 1)
		go func() {
			_, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
			got <- err
		}()
		time.Sleep(time.Minute)
		cancel()
		var not *probing.NotLeadingError
		require.ErrorAs(t, <-got, &not)
	})
}

func TestAProbeByHandWaitsNoLongerThanItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, let := memstore.New(nil), make(chan struct{})
		n := newNode(t, st, nil, nil, every(probetest.NewScript(probetest.Step{Wait: let, Deaf: true})))
		n.begin()
		time.Sleep(62 * time.Second)
		require.True(t, n.Status()[0].Running)
		for range 2 { // while another is under way, and while its own is
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			_, err := n.RunProbe(ctx, longrun.NamedProbe{Type: longrun.Outbound})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, time.Second, time.Since(began))
			cancel()
		}
		began := time.Now()
		require.NoError(t, n.end())
		require.Zero(t, time.Since(began))
		close(let)
	})
}
