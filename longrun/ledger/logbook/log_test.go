package logbook_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

var day0 = time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)

// stage is a store with some days of beats.
func stage(tb testing.TB, days int) (*memstore.Store, *ledger.Ledger, *logtest.Lease) {
	tb.Helper()
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	require.NoError(tb, err)
	var head evidence.Head
	for i := range days * 24 {
		h := longrun.Beat(day0.Add(time.Duration(i)*time.Hour), time.Hour)
		h.Healthy = true
		h, head = head.Next(h)
		_, err := st.Commit(tb.Context(), l.CreateHeartbeat(h))
		require.NoError(tb, err)
	}
	lease := &logtest.Lease{Store: st}
	lease.Grant(head.String())
	return st, l, lease
}

func closeDay(tb testing.TB, l *ledger.Ledger, log *logbook.Log, day int) ledger.Closing {
	tb.Helper()
	c, err := logtest.Close(tb.Context(), l, log, day0.AddDate(0, 0, day), day0.AddDate(0, 0, 30), time.Hour, "a")
	require.NoError(tb, err)
	return c
}

func tree(tb testing.TB, l *ledger.Ledger, number int64) evidence.Batch {
	tb.Helper()
	e, err := l.Batch(tb.Context(), number)
	require.NoError(tb, err)
	_, err = e.Value.Open()
	require.NoError(tb, err)
	return e.Value
}

// Where the note is lost, or the batch it names is missing or another one, another
// tree begins: none that might contradict what was signed.
func TestAnotherTreeBeginsWhereTheEndIsNotKnown(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*memstore.Store, *ledger.Ledger, *logtest.Lease){
		"the note is lost": func(_ *memstore.Store, _ *ledger.Ledger, lease *logtest.Lease) { lease.Grant("") },
		"the note is none": func(_ *memstore.Store, _ *ledger.Ledger, lease *logtest.Lease) { lease.Grant("spoilt") },
		"the batch is missing": func(st *memstore.Store, l *ledger.Ledger, _ *logtest.Lease) {
			_, err := st.Commit(context.Background(), store.Delete(l.Key(ledger.Evidence, "2")))
			require.NoError(t, err)
		},
		"the batch was changed": func(st *memstore.Store, l *ledger.Ledger, _ *logtest.Lease) {
			b := tree(t, l, 2)
			b.By = "x"
			_, err := st.Commit(context.Background(), store.Set(l.Key(ledger.Evidence, "2"), b))
			require.NoError(t, err)
		},
	} {
		st, l, lease := stage(t, 4)
		log := logbook.New(l, lease, logbook.Options{By: "a"})
		closeDay(t, l, log, 0)
		closeDay(t, l, log, 1)
		require.Equal(t, "wa_metrics/longrun", tree(t, l, 2).Tree)
		spoil(st, l, lease)
		told := ""
		log = logbook.New(l, lease, logbook.Options{By: "b", Anew: func(_ context.Context, tree string, _ error) { told = tree }})
		closeDay(t, l, log, 2)
		b := tree(t, l, 3)
		require.Equal(t, "wa_metrics/longrun#3", b.Tree, name)
		require.Zero(t, b.First, name)
		require.Equal(t, b.Tree, told)
		closeDay(t, l, log, 3)
		require.Equal(t, b.Size, tree(t, l, 4).First, "and goes on")
	}
}

// A commit of which nobody knows what became of it is found by the note.
func TestAnAdditionThatLandedUnseenIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	st, l, lease := stage(t, 2)
	log := logbook.New(l, lease, logbook.Options{By: "a"})
	closeDay(t, l, log, 0)
	gone := errors.New("gone")
	lease.Fault = func([]store.Op) error { return gone }
	_, err := logtest.Close(t.Context(), l, log, day0.AddDate(0, 0, 1), day0.AddDate(0, 0, 30), time.Hour, "a")
	require.ErrorIs(t, err, gone)
	lease.Fault = nil
	other := logbook.New(l, lease, logbook.Options{By: "b"}) // as if by the commit itself
	closeDay(t, l, other, 1)
	require.False(t, closeDay(t, l, log, 1).Changed)
	require.Len(t, st.Collections(), 3)
}

// unheard is a lease of which one commit lands without a word: at once, and what it is
// made of is asked for again; or when the next one is made.
type unheard struct {
	*logtest.Lease
	again, later bool

	pending logbook.Move
}

