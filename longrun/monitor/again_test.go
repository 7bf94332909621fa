package monitor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A beat that waits for AfterBeat when a run ends is not told to the next.
func TestAnotherRunIsNotToldOfBeatsOfTheFirst(t *testing.T) {
	for range 8 { // whether it still waits when the run has ended is chance
		synctest.Test(t, anotherRun)
	}
}

func anotherRun(t *testing.T) {
	st := memstore.New(nil)
	let := make(chan struct{})
	var told []longrun.Heartbeat
	time.Sleep(2 * time.Second) // the second beat comes while the first is told
	n := start(t, st, "a", func(c *monitor.Config) {
		c.Interval = 3 * time.Second
		c.AfterBeat = func(_ context.Context, h longrun.Heartbeat) {
			told = append(told, h)
			<-let // whatever ctx says
		}
	})
	time.Sleep(2 * time.Second)
	synctest.Wait()
	require.Len(t, told, 1)
	require.Len(t, beats(t, st), 2, "one waits")
	n.end()
	close(let)
	synctest.Wait()

	again := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	time.Sleep(20 * time.Second)
	cancel()
	require.NoError(t, <-done)
	require.Greater(t, len(told), 3)
	for _, h := range told[1:] {
		require.False(t, h.TS.Before(again), "%s is of the first run", h.BucketID)
	}
}

func TestAClockThatIsSetBackAgesNobodyBackwards(t *testing.T) {
	for name, after := range map[string]time.Duration{"in the first hour": 30*time.Minute + 30*time.Second, "later": 5*time.Hour + 30*time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New(nil)
				clk := &freezer{Clock: clock.New()}
				n := start(t, st, "a", withClock(clk))
				time.Sleep(after)
				clk.ahead.Store(-int64(2 * time.Hour))
				time.Sleep(20 * time.Minute)
				n.end()
				time.Sleep(time.Minute)

				all := beats(t, st)
				require.NotEmpty(t, all)
				age := int64(-1)
				for _, seq := range byChain(all) {
					require.GreaterOrEqual(t, seq.UptimeSec, max(age, 0), "%s: the age of a process falls", seq.BucketID)
					age = seq.UptimeSec
				}
				run := runs(t, st)["a"]
				require.NotNil(t, run.End)
				require.False(t, run.End.Before(run.TS))
				for _, now := range []time.Time{clk.Now(), time.Now()} {
					safe, err := verify.RestartSafe(t.Context(), openLedger(t, st), verify.RestartSafeOptions{Now: now, Interval: time.Minute})
					require.NoError(t, err)
					require.Equal(t, verify.Pass, safe.Verdict, "%v", safe.Problems)
				}
			})
		})
	}
}

// byChain are the beats in the order of their commits.
func byChain(all []longrun.Heartbeat) []longrun.Heartbeat {
	out := make([]longrun.Heartbeat, len(all))
	for _, h := range all {
		out[h.ChainSeq-1] = h
	}
	return out
}
