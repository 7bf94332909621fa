package monitor_test

import (
	"context"
	"crypto/ed25519"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
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
	seedtest.Long(t)
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
		require.LessOrEqual(t, reads.Load(), int64(3*365), "each day is rolled up once, and held against the incidents once, and late ones are looked for once")
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

// anHour counts the commits and reads of one hour in which nothing happens and no day
// ends.
func anHour(st *storetest.Faulty) (commits, reads int) {
	count := func() (int, int) {
		return st.Calls(storetest.Commit), st.Calls(storetest.Get) + st.Calls(storetest.Scan)
	}
	commits, reads = count()
	time.Sleep(time.Hour)
	c, r := count()
	return c - commits, r - reads
}

// blind hides that a store can watch.
type blind struct{ store.Store }

// everything is what a host can ask of a monitor, with probes that rest after they
// were made.
func everything(c *monitor.Config) {
	p := probetest.NewScript()
	for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound, longrun.Queue} {
		c.Probes = append(c.Probes, monitor.Probe{Type: kind, Prober: p, Every: 24 * time.Hour})
	}
	alertingBy(newTelling())(c)
	hosted(calm())(c)
	c.EvidenceKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	c.AfterBeat = func(context.Context, longrun.Heartbeat) {}
}

func TestAnHourAtRestCostsAMonitorLittle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		blind                      bool
		leaderReads, followerReads int
	}{
		"a store that can watch":    {false, 130, 61},
		"a store that cannot watch": {true, 130, 130},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var inner store.Store = memstore.New(nil)
				if c.blind {
					inner = blind{inner}
				}
				l, err := ledger.New(inner, "")
				require.NoError(t, err)
				settings := longrun.DefaultSettings(time.Minute)
				settings.RetentionDays = map[string]int64{string(ledger.Heartbeats): 30}
				_, err = l.PutSettings(t.Context(), settings, "")
				require.NoError(t, err)
				ofLeader, ofFollower := storetest.Wrap(inner), storetest.Wrap(inner)
				leader := start(t, ofLeader, "a", everything)
				time.Sleep(time.Minute)
				follower := start(t, ofFollower, "b", everything)
				time.Sleep(26*time.Hour + 30*time.Second) // a day was closed, the probes were made

				commits, reads := anHour(ofLeader)
				t.Logf("leader: %d commits, %d reads", commits, reads)
				require.LessOrEqual(t, commits, 61)
				require.LessOrEqual(t, reads, c.leaderReads)
				commits, reads = anHour(ofFollower)
				t.Logf("follower: %d commits, %d reads", commits, reads)
				require.Zero(t, commits)
				require.LessOrEqual(t, reads, c.followerReads)
				require.Len(t, results(t, inner), 2*3)
				require.Equal(t, monitor.Leading, leader.Status().State)
				require.Equal(t, monitor.Standby, follower.Status().State)
				follower.end()
				leader.end()
			})
		})
	}
}
