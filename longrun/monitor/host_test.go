package monitor_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func TestAHostThatCannotSayHowItIsCostsABeatItsCountsOnly(t *testing.T) {
	for name, c := range map[string]struct {
		status func(context.Context) (longrun.HostStatus, error)
		says   string
	}{
		"error": {
			func(context.Context) (longrun.HostStatus, error) {
				return longrun.HostStatus{Connected: 9, Healthy: true}, errors.New("no LID found for 40722123456\nfrom server")
			},
			"no LID found for *********56 from server",
		},
		"a number in groups": {
			func(context.Context) (longrun.HostStatus, error) {
				return longrun.HostStatus{}, errors.New("no LID found for +40 (721) 23-45-67 at +02:00")
			},
			"no LID found for +** (***) **-**-67 at +02:00",
		},
		"panic": {func(context.Context) (longrun.HostStatus, error) { panic("boom") }, "panic: boom"},
		"not UTF-8": {
			func(context.Context) (longrun.HostStatus, error) {
				return longrun.HostStatus{}, errors.New("device said \xff\xfe")
			},
			"device said ??",
		},
		"panic not UTF-8": {func(context.Context) (longrun.HostStatus, error) { panic("\xffboom") }, "panic: ?boom"},
		"too slow": {
			func(ctx context.Context) (longrun.HostStatus, error) {
				<-ctx.Done()
				return longrun.HostStatus{Healthy: true}, nil
			},
			"the status function took longer than 5s",
		},
		"none": {nil, "no status function is configured"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New(nil)
				n := start(t, st, "a", func(cfg *monitor.Config) { cfg.Status = c.status })
				time.Sleep(10*time.Minute + 30*time.Second)
				n.end()
				all := beats(t, st)
				require.Len(t, all, 11)
				for _, h := range all {
					require.Equal(t, c.says, h.StatusError)
					require.False(t, h.Healthy)
					require.Zero(t, h.ConnectedCount)
				}
				require.Equal(t, 1, n.log.count("no status from the host"), "said once, not each minute")
			})
		})
	}
}

func TestAStatusFunctionThatNeverReturnsIsCalledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		stuck := make(chan struct{})
		var calls atomic.Int64
		n := start(t, st, "a", func(cfg *monitor.Config) {
			cfg.Status = func(context.Context) (longrun.HostStatus, error) {
				calls.Add(1)
				<-stuck // deaf to its context
				return longrun.HostStatus{}, nil
			}
		})
		time.Sleep(10*time.Minute + 30*time.Second)
		n.end() // Run returns all the same …
		require.Equal(t, int64(1), calls.Load())
		require.Len(t, beats(t, st), 11)
		require.Equal(t, 1, n.log.count("a function of the host did not return")) // … and says what is left
		close(stuck)
	})
}

func TestAfterBeatIsToldOfStoredBeatsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		var told []longrun.Heartbeat
		n := start(t, mem, "a", func(cfg *monitor.Config) {
			cfg.AfterBeat = func(_ context.Context, h longrun.Heartbeat) {
				told = append(told, h)
				if len(told) == 3 {
					panic("host code")
				}
			}
		})
		time.Sleep(time.Second) // a leads
		standby := start(t, mem, "b", func(cfg *monitor.Config) {
			cfg.AfterBeat = func(context.Context, longrun.Heartbeat) { t.Error("a standby stores nothing") }
		})
		time.Sleep(10*time.Minute + 30*time.Second)
		standby.end()
		n.end()
		require.Equal(t, beats(t, mem), document.Full(told))
	})
}

func TestAnAfterBeatThatHangsCostsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		stuck := make(chan struct{})
		n := start(t, st, "a", func(cfg *monitor.Config) {
			cfg.AfterBeat = func(context.Context, longrun.Heartbeat) { <-stuck }
		})
		time.Sleep(time.Hour + 30*time.Second)
		require.Len(t, beats(t, st), 61)
		n.end()
		close(stuck)
	})
}

func TestAHostThatIsSlowToStopStillEndsTheRunCleanly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		slow := func(context.Context) { time.Sleep(20 * time.Second) }
		slowProber := probe.Func(func(context.Context) (probe.Result, error) {
			time.Sleep(20 * time.Second)
			return probe.Result{Status: probe.Pass}, nil
		})
		n := start(t, mem, "a", func(cfg *monitor.Config) {
			cfg.Interval, cfg.Lease = time.Second, 4*time.Second // a lease shorter than the wait
			cfg.AfterBeat = func(ctx context.Context, _ longrun.Heartbeat) { slow(ctx) }
			cfg.Status = func(ctx context.Context) (longrun.HostStatus, error) {
				slow(ctx)
				return longrun.HostStatus{}, nil
			}
			cfg.Probes = []monitor.Probe{{Type: longrun.Outbound, Settle: time.Second, Prober: slowProber}}
		})
		time.Sleep(5 * time.Second)
		began := time.Now()
		n.end()
		require.LessOrEqual(t, time.Since(began), 8*time.Second, "for all of them together")
		require.Equal(t, 3, n.log.count("a function of the host did not return"))
		r := runs(t, mem)["a"]
		require.Equal(t, longrun.Stopped, r.Ended)
		require.WithinDuration(t, began, *r.End, 2*time.Second)
		time.Sleep(time.Minute) // they return
	})
}

func TestHealthNeedsTheExpectedAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := start(t, st, "a") // two accounts are connected
		time.Sleep(2*time.Minute + 30*time.Second)
		s, version, err := n.Settings(t.Context())
		require.NoError(t, err)
		require.Empty(t, version)
		s.ExpectedAccounts = 3
		_, err = n.PutSettings(t.Context(), s, version)
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		n.end()
		var healthy []bool
		for _, h := range beats(t, st) {
			healthy = append(healthy, h.Healthy)
		}
		require.Equal(t, []bool{true, true, true, false, false}, healthy, "a change is in force from the next slot")
	})
}
