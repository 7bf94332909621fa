package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func scanRules() []rule {
	return []rule{
		{"Scan honours range, order, limit and cursor", scanMatchesOracle},
		{"Equal times are ordered by ID, both ways", equalTimes},
		{"A scan goes on behind the last record after a stop", scanResumes},
		{"A scan shows one collection only", scanStaysInside},
		{"A document without a time is in no scan", withoutTime},
		{"A scan shows the newest state of each document once", scanShowsNewest},
		{"The loop body may use the store", loopBodyUsesStore},
		{"Leaving a scan early blocks nothing", leaveEarly},
		{"A thousand documents come in order, each once", largeScan},
	}
}

// place is a document of the oracle: a slice is all the database it needs.
type place struct {
	at time.Time
	id string
}

func comparePlaces(a, b place) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) }

// expect is what a query must find, worked out the slow and obvious way.
func expect(all []place, q store.Query) []string {
	sorted := slices.SortedFunc(slices.Values(all), comparePlaces)
	if q.Desc {
		slices.Reverse(sorted)
	}
	out := []string{}
	for _, p := range sorted {
		c := comparePlaces(p, place{q.After.At, q.After.ID})
		switch {
		case !q.From.IsZero() && p.at.Before(q.From), !q.To.IsZero() && !p.at.Before(q.To):
		case !q.After.IsZero() && (q.Desc && c >= 0 || !q.Desc && c <= 0):
		case q.Limit > 0 && len(out) == q.Limit:
		default:
			out = append(out, p.id)
		}
	}
	return out
}

// places fills the collection with documents of which several share a time.
func (s *suite) places() []place {
	s.Helper()
	var all []place
	var ops []store.Op
	for i := range 12 {
		p := place{noon.Add(time.Duration(i*i%5) * time.Minute), fmt.Sprintf("p%02d", (i*7)%12)}
		all = append(all, p)
		ops = append(ops, store.Set(s.key(p.id), note{TS: p.at}))
	}
	s.commit(ops...)
	return all
}

func scanMatchesOracle(s *suite) {
	all := s.places()
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	queries := []store.Query{
		{},
		{Desc: true},
		{Limit: 1},
		{Limit: 1, Desc: true},
		{Limit: len(all)},
		{Limit: len(all) + 1},
		{From: at(1)},
		{To: at(1)},
		{From: at(1), To: at(1)},
		{From: at(2), To: at(1)},
		{From: at(1), To: at(2), Desc: true},
		{From: at(1).Add(time.Microsecond)},
		{To: at(1).Add(time.Microsecond), Desc: true},
		{From: at(1).In(time.FixedZone("west", -5*3600)), To: at(4)},
		// Bounds between two microseconds, and beyond any document's time.
		{From: at(1).Add(1)},
		{To: at(1).Add(1), Desc: true},
		{From: at(1).Add(-1), To: at(1).Add(999)},
		{After: store.Cursor{At: at(1).Add(1), ID: "p05"}},
		{After: store.Cursor{At: at(1).Add(1), ID: "p05"}, Desc: true},
		{From: noon.AddDate(20_000, 0, 0)},
		{To: noon.AddDate(20_000, 0, 0)},
		{From: noon.AddDate(-5_000, 0, 0)},
		{To: noon.AddDate(-5_000, 0, 0)},
		{After: store.Cursor{ID: "p05"}},
		{After: store.Cursor{ID: "p05"}, Desc: true},
		{After: store.Cursor{At: noon.AddDate(20_000, 0, 0), ID: "p05"}},
		{After: store.Cursor{At: noon.AddDate(20_000, 0, 0), ID: "p05"}, Desc: true},
	}
	// Fixed seeds: a failure must come again.
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		q := store.Query{Desc: r.IntN(2) == 0, Limit: r.IntN(6)}
		if r.IntN(2) == 0 {
			q.From = at(r.IntN(5))
		}
		if r.IntN(2) == 0 {
			q.To = at(r.IntN(6))
		}
		if r.IntN(2) == 0 {
			// A cursor is a place: no document need be there.
			q.After = store.Cursor{At: at(r.IntN(5)), ID: fmt.Sprintf("p%02d", r.IntN(14))}
		}
		queries = append(queries, q)
	}
	for _, q := range queries {
		q.Collection = s.coll
		require.Equal(s, expect(all, q), s.ids(q), "%+v", q)
	}
}

func equalTimes(s *suite) {
	var ops []store.Op
	for _, id := range []string{"b", "a", "ab", "B", "10", "9", "a0"} {
		ops = append(ops, store.Set(s.key(id), note{TS: noon}))
	}
	s.commit(ops...)
	want := []string{"10", "9", "B", "a", "a0", "ab", "b"} // by bytes
	require.Equal(s, want, s.ids(store.Query{Collection: s.coll}))
	slices.Reverse(want)
	require.Equal(s, want, s.ids(store.Query{Collection: s.coll, Desc: true}))
}

func scanResumes(s *suite) {
	all := s.places()
	for _, desc := range []bool{false, true} {
		want := expect(all, store.Query{Desc: desc})
		for stop := 1; stop <= len(all); stop += 3 {
			got := []string{}
			for q := (store.Query{Collection: s.coll, Desc: desc}); ; {
				n := 0
				for r, err := range s.st.Scan(s.Context(), q) {
					require.NoError(s, err)
					got = append(got, r.Key.ID)
					q.After = r.Cursor()
					if n++; n == stop {
						break
					}
				}
				if n < stop {
					break
				}
				require.LessOrEqual(s, len(got), len(want), "a scan goes round in circles")
			}
			require.Equal(s, want, got, "stopped after each %d", stop)
		}
	}
}

