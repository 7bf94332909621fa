package monitor_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

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

// A year in which nothing happens costs its beats, and what a start costs.
func TestAYearOfNothingIsBeatsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(forgetful{memstore.New(nil)}), newTelling()
		hourly := func(c *monitor.Config) { c.Interval, c.Lease = time.Hour, 2*time.Hour }
		n := start(t, st, "a", alertingBy(rec), hosted(calm()), hourly)
		time.Sleep(49*time.Hour + time.Second)
		commits, reads := st.Calls(storetest.Commit), st.Calls(storetest.Get)+st.Calls(storetest.Scan)
		time.Sleep(365 * 24 * time.Hour)
		require.Equal(t, 365*24, st.Calls(storetest.Commit)-commits)
		require.Zero(t, st.Calls(storetest.Get)+st.Calls(storetest.Scan)-reads)
		require.Empty(t, rec.Calls())
		require.Empty(t, n.Status().Alerts.Alarms)
		n.end()
	})
}

// What goes on firing costs its reminders: three commits each for the decision,
// the claim and the mark, and one look at the silences.
func TestWhatGoesOnFiringCostsItsReminders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, host := storetest.Wrap(memstore.New(nil)), calm()
		n := start(t, st, "a", alertingBy(newTelling()), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.QueueDepth = tooDeep
		logOut(host)
		time.Sleep(10 * time.Minute)
		commits, reads := st.Calls(storetest.Commit), st.Calls(storetest.Get)+st.Calls(storetest.Scan)
		time.Sleep(24 * time.Hour)
		require.Equal(t, 1440+3*24, st.Calls(storetest.Commit)-commits)
		require.Equal(t, 24, st.Calls(storetest.Get)+st.Calls(storetest.Scan)-reads)
		n.end()
	})
}