var errUnheard = errors.New("no reply")

func (u *unheard) Move(ctx context.Context, change logbook.Move) error {
	if landing := u.pending; landing != nil {
		u.pending = nil
		if err := u.Lease.Move(ctx, landing); err != nil {
			return err
		}
	}
	switch {
	case u.again:
		u.again = false
		if err := u.Lease.Move(ctx, change); err != nil {
			return err
		}
	case u.later:
		u.later = false
		next, ops, err := change(u.Note())
		u.pending = func(string) (string, []store.Op, error) { return next, ops, err }
		return errors.Join(err, errUnheard)
	}
	return u.Lease.Move(ctx, change)
}

// The log goes on behind what landed, in the tree that it was.
func TestTheNoteSaysWhatLandedUnheard(t *testing.T) {
	t.Parallel()
	for name, lease := range map[string]*unheard{"and is asked for again": {again: true}, "when the next is made": {later: true}} {
		_, l, inner := stage(t, 4)
		lease.Lease = inner
		again, later := lease.again, lease.later
		lease.again, lease.later = false, false
		log := logbook.New(l, lease, logbook.Options{By: "a"})
		closeDay(t, l, log, 0)
		lease.again, lease.later = again, later
		_, err := logtest.Close(t.Context(), l, log, day0.AddDate(0, 0, 1), day0.AddDate(0, 0, 30), time.Hour, "a")
		if again {
			require.NoError(t, err, name)
			_, err := l.Batch(t.Context(), 3)
			require.ErrorIs(t, err, store.ErrNotFound, name)
		} else {
			require.ErrorIs(t, err, errUnheard, name)
		}
		closeDay(t, l, log, 2)
		closeDay(t, l, log, 3)
		require.False(t, closeDay(t, l, log, 1).Changed, name)
		size := int64(0)
		for number := int64(1); number <= 4; number++ {
			b := tree(t, l, number)
			require.Equal(t, "wa_metrics/longrun", b.Tree, name)
			require.Equal(t, size, b.First, name)
			size = b.Size
		}
	}
}

// The rollups of earlier versions are in the first batch as they are, and are trusted
// by it; one that is not what was logged is made anew, or left where it is pruned.
func TestWhatEarlierVersionsLeftIsTakenOnce(t *testing.T) {
	t.Parallel()
	st, l, lease := stage(t, 3)
	for day := range 3 {
		r, err := l.RollDay(t.Context(), day0.AddDate(0, 0, day), day0.AddDate(0, 0, 30), time.Hour)
		require.NoError(t, err)
		if day < 2 {
			_, err = st.Commit(t.Context(), l.SetRollup(r))
			require.NoError(t, err)
		}
	}
	log := logbook.New(l, lease, logbook.Options{By: "a"})
	closeDay(t, l, log, 2)
	lines, err := evidence.ParseLines(tree(t, l, 1).Lines)
	require.NoError(t, err)
	require.Len(t, lines, 2+24+1)
	first := closeDay(t, l, log, 0)
	require.False(t, first.Forged)
	require.Len(t, first.Lines, 24)
	require.EqualValues(t, 2, first.Rollup.Batch)

	e, err := l.Rollup(t.Context(), day0.AddDate(0, 0, 1))
	require.NoError(t, err)
	e.Value.UptimePct = 1
	_, err = st.Commit(t.Context(), l.SetRollup(e.Value))
	require.NoError(t, err)
	c := closeDay(t, l, log, 1)
	require.True(t, c.Forged)
	require.True(t, c.Changed)
	require.InDelta(t, 100, c.Rollup.UptimePct, 0)
	c.Rollup.PrunedAt, c.Rollup.UptimePct = map[string]time.Time{"heartbeats": day0}, 1
	_, err = st.Commit(t.Context(), l.SetRollup(c.Rollup))
	require.NoError(t, err)
	c = closeDay(t, l, log, 1)
	require.True(t, c.Forged)
	require.False(t, c.Changed, "it is for verification to name")
}

