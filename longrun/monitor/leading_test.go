package monitor_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// holders are those who hold what only one may.
type holders struct {
	mu    sync.Mutex
	now   []string
	most  int
	turns int
}

// hold holds it until the lead's end, and takes so long to let go.
func (h *holders) hold(name string, letGo time.Duration) func(*monitor.Config) {
	return func(c *monitor.Config) {
		c.Leading = func(ctx context.Context) error {
			h.mu.Lock()
			h.now = append(h.now, name)
			h.most = max(h.most, len(h.now))
			h.turns++
			h.mu.Unlock()
			<-ctx.Done()
			time.Sleep(letGo)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.now = h.now[:len(h.now)-1]
			return nil
		}
	}
}

func (h *holders) list() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string{}, h.now...)
}

func taskOf(n *node) monitor.TaskStatus {
	tasks := n.Status().Tasks
	return tasks[len(tasks)-1]
}

func TestWhatOnlyOneMayHoldIsTheLeaders(t *testing.T) {
	for _, letGo := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			mem := memstore.New(nil)
			own := storetest.Wrap(mem)
			var h holders
			a := start(t, own, "a", h.hold("a", letGo))
			time.Sleep(time.Second)
			b := start(t, mem, "b", h.hold("b", letGo))
			time.Sleep(10 * time.Minute)
			require.Equal(t, []string{"a"}, h.list())
			require.Equal(t, "leading", taskOf(a).Name)
			require.Equal(t, monitor.TaskRunning, taskOf(a).State)
			require.Equal(t, monitor.TaskIdle, taskOf(b).State)

			cut(own) // lost without a goodbye
			time.Sleep(110*time.Second + letGo + time.Millisecond)
			synctest.Wait()
			require.Empty(t, h.list(), "by its own clock, and before the other")
			time.Sleep(time.Minute)
			require.Equal(t, []string{"b"}, h.list())
			own = storetest.Wrap(mem)
			c := start(t, own, "c", h.hold("c", letGo))
			time.Sleep(10 * time.Minute)
			b.end()
			time.Sleep(time.Second)
			require.Equal(t, []string{"c"}, h.list())
			kill(c, own)
			require.Empty(t, h.list())
			a.end()
			require.Equal(t, 1, h.most)
			require.Equal(t, 3, h.turns)
		})
	}
}

func TestALeadingThatFailsIsShownAndCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		var calls atomic.Int64
		n := start(t, st, "a", func(c *monitor.Config) {
			c.Leading = func(ctx context.Context) error {
				switch calls.Add(1) {
				case 1:
					return errors.New("no luck with +49 151 23456789")
				case 2:
					panic("boom")
				case 3:
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			}
		})
		for i, want := range []string{"no luck with +** *** ******89", "panic: boom", "it ended before its time"} {
			synctest.Wait()
			require.EqualValues(t, i+1, calls.Load())
			task := taskOf(n)
			require.Equal(t, monitor.TaskFailed, task.State)
			require.Equal(t, want, task.Error)
			require.EqualValues(t, i, task.Restarts)
			time.Sleep(time.Second << i)
		}
		time.Sleep(10 * time.Minute)
		require.EqualValues(t, 4, calls.Load())
		require.Equal(t, monitor.TaskRunning, taskOf(n).State)
		n.end()
		require.Len(t, beats(t, st), 11)
	})
}

// Whoever connects when it leads has had no time to when it is to probe.
func TestProbesSettleFromTheBeginOfTheLead(t *testing.T) {
	for name, c := range map[string]struct {
		leading func(context.Context) error
		after   time.Duration
	}{
		"connected all the time": {nil, 10 * time.Second},
		"connects when it leads": {func(ctx context.Context) error { <-ctx.Done(); return nil }, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				var last atomic.Pointer[time.Time]
				probing := func(cfg *monitor.Config) {
					cfg.Leading = c.leading
					cfg.Probes = []monitor.Probe{{Type: longrun.Outbound, Every: 10 * time.Minute, Prober: probe.Func(func(context.Context) (probe.Result, error) {
						now := time.Now()
						last.Store(&now)
						return probe.Result{Status: probe.Pass}, nil
					})}}
				}
				a := start(t, store.Store(mem), "a", probing)
				time.Sleep(time.Second)
				b := start(t, mem, "b", probing)
				time.Sleep(30 * time.Minute)
				time.Sleep(time.Until(last.Load().Add(9*time.Minute + 50*time.Second)))
				began := time.Now()
				a.end()
				time.Sleep(5 * time.Minute)
				require.InDelta(t, c.after.Seconds(), last.Load().Sub(began).Seconds(), 1)
				b.end()
			})
		})
	}
}
