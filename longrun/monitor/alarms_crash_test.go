package monitor_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
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

// crashSeeds is how many histories of crashes are tried.
const crashSeeds = 200

// mortal is an instance that dies in the middle of one of its steps: before or
// after a commit of alerts, before or after a message is sent.
type mortal struct {
	name string
	own  *storetest.Faulty
	node *node
	rec  *alerttest.Recorder
	// channel is asked instead of rec where there is one.
	channel alert.Alerter

	mu    sync.Mutex
	left  int // steps until it dies
	dead  bool
	where *tally
}

// step counts one step down, and reports whether the instance is dead.
func (m *mortal) step(what string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return true
	}
	if m.left--; m.left == 0 {
		m.dead = true
		m.where.add(what)
	}
	return m.dead
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

func (m *mortal) Alert(ctx context.Context, msg alert.Message) error {
	if m.step("before the message") {
		return errAway
	}
	if err := m.rec.Alert(ctx, msg); err != nil {
		return err
	}
	if m.step("after the message") {
		return errAway
	}
	return nil
}

// kindOf says which step of an alert a commit is; empty for other commits.
func kindOf(ops []store.Op) string {
	for _, op := range ops {
		switch {
		case strings.HasSuffix(op.Key.Collection, "/"+string(ledger.Rules)):
			return "the decision"
		case strings.HasSuffix(op.Key.Collection, "/"+string(ledger.Outbox)):
			if n, ok := op.Value.(longrun.Notice); ok && n.State == longrun.Waiting {
				return "the claim"
			}
			return "the mark"
		}
	}
	return ""
}

func (m *mortal) up(t *testing.T, st store.Store, host func() longrun.HostStatus, left int) {
	m.mu.Lock() // a call that the life before left behind may still look
	m.dead, m.left = false, left
	m.mu.Unlock()
	m.own = storetest.Wrap(st)
	m.own.Inject(storetest.Fault{
		Before: func(_ context.Context, c storetest.Call) error {
			what := kindOf(c.Ops)
			if what != "" && m.step("before "+what) || m.isDead() {
				return errAway
			}
			return nil
		},
		After: func(_ context.Context, c storetest.Call) error {
			if what := kindOf(c.Ops); what != "" && m.step("after "+what) {
				return errAway
			}
			return nil
		},
	})
	m.node = start(t, m.own, m.name, func(c *monitor.Config) {
		c.Alerter = m
		if m.channel != nil {
			c.Alerter = m.channel
		}
		c.Status = func(context.Context) (longrun.HostStatus, error) { return host(), nil }
	})
}

// trouble is a time in which one thing is wrong.
type trouble struct {
	rule longrun.RuleID
	longrun.Window
}

func TestNoCrashLosesAnAlert(t *testing.T) { //nolint:tparallel // sideBySide does, and waits for them
	t.Parallel()
	seeds := crashSeeds
	if testing.Short() {
		seeds = 20
	}
	var where tally
	sideBySide(t, seeds, func(t *testing.T, seed uint64) { crashes(t, seed, &where) })
	for _, what := range []string{"the decision", "the claim", "the message", "the mark"} {
		for _, when := range []string{"before ", "after "} {
			require.True(t, where.of(when+what) > 0 || testing.Short(), "nobody died %s%s", when, what)
		}
	}
}

// crashes is one history: troubles come and go, and whoever leads dies again and
// again.
func crashes(t *testing.T, seed uint64, where *tally) {
	rng := rand.New(rand.NewPCG(seed, 7))
	st, rec := memstore.New(nil), &alerttest.Recorder{}
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	settings := longrun.DefaultSettings(time.Minute)
	settings.AlertThresholds.ThrottleSec = 600
	settings.InsufficientDataThreshold = 0 // nothing fires any more when it ends
	_, err = l.PutSettings(t.Context(), settings, "")
	require.NoError(t, err)

	began := time.Now()
	var troubles []trouble
	for at := began.Add(10 * time.Minute); at.Before(began.Add(100 * time.Minute)); at = at.Add(35 * time.Minute) {
		for _, rule := range []longrun.RuleID{rules.QueueDepth, rules.LoggedOut} {
			from := at.Add(time.Duration(rng.IntN(300)) * time.Second)
			troubles = append(troubles, trouble{rule, longrun.Window{From: from, To: from.Add(18 * time.Minute)}})
		}
	}
	host := func() longrun.HostStatus {
		s := longrun.HostStatus{Connected: 1, Healthy: true, Accounts: []longrun.AccountStatus{{ID: "ops"}}}
		for _, tr := range troubles {
			switch {
			case !tr.Contains(time.Now()):
			case tr.rule == rules.QueueDepth:
				s.QueueDepth = 500
			default:
				s.Accounts[0].LoggedOut, s.Accounts[0].Since = true, tr.From
			}
		}
		return s
	}
	nodes := []*mortal{{name: "a", rec: rec, where: where}, {name: "b", rec: rec, where: where}}
	for _, m := range nodes {
		m.up(t, st, host, 1+rng.IntN(8))
	}
	for time.Since(began) < 110*time.Minute {
		time.Sleep(5 * time.Second)
		for _, m := range nodes {
			if m.isDead() {
				m.node.end()
				time.Sleep(time.Duration(rng.IntN(60)) * time.Second)
				m.up(t, st, host, 1+rng.IntN(20))
			}
		}
	}
	for _, m := range nodes {
		m.mu.Lock()
		m.left = 1 << 30
		m.mu.Unlock()
		if m.isDead() {
			m.node.end()
			m.up(t, st, host, 1<<30)
		}
	}
	time.Sleep(20 * time.Minute)
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(90 * time.Second))) // not while a slot is judged
	for _, m := range nodes {
		m.node.end()
	}
	checkAlerts(t, st, rec, troubles)
}