// One beat with a prevHash that is none stops nothing: it is a leaf like any other,
// and the break is written down.
func TestAMalformedBeatIsLoggedLikeAnyOther(t *testing.T) {
	t.Parallel()
	st, l, lease := stage(t, 1)
	h := longrun.Beat(day0.Add(90*time.Minute), time.Hour)
	h.BucketID, h.ChainSeq, h.PrevHash = "odd one", 3, "nonsense"
	_, err := st.Commit(t.Context(), l.CreateHeartbeat(h))
	require.NoError(t, err)
	c := closeDay(t, l, logbook.New(l, lease, logbook.Options{By: "a"}), 0)
	require.Len(t, c.Lines, 25)
	require.EqualValues(t, 1, c.Broken)
	require.EqualValues(t, 1, tree(t, l, 1).Broken)
	require.Contains(t, tree(t, l, 1).Lines, "h odd%20one 3 ")
}

// A note that somebody made up is written down when it is gone on from.
func TestANoteThatWasMadeUpIsNotLaundered(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	_, l, lease := stage(t, 2)
	closeDay(t, l, logbook.New(l, lease, logbook.Options{By: "a", Key: key}), 0)
	note, err := evidence.ParseNote(lease.Note())
	require.NoError(t, err)
	note.Head.ChainSeq++
	lease.Grant(note.String())
	closeDay(t, l, logbook.New(l, lease, logbook.Options{By: "b", Key: key}), 1)
	require.EqualValues(t, 1, tree(t, l, 2).Broken)
}

// More lines than a batch has are in several, in one commit.
func TestADayOfSecondsIsLoggedInSeveralBatches(t *testing.T) {
	t.Parallel()
	_, l, lease := stage(t, 1)
	lines := make([]evidence.Line, 2*evidence.MaxLines+10)
	for i := range lines {
		lines[i] = evidence.Line{Kind: evidence.Probe, ID: fmt.Sprint(i)}
	}
	log := logbook.New(l, lease, logbook.Options{By: "a"})
	stored, err := log.Append(t.Context(), logbook.Addition{Now: day0, Lines: lines, Rollups: []logbook.Rollup{{Rollup: longrun.Rollup{TS: day0, Date: "2025-12-29", Revision: 1}}}})
	require.NoError(t, err)
	require.EqualValues(t, 3, stored[0].Batch)
	require.Equal(t, []int64{1, 2, 3}, stored[0].Batches)
	total := 0
	for n := range int64(3) {
		got, err := evidence.ParseLines(tree(t, l, n+1).Lines)
		require.NoError(t, err)
		total += len(got)
	}
	require.Equal(t, len(lines)+1, total)
}

func ExampleProve() {
	ctx, st := context.Background(), memstore.New(nil)
	l, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	if _, err := st.Commit(ctx, l.CreateHeartbeat(longrun.Beat(day0, time.Hour))); err != nil {
		panic(err)
	}
	log := logbook.New(l, &logtest.Lease{Store: st}, logbook.Options{By: "a"})
	_, err = logbook.Prove(ctx, l, ledger.Heartbeats, "2025-12-29T00-00-00")
	fmt.Println(errors.Is(err, logbook.ErrNotLogged))
	if _, err := logtest.Close(ctx, l, log, day0, day0.AddDate(0, 0, 2), time.Hour, "a"); err != nil {
		panic(err)
	}
	p, err := logbook.Prove(ctx, l, ledger.Heartbeats, "2025-12-29T00-00-00")
	if err != nil {
		panic(err)
	}
	_, err = p.Proof.Check(p.Entry)
	fmt.Println(p.Batch, p.Proof.Index, errors.Is(err, evidence.ErrUnsigned))
	// Output:
	// true
	// 1 0 true
}

// The original system's rollups are logged as they were found, and nobody forged them
// when ours take their places.
func TestTheOriginalsRollupsAreNotForged(t *testing.T) {
	t.Parallel()
	st, l, lease := stage(t, 3)
	for day := range 3 {
		at := day0.AddDate(0, 0, day)
		_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Rollups, longrun.RollupID(at)), map[string]any{
			"ts": at, "date": longrun.RollupID(at), "expectedHb": 24, "writtenHb": 20, "serviceVersion": "1.4",
		}))
		require.NoError(t, err)
	}
	log := logbook.New(l, lease, logbook.Options{By: "a"})
	for day := range 3 {
		c := closeDay(t, l, log, day)
		require.False(t, c.Forged, "day %d", day)
		require.Equal(t, "1.4", c.Rollup.Replaced["serviceVersion"])
	}
	for day := range 3 { // and again
		require.False(t, closeDay(t, l, log, day).Forged, "day %d", day)
	}
}
