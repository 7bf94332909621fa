package recorded

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/iterator"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

func TestTodaysMonitorGoesOnWithAFile(t *testing.T) {
	t.Parallel()
	g, path := readGolden(t), databaseFile(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(g.End.Add(time.Second)))
		goOn(t, openFile(t, path, clock.New()), g)
	})
}

func TestTodaysMonitorGoesOnWithFirestore(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	st, client := openExport(t)
	before := typesOf(t, client)
	w := newInWorld(t, st, g.End)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(g.End.Add(time.Second)))
		w.clock = clock.New()
		goOn(t, w, g)
	})
	// A whole number where a fraction was, or a text where a time was, is another
	// type to Firestore and to whoever queries it.
	for path, types := range typesOf(t, client) {
		if known := before[path]; len(known) > 0 {
			for of := range types {
				require.Contains(t, known, of, path)
			}
		}
	}
}

// listener is a way to people that is open.
type listener struct {
	mu    sync.Mutex
	heard []alert.Message
}

func (l *listener) Alert(_ context.Context, m alert.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Kind == alert.Digest {
		l.heard = append(l.heard, m.Parts...)
	} else {
		l.heard = append(l.heard, m)
	}
	return nil
}

// times is how often a message was heard.
func (l *listener) times(kind, key string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.heard {
		if string(m.Kind) == kind && m.Key == key {
			n++
		}
	}
	return n
}

// goOn has today's monitor go on with the history, a second after its end and until
// its last day and the next night are over. It runs in a bubble.
func goOn(t *testing.T, st store.Store, g golden) {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	before := documents(t, l)
	people := &listener{}
	m := start(t, st, "gamma", "c0ffee03", people, slog.New(slog.DiscardHandler))
	until := func(day, hour, minute int) { time.Sleep(time.Until(on(day, hour, minute, 5))) }

	until(25, 6, 50)
	requireTakenOver(t, l, m, g)
	until(25, 7, 20)
	for _, id := range g.Open {
		e, err := l.Incident(t.Context(), id)
		require.NoError(t, err)
		require.True(t, e.Value.Open(), "%s goes on as long as its trouble does", id)
	}
	// One of each that only people write.
	settings, version, err := m.Settings(t.Context())
	require.NoError(t, err)
	settings.ExpectedAccounts = 1
	_, err = m.PutSettings(t.Context(), settings, version)
	require.NoError(t, err)
	_, err = m.Silence(t.Context(), longrun.Silence{Rule: rules.ReconnectLoop, Until: on(25, 9, 0, 0), By: "operator", Reason: "again"})
	require.NoError(t, err)
	_, err = m.RunProbe(t.Context(), longrun.Outbound)
	require.NoError(t, err)

	until(26, 1, 30)
	require.Equal(t, monitor.Leading, m.Status().State)
	require.Equal(t, g.Lock.Epoch+1, m.Status().Epoch)
	m.end()

	requireResolved(t, l, g)
	requireTold(t, l, people, g)
	requireClosed(t, l, before, g)
	for _, o := range checks(t.Context(), t, l, time.Now()) {
		if o.Check != "probes" { // of a queue that is not configured
			require.Equal(t, verify.Pass, o.Verdict, "%s: %v", o.Check, o.Problems)
		}
	}
	after := documents(t, l)
	requireFields(t, before, after, g)
	requireNames(t, before)
	requireNames(t, after)
}

// requireTakenOver asks for the lease of the dead leader, and for a beat that is
// chained to its last one.
func requireTakenOver(t *testing.T, l *ledger.Ledger, m *actor, g golden) {
	t.Helper()
	require.Equal(t, monitor.Leading, m.Status().State)
	require.Equal(t, g.Lock.Epoch+1, m.Status().Epoch)
	var first longrun.Heartbeat
	for e, err := range l.Heartbeats(t.Context(), ledger.Page{From: g.End}) {
		require.NoError(t, err)
		require.Equal(t, g.Lock.Epoch+1, e.Value.Epoch)
		if e.Value.ChainSeq == g.Lock.ChainSeq+1 {
			first = e.Value
		}
	}
	require.Equal(t, g.Lock.Hash, first.PrevHash)
	require.Equal(t, "gamma", first.InstanceID)
	lost := 0
	for e, err := range l.Runs(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		if e.Value.Ended == longrun.Lost && e.Value.EndedBy == "gamma" {
			require.Equal(t, g.Lock.Holder, e.Value.InstanceID)
			lost++
		}
	}
	require.Equal(t, 1, lost, "the run of the dead leader is marked")
}

