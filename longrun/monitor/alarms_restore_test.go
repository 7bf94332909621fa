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

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestDocumentsThatMakeNoSenseStopNoAlert(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		now := time.Now().UTC()
		odd := map[string]any{"ts": now, "rule": 7, "state": []string{"firing"}, "created": "yesterday", "incidentId": 3.5}
		for _, c := range []ledger.Collection{ledger.Rules, ledger.Outbox, ledger.Incidents, ledger.Silences} {
			put(t, st, c, "odd", odd)
		}
		state := rules.State{TS: now, Rule: "of_a_later_version", Phase: rules.Firing, Since: &now, IncidentID: "later", Notified: true, Seq: 4}
		put(t, st, ledger.Rules, "of_a_later_version", state)
		state.Rule, state.Since = rules.InsufficientData, nil
		put(t, st, ledger.Rules, "insufficient_data", state) // fires since never
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		require.NotZero(t, n.Status().Alerts.Judged)
		require.Empty(t, rec.Calls())
		host.queue(tooDeep)
		time.Sleep(10 * time.Minute)
		n.end()
		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
		require.Equal(t, 2, n.log.count("a mangled document is passed over"), "of rules and outbox, once each")
	})
}

func TestWhatFiresGoesOnThoughItsIncidentIsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		id       string // in the state
		document any    // of the incident
	}{
		"missing":      {"queue_depth_20000101T000000", nil},
		"mangled":      {"queue_depth_20000101T000000", map[string]any{"ts": "never", "tsStart": 1}},
		"no ID":        {"", nil},
		"no ID at all": {strings.Repeat("x", 600), nil},
		"another's":    {"queue_depth_20000101T000000", longrun.Incident{IncidentID: "x/y", Rule: rules.LoggedOut, Target: "z", TSStart: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), TS: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), Summary: "500 messages"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st, rec, host := memstore.New(nil), newTelling(), calm()
				since := time.Now().UTC()
				put(t, st, ledger.Rules, "queue_depth", rules.State{TS: since, Rule: rules.QueueDepth, Phase: rules.Firing, Since: &since, IncidentID: c.id, Notified: true, Seq: 4, LastSent: &since})
				if c.document != nil {
					put(t, st, ledger.Incidents, c.id, c.document)
				}
				host.queue(tooDeep)
				n := start(t, st, "a", alertingBy(rec), hosted(host))
				time.Sleep(30*time.Minute + time.Second)
				require.Empty(t, rec.Calls(), "it was told")
				require.Equal(t, rules.Firing, n.Status().Alerts.Alarms[0].Phase)
				require.NotEmpty(t, n.Status().Alerts.Alarms[0].Summary)
				all := incidentsOf(t, st)
				require.Len(t, all, 1)
				require.True(t, all[0].Open())
				require.Equal(t, since, all[0].TSStart)
				host.queue(0)
				time.Sleep(10 * time.Minute)
				n.end()
				require.Equal(t, []string{"resolved queue_depth"}, titles(rec.Messages()))
				m := rec.Messages()[0]
				require.Equal(t, "#queue_depth-5", m.Key)
				require.Equal(t, since, m.Since)
				all = incidentsOf(t, st)
				require.Len(t, all, 1)
				require.Equal(t, "queue_depth_20000101T000000", all[0].IncidentID)
				require.Equal(t, rules.QueueDepth, all[0].Rule)
				require.NotNil(t, all[0].TSEnd)
			})
		})
	}
}

func TestAMessageIsWhereItLiesWhateverItSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		now := time.Now().UTC()
		put(t, st, ledger.Outbox, "here", longrun.Notice{NoticeID: "", TS: now, Created: now, Kind: longrun.NoticeFiring, State: longrun.Waiting, Key: "#queue_depth-1", IncidentID: "i", Rule: rules.QueueDepth})
		host.queue(tooDeep)
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		n.end()
		require.Len(t, flat(rec.Messages()), 2)
		for _, one := range notices(t, st) {
			require.Equal(t, longrun.Sent, one.State)
		}
		require.Len(t, documents[rules.State](t, st, ledger.Rules), 1)
	})
}

