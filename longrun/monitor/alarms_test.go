package monitor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// toldBy has a node's alerts recorded.
func toldBy(r *alerttest.Recorder) func(*monitor.Config) {
	return func(c *monitor.Config) { c.Alerter = r }
}

// host is what a node's host says of itself.
type host struct {
	mu     sync.Mutex
	status longrun.HostStatus
	err    error
}

func newHost(s longrun.HostStatus) *host { return &host{status: s} }

func (h *host) set(change func(*longrun.HostStatus)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(&h.status)
}

// queue sets how many messages wait.
func (h *host) queue(depth int64) { h.set(func(s *longrun.HostStatus) { s.QueueDepth = depth }) }

// fail has the host answer with an error; nil ends that.
func (h *host) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

func (h *host) ask(context.Context) (longrun.HostStatus, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.status
	s.Accounts = slices.Clone(s.Accounts)
	return s, h.err
}

// hosted has a node's host say what h says.
func hosted(h *host) func(*monitor.Config) {
	return func(c *monitor.Config) { c.Status = h.ask }
}

// titles are what a person sees first of each message: its kind and rule, and the
// parts of digests one by one.
func titles(messages []alert.Message) []string {
	var out []string
	for _, m := range messages {
		if m.Kind == alert.Digest {
			out = append(out, titles(m.Parts)...)
			continue
		}
		out = append(out, strings.TrimRight(fmt.Sprintf("%s %s %s", m.Kind, m.Rule, m.Target), " "))
	}
	return out
}

func documents[T any](t *testing.T, st store.Store, c ledger.Collection) []T {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	var out []T
	for e, err := range ledger.List[T](t.Context(), l, c, ledger.Page{}) {
		require.NoError(t, err)
		out = append(out, e.Value)
	}
	return out
}

func incidentsOf(t *testing.T, st store.Store) []longrun.Incident {
	t.Helper()
	return documents[longrun.Incident](t, st, ledger.Incidents)
}

func TestAnOutageOfAllInstancesIsToldOnceAtTheReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), &alerttest.Recorder{}
		own := storetest.Wrap(st)
		n := start(t, own, "a", toldBy(rec))
		time.Sleep(2*time.Hour + time.Second)
		kill(n, own)
		died := time.Now()
		time.Sleep(9 * time.Minute)

		n = start(t, st, "b", toldBy(rec))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"firing missed_heartbeats"}, titles(rec.Messages()))
		back := time.Now()
		time.Sleep(time.Hour)
		require.Equal(t, []string{"firing missed_heartbeats", "resolved missed_heartbeats"}, titles(rec.Messages()))
		all := incidentsOf(t, st)
		require.Len(t, all, 2)
		require.Equal(t, rules.InstanceDied, all[0].Rule, "on record, and muted by the other")
		i := all[1]
		require.Equal(t, []string{"a"}, i.Instances, "the dead one")
		require.Equal(t, longrun.SlotAt(died, time.Minute)+1, longrun.SlotAt(i.TSStart, time.Minute))
		require.Equal(t, longrun.SlotAt(back, time.Minute), longrun.SlotAt(*i.TSEnd, time.Minute))
		require.InDelta(t, i.TSEnd.Sub(i.TSStart).Seconds(), *i.MTTRSec, 0)
		require.InDelta(t, 8*60, *i.MTTRSec, 60)
		require.Len(t, i.Slots, int(*i.MTTRSec/60))
		m := rec.Messages()
		require.Equal(t, i.TSStart, m[1].Since)
		require.Equal(t, *i.TSEnd, m[1].Until)
		require.NotEqual(t, m[0].Key, m[1].Key)
		t.Log("\n" + m[0].Text() + "\n\n" + m[1].Text())
		n.end()
	})
}

func TestACleanHandoverAlertsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), &alerttest.Recorder{}
		for i := range 5 {
			n := start(t, st, fmt.Sprint("a", i), toldBy(rec))
			time.Sleep(3*time.Hour + 17*time.Second)
			n.end()
			time.Sleep(2 * time.Minute)
		}
		require.Empty(t, rec.Messages())
		require.Empty(t, incidentsOf(t, st))
	})
}