// requireResolved asks that the incidents that were open are over, and are the same
// ones.
func requireResolved(t *testing.T, l *ledger.Ledger, g golden) {
	t.Helper()
	require.NotEmpty(t, g.Open)
	for _, id := range g.Open {
		e, err := l.Incident(t.Context(), id)
		require.NoError(t, err)
		i := e.Value
		require.False(t, i.Open(), id)
		require.Equal(t, "gamma", i.ClosedBy)
		require.WithinDuration(t, backAt(), *i.TSEnd, interval, id)
		require.InDelta(t, i.TSEnd.Sub(i.TSStart).Seconds(), *i.MTTRSec, 0.001)
		for e, err := range l.Incidents(t.Context(), ledger.Page{From: g.End}) {
			require.NoError(t, err)
			require.NotEqual(t, i.Rule, e.Value.Rule, "the trouble went on: it is no second one")
		}
	}
}

// requireTold asks that what waited to be said was said once, or was overtaken by
// what says more, and that what had been said was not said again.
func requireTold(t *testing.T, l *ledger.Ledger, people *listener, g golden) {
	t.Helper()
	firing := 0
	for e, err := range l.Notices(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		n := e.Value
		require.NotEqual(t, longrun.Waiting, n.State, n.NoticeID)
		heard := people.times(string(n.Kind), n.Key)
		waited := slices.Contains(g.Waiting, n.NoticeID)
		switch {
		case n.Created.Before(g.End) && !waited:
			require.Zero(t, heard, "%s had its end", n.NoticeID)
		case waited && n.Kind == longrun.NoticeFiring:
			firing++
			require.Equal(t, longrun.Sent, n.State, n.NoticeID)
			require.Equal(t, 1, heard, n.NoticeID)
			require.True(t, n.SentAt.After(g.End))
		case n.State == longrun.Sent:
			require.Equal(t, 1, heard, n.NoticeID)
		}
	}
	require.Positive(t, firing)
	for _, id := range g.Open {
		told := 0
		for _, m := range people.heard {
			if m.IncidentID == id && m.Kind == alert.Resolved {
				told++
			}
		}
		require.Equal(t, 1, told, "that %s is over", id)
	}
}

// requireClosed asks that old seals stand as they are, that the days since are
// rolled up and sealed behind them, and that retention goes on.
func requireClosed(t *testing.T, l *ledger.Ledger, before map[ledger.Collection]map[string]map[string]any, g golden) {
	t.Helper()
	after := documents(t, l)
	for date, doc := range g.Rollups {
		require.Contains(t, after[ledger.Rollups], date)
		require.NotNil(t, object(t, doc)["seal"], date)
		require.Equal(t, object(t, doc)["seal"], after[ledger.Rollups][date]["seal"], date)
	}
	last, err := l.Rollup(t.Context(), on(24, 0, 0, 0))
	require.NoError(t, err)
	// An incident that began on it has ended since.
	require.Greater(t, plain(t, last.Value)["revision"], object(t, g.Rollups[last.Value.Date])["revision"])
	e, err := l.Rollup(t.Context(), on(25, 0, 0, 0))
	require.NoError(t, err)
	r := e.Value
	require.NoError(t, coverage.Check(r))
	require.Equal(t, r.ExpectedHb, r.WrittenHb+r.MissedHb)
	require.EqualValues(t, 144, r.ExpectedHb)
	require.Len(t, r.Gaps, 1)
	require.Equal(t, longrun.Crash, r.Gaps[0].Cause)
	require.Nil(t, r.Seal)
	require.Positive(t, r.Batch)
	key, _ := signingKey().Public().(ed25519.PublicKey)
	b, err := l.NewestBatch(t.Context())
	require.NoError(t, err)
	_, err = evidence.VerifyCheckpoint(b.Value.Checkpoint, key)
	require.NoError(t, err)

	kept := on(22, 0, 0, 0) // four days before the 26th
	pruned := 0
	for id, doc := range before[ledger.Heartbeats] {
		now, is := after[ledger.Heartbeats][id]
		at, err := longrun.ParseSlotID(id)
		require.NoError(t, err)
		require.Equal(t, !at.Before(kept), is, "%s is kept", id)
		if is {
			require.Equal(t, doc, now, "a beat is never rewritten")
		} else {
			pruned++
		}
	}
	require.Positive(t, pruned)
	for _, c := range ledger.Collections() {
		for id := range before[c] {
			if c != ledger.Heartbeats {
				require.Contains(t, after[c], id, c)
			}
		}
	}
}