func TestAlertsWaitForAStoreThatCannotBeReadAndCome(t *testing.T) {
	t.Parallel()
	for _, c := range []ledger.Collection{ledger.Rules, ledger.Outbox, ledger.Heartbeats} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st, rec, host := storetest.Wrap(memstore.New(nil)), newTelling(), calm()
				began := time.Now()
				heal := st.Inject(storetest.Fault{Before: func(_ context.Context, call storetest.Call) error {
					if call.Method == storetest.Scan && strings.HasSuffix(call.Key.Collection, "/"+string(c)) {
						return errAway
					}
					return nil
				}})
				host.queue(tooDeep)
				n := start(t, st, "a", alertingBy(rec), hosted(host))
				time.Sleep(30*time.Minute + time.Second)
				require.Empty(t, rec.Calls())
				require.Equal(t, 1, n.log.count("alerts wait"))
				heal()
				time.Sleep(10 * time.Second)
				require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
				n.end()
				cov := cover(t, st, began)
				require.Equal(t, cov.Expected, cov.Written)
			})
		})
	}
}

// Beats that wait are written while a new lead reads which slots are filled: it
// finds each of them in one place or the other.
func TestABeatThatIsWrittenWhileTheSlotsAreReadIsNotMissed(t *testing.T) {
	t.Parallel()
	for slow := range 8 { // one of the reads of a take-over after the other
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			st, rec := storetest.Wrap(memstore.New(nil)), newTelling()
			n := start(t, st, "a", alertingBy(rec))
			time.Sleep(2*time.Hour + 20*time.Second)
			heal := cut(st)
			time.Sleep(20 * time.Minute)
			var mu sync.Mutex
			reads := 0
			st.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
				if c.Method != storetest.Scan || !strings.HasSuffix(c.Key.Collection, "/"+string(ledger.Heartbeats)) {
					return nil
				}
				mu.Lock()
				wait := reads == slow
				reads++
				mu.Unlock()
				if wait {
					time.Sleep(3 * time.Second) // what was read is on its way
				}
				return nil
			}})
			heal()
			time.Sleep(30 * time.Minute)
			n.end()
			c := cover(t, st, began)
			require.Equal(t, c.Expected, c.Written)
			require.NotContains(t, titles(rec.Messages()), "firing missed_heartbeats")
		})
	}
}

// Who led long ago and leads again judges what the host says now.
func TestWhatTheHostSaidBeforeAnotherLedIsNotJudged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		own := storetest.Wrap(mem)
		var depth atomic.Int64
		a := start(t, own, "a", alertingBy(rec), func(c *monitor.Config) {
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				d := depth.Load()
				time.Sleep(time.Second)
				return longrun.HostStatus{QueueDepth: d}, nil
			}
		})
		time.Sleep(time.Second)
		b := start(t, mem, "b", alertingBy(rec))
		time.Sleep(10 * time.Minute)
		heal := cut(own)
		time.Sleep(90 * time.Second)
		depth.Store(tooDeep) // a makes beats that say so, and nobody judges them
		time.Sleep(90 * time.Second)
		require.Equal(t, monitor.Leading, b.Status().State)
		heal()
		depth.Store(0)
		time.Sleep(20*time.Minute + 20*time.Second)
		b.end()
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, a.Status().State)
		a.end()
		require.NotContains(t, titles(rec.Messages()), "firing queue_depth")
	})
}

// The host is asked once for the slot in which a lead begins, and the rules see
// what it said at once.
func TestTheRulesLookAtTheSlotInWhichALeadBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * time.Second)
		st, rec := memstore.New(nil), newTelling()
		asked := 0
		n := start(t, st, "a", alertingBy(rec), func(c *monitor.Config) {
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				asked++
				return longrun.HostStatus{QueueDepth: tooDeep}, nil
			}
		})
		time.Sleep(paced)
		require.Len(t, rec.Messages(), 1)
		require.Equal(t, 1, asked)
		require.Equal(t, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), n.Status().Alerts.Judged)
		n.end()
	})
}

// Beats that were made for longer slots leave no shorter ones empty.
func TestAShorterIntervalRaisesNoAlarmAboutTheTimeBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), newTelling()
		n := start(t, st, "a", alertingBy(rec), hosted(calm()), func(c *monitor.Config) { c.Interval = 5 * time.Minute })
		time.Sleep(6*time.Hour + time.Minute)
		n.end()
		n = start(t, st, "b", alertingBy(rec), hosted(calm()))
		time.Sleep(30*time.Minute + time.Second)
		require.Empty(t, rec.Calls())
		require.Len(t, documents[longrun.Heartbeat](t, st, ledger.Heartbeats), 73+31, "and b fills its own")
		day := n.Metrics().Coverage[0]
		require.Positive(t, day.Expected)
		require.Equal(t, day.Expected, day.Written)
		n.end()
	})
}
