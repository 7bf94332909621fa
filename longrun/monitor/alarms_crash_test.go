package monitor_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// crashSeeds is how many histories of crashes are tried.
const crashSeeds = 60

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
	var where tally
	all := seedtest.Histories(crashSeeds)
	sideBySide(t, all, func(t *testing.T, seed uint64) { crashes(t, seed, &where) })
	for _, what := range []string{"the decision", "the claim", "the message", "the mark"} {
		for _, when := range []string{"before ", "after "} {
			require.True(t, where.of(when+what) > 0 || all < crashSeeds, "nobody died %s%s", when, what)
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
	words := checkDelivery(t, st, rec)
	incidents := incidentsOf(t, st)
	for _, i := range incidents {
		require.NotNil(t, i.TSEnd, i.IncidentID)
		if all := words[topicOf(i.Rule, i.Target)]; len(all) > 0 {
			require.NotNil(t, all[len(all)-1].Until, "the last word of %s is that it fires", i.IncidentID)
		}
	}
	for _, tr := range troubles {
		found := false
		for _, i := range incidents {
			found = found || i.Rule == tr.rule && i.TSStart.Before(tr.To) && i.TSEnd.After(tr.From)
		}
		require.True(t, found, "%s from %s was never an incident", tr.rule, tr.From)
	}
	checkThrottle(t, words, 10*time.Minute)
}

func topicOf(r longrun.RuleID, target string) string { return string(r) + " " + target }

// checkDelivery holds what people were told against what was decided, whatever
// happened: all of it arrived, the same if it came twice, and in its order. It
// returns the messages by what they are about, in their order, without those that a
// later one made needless.
func checkDelivery(t *testing.T, st store.Store, rec *alerttest.Recorder) (words map[string][]longrun.Notice) {
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
	decided := map[string]bool{}
	words = map[string][]longrun.Notice{}
	for _, n := range documents[longrun.Notice](t, st, ledger.Outbox) {
		id := string(n.Kind) + " " + n.Key
		require.False(t, decided[id], "two messages share a key: %s", id)
		decided[id] = true
		require.NotEqual(t, longrun.Waiting, n.State, id)
		if n.State == longrun.Obsolete {
			require.Equal(t, longrun.NoticeReminder, n.Kind, id)
			continue
		}
		require.Contains(t, arrived, id, "decided and never told")
		words[topicOf(n.Rule, n.Target)] = append(words[topicOf(n.Rule, n.Target)], n)
	}
	for id := range arrived {
		require.True(t, decided[id], "told and never decided: %s", id)
	}
	for topic, all := range words {
		slices.SortFunc(all, func(a, b longrun.Notice) int { return cmp.Compare(seqOf(t, a), seqOf(t, b)) })
		fires := false
		for n, one := range all {
			if one.Kind == longrun.NoticeResolved {
				require.True(t, fires, "%s: resolved and never fired: %s", topic, one.Key)
			}
			if fires = one.Until == nil; one.Kind == longrun.NoticeFlapping {
				fires = true // its end is told
			}
			if n > 0 && one.Kind != longrun.NoticeReminder && all[n-1].Kind != longrun.NoticeReminder {
				require.Less(t, order[string(all[n-1].Kind)+" "+all[n-1].Key], order[string(one.Kind)+" "+one.Key], "%s came too early", one.Key)
			}
		}
	}
	return words
}

// seqOf is the number at the end of a message's key.
func seqOf(t *testing.T, n longrun.Notice) int {
	t.Helper()
	seq, err := strconv.Atoi(n.Key[strings.LastIndexByte(n.Key, '-')+1:])
	require.NoError(t, err)
	return seq
}

// checkThrottle: of one rule and target, a reminder a throttle after what it reminds
// of, and never more words than six at once and one in each throttle.
func checkThrottle(t *testing.T, words map[string][]longrun.Notice, throttle time.Duration) {
	t.Helper()
	for topic, all := range words {
		var last time.Time
		for n, one := range all {
			if one.Kind == longrun.NoticeReminder && n > 0 && all[n-1].Kind != longrun.NoticeFlapping {
				require.GreaterOrEqual(t, one.Created.Sub(last), throttle, "%s: %s", topic, one.NoticeID)
			}
			if one.Kind == longrun.NoticeFiring || one.Kind == longrun.NoticeReminder {
				last = one.Created
			}
			for k := range n {
				most := 6 + int(one.Created.Sub(all[k].Created)/min(throttle, time.Hour))
				require.LessOrEqual(t, n-k+1, most, "%s: too many words up to %s", topic, one.NoticeID)
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
