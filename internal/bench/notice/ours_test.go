package notice

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/stretchr/testify/require"
)

// throttle is how long nothing is repeated, as it is by default.
const throttle = time.Hour

var begun = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// board is ours: the state of each target, and the store that they go into.
type board struct {
	states map[string]rules.State
	book   *ledger.Ledger
	lease  *lock.Lease
}

func newBoard(tb testing.TB, st store.Store) *board {
	tb.Helper()
	book, err := ledger.New(st, "")
	require.NoError(tb, err)
	l, err := lock.New(st, book.LockKey(), nil)
	require.NoError(tb, err)
	lease, err := l.Acquire(tb.Context())
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = lease.Release(context.WithoutCancel(tb.Context())) })
	return &board{states: map[string]rules.State{}, book: book, lease: lease}
}

// file is a store on a disk.
func file(tb testing.TB) store.Store {
	tb.Helper()
	st, err := sqlitestore.Open(tb.Context(), filepath.Join(tb.TempDir(), "longrun.db"), nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	return st
}

func target(n int) string { return fmt.Sprint("account-", n) }

// decide looks at a target that is out, and says whether that is told now.
func (b *board) decide(name string, now time.Time) (rules.State, longrun.NoticeKind) {
	f := rules.CheckLoggedOut(longrun.AccountStatus{ID: name, LoggedOut: true, Since: begun})
	s, did := b.states[name].Next(f, rules.PolicyOf(f.Rule), now)
	return s.Tell(did, false, throttle, now)
}

// remember stores state, incident and message in one fenced commit.
func (b *board) remember(tb testing.TB, s rules.State, kind longrun.NoticeKind, now time.Time) {
	tb.Helper()
	const said = "the account is logged out until somebody scans its code"
	incident := longrun.Incident{
		IncidentID: s.IncidentID, Rule: s.Rule, Target: s.Target, Severity: rules.SeverityOf(s.Rule),
		TS: begun, TSStart: begun, Noticed: now, Summary: said, InstanceID: "one", Epoch: 1,
	}
	notice := longrun.Notice{
		NoticeID: longrun.NoticeID(s.IncidentID, s.Seq), TS: now, Created: now, Kind: kind, State: longrun.Waiting, Key: s.Key(),
		IncidentID: s.IncidentID, Rule: s.Rule, Target: s.Target, Severity: incident.Severity, Summary: said, Since: begun, InstanceID: "one",
	}
	require.NoError(tb, b.lease.Commit(tb.Context(), b.book.SetAlertState(s), b.book.SetIncident(incident), b.book.SetNotice(notice)))
	b.states[s.Target] = s
}

// tellAll decides and remembers for each target, and returns how long each took.
func (b *board) tellAll(tb testing.TB, n int, now time.Time) (took []time.Duration) {
	tb.Helper()
	for i := range n {
		name, from := target(i), time.Now()
		s, kind := b.decide(name, now)
		require.Equal(tb, longrun.NoticeFiring, kind, name)
		b.remember(tb, s, kind, now)
		took = append(took, time.Since(from))
	}
	return took
}

// known are the targets that another leader would find told in the store.
func known(tb testing.TB, st store.Store) (told int) {
	tb.Helper()
	book, err := ledger.New(st, "")
	require.NoError(tb, err)
	for e, err := range book.AlertStates(tb.Context(), ledger.Page{}) {
		require.NoError(tb, err)
		if e.Value.Notified {
			told++
		}
	}
	return told
}

func TestEachTargetIsToldOnceAndThatIsKnownAfterwards(t *testing.T) {
	t.Parallel()
	st := file(t)
	b := newBoard(t, st)
	now := begun.Add(time.Minute)
	b.tellAll(t, 20, now)
	for i := range 20 {
		_, kind := b.decide(target(i), now.Add(time.Minute))
		require.Equal(t, longrun.NoNotice, kind)
		_, kind = b.decide(target(i), now.Add(throttle))
		require.Equal(t, longrun.NoticeReminder, kind)
	}
	require.Equal(t, 20, known(t, st))
}
