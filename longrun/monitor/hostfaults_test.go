package monitor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// Whatever a function of the host does for ten minutes: the process lives, beats
// go on (those of the store when it is itself again), and Run ends in time, also
// while the function does it.
func TestNothingThatTheHostDoesHarmsTheMonitor(t *testing.T) {
	t.Parallel()
	for i, v := range victims {
		for k, h := range hostiles {
			if seedtest.Skips(i*len(hostiles) + k) {
				continue
			}
			t.Run(v.name+" "+h.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					mem := memstore.New(nil)
					let := make(chan struct{})
					var on atomic.Bool
					n := start(t, mem, "a", func(c *monitor.Config) {
						c.Logger = nil
						v.wire(c, during(&on, h, let))
						if c.Status == nil || v.name != "Status" {
							c.Status = func(context.Context) (longrun.HostStatus, error) {
								return longrun.HostStatus{Healthy: true, QueueDepth: tooDeep}, nil
							}
						}
					})
					time.Sleep(5*time.Minute + time.Second)
					on.Store(true)
					time.Sleep(10 * time.Minute)
					if !v.beats {
						require.Len(t, beats(t, mem), 16, "one in each slot, whatever %s does", v.name)
					}
					on.Store(false)
					time.Sleep(20 * time.Minute)
					require.Equal(t, monitor.Leading, n.Status().State)
					require.Len(t, beats(t, mem), 36, "late ones too")
					on.Store(true)
					time.Sleep(time.Minute)
					began := time.Now()
					n.end()
					require.LessOrEqual(t, time.Since(began), 8*time.Second, "StopTimeout")
					close(let)
					time.Sleep(2 * time.Hour) // what was left behind ends
				})
			})
		}
	}
}

// The same while Run is asked to stop by a deadline that has passed, with the
// store cut off.
func TestRunEndsInTimeWhateverHangs(t *testing.T) {
	t.Parallel()
	hang := hostiles[6]
	require.Equal(t, "hangs", hang.name)
	for name, end := range map[string]func(parent context.Context) (context.Context, context.CancelFunc){
		"cancelled": func(parent context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(parent)
			time.AfterFunc(10*time.Minute, cancel)
			return ctx, cancel
		},
		"expired": func(parent context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(parent, 10*time.Minute)
		},
		"expired before it began": func(parent context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(parent, time.Now().Add(-time.Second))
		},
		"cancelled with a cause": func(parent context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(parent)
			time.AfterFunc(10*time.Minute, func() { cancel(context.DeadlineExceeded) })
			return ctx, func() { cancel(nil) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				let := make(chan struct{})
				var on atomic.Bool
				cfg := monitor.Config{Store: memstore.New(nil), StopTimeout: 8 * time.Second}
				for _, v := range victims {
					if v.name != "Clock.Now" && v.name != "Clock.AfterFunc" {
						v.wire(&cfg, during(&on, hang, let))
					}
				}
				m, err := monitor.New(cfg)
				require.NoError(t, err)
				time.AfterFunc(5*time.Minute, func() { on.Store(true) })
				ctx, cancel := end(t.Context())
				defer cancel()
				done := make(chan time.Time, 1)
				var ended error
				go func() {
					ended = m.Run(ctx)
					done <- time.Now()
				}()
				<-ctx.Done()
				stopped := time.Now()
				require.LessOrEqual(t, (<-done).Sub(stopped), 8*time.Second)
				require.NoError(t, ended)
				close(let)
				time.Sleep(time.Hour)
				require.NoError(t, m.Run(ctx), "and it can be run again")
			})
		})
	}
}

// A store that says too little of what it did, or uses again what it was given, is
// a store whose outcome is not known.
func TestAStoreThatCountsWrongCostsNoBeat(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func([]store.Stamp) []store.Stamp{
		"no stamps":  func([]store.Stamp) []store.Stamp { return nil },
		"one fewer":  func(s []store.Stamp) []store.Stamp { return s[:len(s)-1] },
		"one more":   func(s []store.Stamp) []store.Stamp { return append(s, store.Stamp{}) },
		"no version": func(s []store.Stamp) []store.Stamp { clear(s); return s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				bad := &miscounting{Store: mem, spoil: spoil}
				n := start(t, bad, "a")
				time.Sleep(5*time.Minute + time.Second)
				bad.on.Store(true)
				time.Sleep(10 * time.Minute)
				bad.on.Store(false)
				time.Sleep(20 * time.Minute)
				n.end()
				require.Len(t, beats(t, mem), 36)
				require.Len(t, documents[longrun.Heartbeat](t, mem, ledger.Heartbeats), 36)
			})
		})
	}
}

type miscounting struct {
	store.Store
	spoil func([]store.Stamp) []store.Stamp
	on    atomic.Bool
}

func (s *miscounting) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	stamps, err := s.Store.Commit(ctx, ops...)
	clear(ops) // what it was given is its own
	if err == nil && s.on.Load() {
		stamps = s.spoil(stamps)
	}
	return stamps, err
}

// What the host returns is the host's: it may use its slices again in the next call.
// The race detector sees who still reads them then.
func TestWhatTheHostReturnsIsCopied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own := make([]longrun.AccountStatus, 3)
		n := start(t, mem, "a", func(c *monitor.Config) {
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				for i := range own {
					own[i] = longrun.AccountStatus{ID: "gone", LoggedOut: true, Since: time.Now()}
				}
				time.Sleep(time.Second)
				for i := range own {
					own[i] = longrun.AccountStatus{ID: "ops"}
				}
				return longrun.HostStatus{Healthy: true, Accounts: own}, nil
			}
		})
		time.Sleep(30 * time.Minute)
		require.Empty(t, n.Status().Alerts.Alarms, "none was ever out, as the host told it")
		n.end()
	})
}