func TestTheHostsTroublesAreToldAndResolved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), &alerttest.Recorder{}
		host := newHost(longrun.HostStatus{Connected: 2, Healthy: true, Accounts: []longrun.AccountStatus{{ID: "ops"}, {ID: "+40712345678"}}})
		n := start(t, st, "a", toldBy(rec), hosted(host))
		time.Sleep(time.Hour)
		host.queue(500)
		host.set(func(s *longrun.HostStatus) {
			s.Accounts = []longrun.AccountStatus{{ID: "ops", Reconnects: 7, FirstReconnect: time.Now().Add(-20 * time.Minute), LastReconnect: time.Now()}, {ID: "+40712345678", LoggedOut: true, Since: time.Now(), Reason: "logged_out_401"}}
		})
		time.Sleep(2 * time.Minute)
		require.ElementsMatch(t, []string{"firing logged_out +*********78", "firing reconnect_loop ops", "firing queue_depth"}, titles(rec.Messages()))
		require.Len(t, rec.Messages(), 1, "what is due together is one message")
		host.queue(3)
		host.set(func(s *longrun.HostStatus) { s.Accounts = []longrun.AccountStatus{{ID: "ops"}} })
		time.Sleep(20 * time.Minute)
		got := titles(rec.Messages())
		slices.Sort(got[3:])
		require.Equal(t, []string{"resolved logged_out +*********78", "resolved queue_depth", "resolved reconnect_loop ops"}, got[3:])
		for _, i := range incidentsOf(t, st) {
			require.NotNil(t, i.TSEnd, i.IncidentID)
		}
		n.end()
	})
}

// What goes on is told again as it is by now, and its incident as it began.
func TestAReminderSaysHowItIsByNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec, host := memstore.New(nil), newTelling(), calm()
		m := start(t, mem, "a", alertingBy(rec), hosted(host))
		time.Sleep(10 * time.Minute)
		host.queue(tooDeep)
		time.Sleep(30 * time.Minute)
		host.queue(2 * tooDeep)
		time.Sleep(40 * time.Minute)
		m.end()
		got := rec.Messages()
		require.Len(t, got, 2)
		require.Contains(t, got[0].Summary, "500 messages")
		require.Equal(t, alert.Reminder, got[1].Kind)
		require.Contains(t, got[1].Summary, "1000 messages")
		require.Equal(t, got[0].Since, got[1].Since)
		require.Contains(t, documents[longrun.Incident](t, mem, ledger.Incidents)[0].Summary, "500 messages")
	})
}

// Of several gaps the time to repair is that without beats, and not what lies between.
func TestTheTimeToRepairOfGapsIsThatWithoutBeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		own := storetest.Wrap(mem)
		n := start(t, own, "a", alertingBy(rec))
		time.Sleep(time.Hour - 10*time.Second) // not as a slot begins: whether it has a beat would be chance
		for range 3 {
			kill(n, own)
			time.Sleep(2*time.Minute + 30*time.Second)
			own = storetest.Wrap(mem)
			n = start(t, own, "a", alertingBy(rec))
			time.Sleep(2*time.Minute + 30*time.Second)
		}
		time.Sleep(time.Hour)
		n.end()
		all := incidentsOf(t, mem)
		i := all[slices.IndexFunc(all, func(i longrun.Incident) bool { return i.Rule == rules.MissedHeartbeats })]
		require.Greater(t, len(i.Gaps), 1)
		missed := 0
		for _, g := range i.Gaps {
			missed += g.Missed
		}
		require.InDelta(t, 60*missed, *i.MTTRSec, 0)
		require.Less(t, *i.MTTRSec, i.TSEnd.Sub(i.TSStart).Seconds()-60)
		require.Contains(t, titles(rec.Messages()), "resolved missed_heartbeats")
	})
}