// requireFields asks that what was written since has every field that documents of
// its collection had, at every depth.
func requireFields(t *testing.T, before, after map[ledger.Collection]map[string]map[string]any, g golden) {
	t.Helper()
	for _, c := range ledger.Collections() {
		fresh := map[string]map[string]any{}
		for id, doc := range after[c] {
			if was, known := before[c][id]; !known || !reflect.DeepEqual(was, doc) {
				fresh[id] = doc
			}
		}
		if c == ledger.Restores || c == ledger.Witnessed {
			continue // an operator writes those, and no monitor
		}
		require.NotEmpty(t, fresh, "nothing was written into %s", c)
		have := shapeOf(fresh)
		for path, names := range g.Fields[string(c)] {
			if _, there := have[path]; there { // an empty list has no elements
				require.Subset(t, have[path], names, "%s%s has lost a field", c, path)
			}
		}
	}
}

// requireNames asks that documents are named as ever.
func requireNames(t *testing.T, all map[ledger.Collection]map[string]map[string]any) {
	t.Helper()
	for c, pattern := range map[ledger.Collection]string{
		ledger.Config:     `current`,
		ledger.Locks:      `heartbeat-scheduler`,
		ledger.Runs:       `RUN_[a-z]+_\d{8}T\d{6}`,
		ledger.Heartbeats: `\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d`,
		ledger.Probes:     `(OUT|IN|QUEUE)_\d{8}T\d{2}(\d{2}){0,2}`,
		ledger.Incidents:  `[a-z_]+_\d{8}T\d{6}(_[a-z]+)?`,
		ledger.Rules:      `[a-z_]+`,
		ledger.Silences:   `\d{8}T\d{6}_[0-9a-f]{8}`,
		ledger.Outbox:     `[a-z_]+_\d{8}T\d{6}(_[a-z]+)?_\d+`,
		ledger.Rollups:    `\d{4}-\d\d-\d\d`,
		ledger.Evidence:   `\d+`,
	} {
		if c != ledger.Evidence { // which the recording version did not know
			require.NotEmpty(t, all[c])
		}
		for id := range all[c] {
			require.Regexp(t, "^"+pattern+"$", id, c)
		}
	}
}

// typesOf are the types that Firestore has for the fields of all documents, by
// collection and path; null has none.
func typesOf(t *testing.T, client *firestore.Client) map[string]map[string]bool {
	t.Helper()
	types := map[string]map[string]bool{}
	for _, c := range ledger.Collections() {
		docs := client.Collection(ledger.DefaultRoot + "/" + string(c)).Documents(t.Context())
		for {
			doc, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			require.NoError(t, err)
			addTypes(types, string(c), doc.Data())
		}
	}
	return types
}

func addTypes(types map[string]map[string]bool, path string, v any) {
	var of string
	switch v := v.(type) {
	case nil:
		return
	case map[string]any:
		of = "map"
		for name, field := range v {
			addTypes(types, path+"."+name, field)
		}
	case []any:
		of = "list"
		for _, element := range v {
			addTypes(types, path+"[]", element)
		}
	case int64:
		of = "whole number"
	case float64:
		of = "number"
	case string:
		of = "text"
	case bool:
		of = "bool"
	case time.Time:
		of = "time"
	default:
		of = "something else"
	}
	if types[path] == nil {
		types[path] = map[string]bool{}
	}
	types[path][of] = true
}
