package monitor_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestABeatIsOneCommitOfTwoWritesAndNoRead(t *testing.T) {
	for name, lease := range map[string]time.Duration{"default lease": 0, "long lease": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := storetest.Wrap(memstore.New(nil))
				start(t, st, "a", func(c *monitor.Config) { c.Lease = lease })
				time.Sleep(5*time.Minute + 30*time.Second) // granted, recorded, caught up
				var mu sync.Mutex
				commits, writes, reads := 0, 0, 0
				remove := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
					mu.Lock()
					defer mu.Unlock()
					switch c.Method {
					case "Commit":
						commits++
						writes += len(c.Ops)
					default:
						reads++
					}
					return nil
				}})
				time.Sleep(23 * time.Hour) // until midnight only beats are due
				remove()
				mu.Lock()
				defer mu.Unlock()
				require.Equal(t, 23*60, commits)
				require.Equal(t, 2*23*60, writes)
				require.Zero(t, reads)
			})
		})
	}
}

// alertCost counts the commits of alerts, and the reads of what only they need.
func alertCost(st *storetest.Faulty) (commits, reads *atomic.Int64) {
	commits, reads = new(atomic.Int64), new(atomic.Int64)
	own := []ledger.Collection{ledger.Rules, ledger.Incidents, ledger.Outbox, ledger.Silences}
	st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		for _, collection := range own {
			switch {
			case c.Method == storetest.Commit && in(collection, c.Ops):
				commits.Add(1)
				return nil
			case c.Method != storetest.Commit && strings.HasSuffix(c.Key.Collection, "/"+string(collection)):
				reads.Add(1)
			}
		}
		return nil
	}})
	return commits, reads
}

func TestAYearOfNothingCostsNoAlertAnything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(forgetful{memstore.New(nil)}), newTelling()
		hourly := func(c *monitor.Config) { c.Interval, c.Lease = time.Hour, 2*time.Hour }
		n := start(t, st, "a", alertingBy(rec), hosted(calm()), hourly)
		time.Sleep(49*time.Hour + time.Second)
		commits, reads := alertCost(st)
		all := st.Calls(storetest.Commit)
		time.Sleep(365 * 24 * time.Hour)
		require.Zero(t, commits.Load())
		require.LessOrEqual(t, st.Calls(storetest.Commit)-all, 365*(24+1), "beats, and a commit for each day")
		require.LessOrEqual(t, reads.Load(), int64(2*365), "each day is rolled up once, and held against the incidents once")
		require.Empty(t, rec.Calls())
		require.Empty(t, n.Status().Alerts.Alarms)
		n.end()
	})
}

// What goes on firing costs its reminders: three commits each, for the decision,
// the claim and the mark, and one look at the silences.
func TestWhatGoesOnFiringCostsItsReminders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, host := storetest.Wrap(memstore.New(nil)), calm()
		n := start(t, st, "a", alertingBy(newTelling()), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		logOut(host)
		time.Sleep(10 * time.Minute)
		commits, reads := alertCost(st)
		time.Sleep(23 * time.Hour) // until midnight
		require.EqualValues(t, 3*23, commits.Load())
		require.EqualValues(t, 23, reads.Load())
		n.end()
	})
}