// checkAlerts holds what people were told against what was decided, and that
// against what was wrong.
func checkAlerts(t *testing.T, st store.Store, rec *alerttest.Recorder, troubles []trouble) {
	t.Helper()
	sent, told, resolved := checkDelivery(t, st, rec)
	incidents := incidentsOf(t, st)
	for _, i := range incidents {
		require.NotNil(t, i.TSEnd, i.IncidentID)
		if _, ok := told[i.IncidentID]; ok {
			require.Contains(t, resolved, i.IncidentID)
		}
	}
	for _, tr := range troubles {
		found := false
		for _, i := range incidents {
			found = found || i.Rule == tr.rule && i.TSStart.Before(tr.To) && i.TSEnd.After(tr.From)
		}
		require.True(t, found, "%s from %s was never an incident", tr.rule, tr.From)
	}
	checkThrottle(t, sent, 10*time.Minute)
}

// checkDelivery holds what people were told against what was decided, whatever
// happened: all of it arrived, the same if it came twice, the beginning before
// the end. It returns the messages by kind and key, and of each incident the one
// that told of it and the one that told of its end.
func checkDelivery(t *testing.T, st store.Store, rec *alerttest.Recorder) (sent map[string]longrun.Notice, told, resolved map[string]string) {
	t.Helper()
	arrived := map[string]alert.Message{}
	order := map[string]int{}
	for _, m := range flat(rec.Messages()) {
		if m.Rule == string(rules.StoreUnreachable) {
			continue // told directly
		}
		id := string(m.Kind) + " " + m.Key
		if first, again := arrived[id]; again {
			require.Equal(t, first.Text(), m.Text(), "what comes twice is the same")
		} else {
			arrived[id], order[id] = m, len(order)
		}
	}
	sent, told, resolved = map[string]longrun.Notice{}, map[string]string{}, map[string]string{}
	for _, n := range documents[longrun.Notice](t, st, ledger.Outbox) {
		id := string(n.Kind) + " " + n.Key
		require.NotContains(t, sent, id, "two messages share a key")
		sent[id] = n
		require.NotEqual(t, longrun.Waiting, n.State, id)
		if n.State == longrun.Obsolete {
			require.Equal(t, longrun.NoticeReminder, n.Kind, id)
			continue
		}
		require.Contains(t, arrived, id, "decided and never told")
	}
	for id, n := range sent {
		switch n.Kind {
		case longrun.NoticeFiring:
			require.NotContains(t, told, n.IncidentID, "one incident fires once")
			told[n.IncidentID] = id
		case longrun.NoticeReminder, longrun.NoticeResolved, longrun.NoNotice:
		}
	}
	for id := range arrived {
		require.Contains(t, sent, id, "told and never decided")
	}
	for id, n := range sent {
		if n.Kind == longrun.NoticeResolved {
			require.Contains(t, told, n.IncidentID, "resolved and never fired")
			require.Less(t, order[told[n.IncidentID]], order[id], "the end came before the beginning")
			resolved[n.IncidentID] = id
		}
	}
	return sent, told, resolved
}

// checkThrottle: of one rule and target, one message that says firing in each
// throttle.
func checkThrottle(t *testing.T, sent map[string]longrun.Notice, throttle time.Duration) {
	t.Helper()
	var firing []longrun.Notice
	for _, n := range sent {
		if n.Kind != longrun.NoticeResolved {
			firing = append(firing, n)
		}
	}
	for i := range firing {
		for _, o := range firing[:i] {
			if o.Rule == firing[i].Rule && o.Target == firing[i].Target {
				require.GreaterOrEqual(t, o.Created.Sub(firing[i].Created).Abs(), throttle, "%s and %s", o.NoticeID, firing[i].NoticeID)
			}
		}
	}
}

// flat takes digests apart.
func flat(messages []alert.Message) []alert.Message {
	var out []alert.Message
	for _, m := range messages {
		if m.Kind == alert.Digest {
			out = append(out, flat(m.Parts)...)
		} else {
			out = append(out, m)
		}
	}
	return out
}