func scanStaysInside(s *suite) {
	s.commit(store.Set(s.key("in"), noteAt(1)),
		store.Set(store.Key{Collection: s.coll + "x", ID: "beside"}, noteAt(2)),
		store.Set(store.Key{Collection: s.coll + "/in/below", ID: "below"}, noteAt(3)),
		store.Set(store.Key{Collection: s.coll + "/ghost/below", ID: "below"}, noteAt(4)))
	require.Equal(s, []string{"in"}, s.ids(store.Query{Collection: s.coll}))
	require.Equal(s, []string{"below"}, s.ids(store.Query{Collection: s.coll + "/ghost/below"}))
}

func withoutTime(s *suite) {
	odd := map[string]any{
		"none":   map[string]any{"n": 1},
		"text":   map[string]any{"ts": "2025-12-29T12:00:00Z", "n": 1},
		"number": map[string]any{"ts": 1767009600, "n": 1},
		"null":   map[string]any{"ts": nil, "n": 1},
		"inside": map[string]any{"ts": map[string]any{"ts": noon}, "n": 1},
		"zero":   note{N: 1}, // the zero time is none
	}
	ops := []store.Op{store.Set(s.key("timed"), noteAt(1))}
	for id, value := range odd {
		ops = append(ops, store.Set(s.key(id), value))
	}
	s.commit(ops...)
	for id := range odd {
		r := s.get(s.key(id))
		require.Zero(s, r.At, "%s has no time", id)
		var m map[string]any
		require.NoError(s, r.Decode(&m))
		require.EqualValues(s, 1, m["n"])
	}
	for _, q := range []store.Query{{}, {Desc: true}, {To: noon.AddDate(1, 0, 0)}, {To: noon.AddDate(1, 0, 0), Desc: true}, {Limit: 3}} {
		q.Collection = s.coll
		require.Equal(s, []string{"timed"}, s.ids(q), "%+v", q)
	}
	// A document may lose its time, and get it back.
	s.commit(store.Set(s.key("timed"), odd["none"]))
	require.Empty(s, s.ids(store.Query{Collection: s.coll}))
	s.commit(store.Set(s.key("timed"), noteAt(1)))
	require.Equal(s, []string{"timed"}, s.ids(store.Query{Collection: s.coll}))
}

func scanShowsNewest(s *suite) {
	for n := range 4 {
		s.commit(store.Set(s.key("moved"), noteAt(n)))
	}
	s.commit(store.Set(s.key("gone"), noteAt(9)), store.Set(s.key("fixed"), noteAt(1)))
	s.commit(store.Delete(s.key("gone")))
	records := s.scan(store.Query{Collection: s.coll})
	require.Len(s, records, 2)
	for _, r := range records {
		require.Equal(s, s.coll, r.Key.Collection)
		direct := s.get(r.Key)
		require.Equal(s, direct.Version, r.Version)
		require.True(s, direct.UpdateTime.Equal(r.UpdateTime))
		require.True(s, direct.At.Equal(r.At))
		var fromScan, fromGet note
		require.NoError(s, r.Decode(&fromScan))
		require.NoError(s, direct.Decode(&fromGet))
		require.Equal(s, fromGet, fromScan)
	}
	require.True(s, noteAt(3).TS.Equal(records[1].At))
}

func loopBodyUsesStore(s *suite) {
	all := s.places()
	other := store.Key{Collection: s.coll + "x", ID: "seen"}
	ctx, cancel := context.WithTimeout(s.Context(), s.patience)
	defer cancel()
	seen := 0
	for r, err := range s.st.Scan(ctx, store.Query{Collection: s.coll}) {
		require.NoError(s, err)
		seen++
		_, err = s.st.Get(ctx, r.Key)
		require.NoError(s, err)
		_, err = s.st.Commit(ctx, store.Update(r.Key, note{TS: r.At, N: int64(seen)}, r.Version), store.Set(other, noteAt(seen)))
		require.NoError(s, err)
		for inner, err := range s.st.Scan(ctx, store.Query{Collection: s.coll + "x"}) {
			require.NoError(s, err)
			require.Equal(s, other, inner.Key)
		}
	}
	require.Equal(s, len(all), seen)
}

func leaveEarly(s *suite) {
	s.places()
	ctx, cancel := context.WithTimeout(s.Context(), s.patience)
	defer cancel()
	for range 50 {
		for _, err := range s.st.Scan(ctx, store.Query{Collection: s.coll}) {
			require.NoError(s, err)
			break
		}
	}
	_, err := s.st.Commit(ctx, store.Set(s.key("after"), noteAt(1)))
	require.NoError(s, err)
	_, err = s.st.Get(ctx, s.key("after"))
	require.NoError(s, err)
}

func largeScan(s *suite) {
	const total, batch = 1000, 250
	want := make([]string, 0, total)
	for from := 0; from < total; from += batch {
		var ops []store.Op
		for i := from; i < from+batch; i++ {
			want = append(want, fmt.Sprintf("%04d", i))
			// Each time is shared by three documents, also across pages.
			ops = append(ops, store.Set(s.key(want[i]), noteAt(i/3)))
		}
		s.commit(ops...)
	}
	require.Equal(s, want, s.ids(store.Query{Collection: s.coll}))
	require.Equal(s, want[100:900], s.ids(store.Query{Collection: s.coll, Limit: 800, After: store.Cursor{At: noteAt(33).TS, ID: "0099"}}))
	slices.Reverse(want)
	require.Equal(s, want, s.ids(store.Query{Collection: s.coll, Desc: true}))
}
