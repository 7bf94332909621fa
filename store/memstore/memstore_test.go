package memstore_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

type note struct {
	TS time.Time `json:"ts" firestore:"ts"`
	N  int       `json:"n" firestore:"n"`
}

var noon = time.Date(2025, 12, 29, 12, 0, 0, 0, time.UTC)

func key(id string) store.Key { return store.Key{Collection: "notes", ID: id} }

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return memstore.New(nil) })
}

func TestStampsAreTheInjectedClocks(t *testing.T) {
	t.Parallel()
	clk := clock.NewMock()
	clk.Set(noon.Add(123456789 * time.Nanosecond))
	st := memstore.New(&memstore.Options{Clock: clk})
	stamps, err := st.Commit(t.Context(), store.Set(key("a"), note{TS: noon}))
	require.NoError(t, err)
	written := noon.Add(123456 * time.Microsecond)
	require.Equal(t, written, stamps[0].UpdateTime)

	clk.Add(time.Hour)
	r, err := st.Get(t.Context(), key("a"))
	require.NoError(t, err)
	require.Equal(t, written, r.UpdateTime)
	require.Equal(t, written.Add(time.Hour), r.ReadTime)
	require.Equal(t, time.Hour, r.Age())
}

func TestCollectionsAreThoseThatHoldDocuments(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	require.Empty(t, st.Collections())
	_, err := st.Commit(t.Context(), store.Set(key("a"), note{}), store.Set(store.Key{Collection: "b/c/d", ID: "x"}, note{TS: noon}))
	require.NoError(t, err)
	require.Equal(t, []string{"b/c/d", "notes"}, st.Collections())
	_, err = st.Commit(t.Context(), store.Delete(key("a")), store.Delete(key("never")))
	require.NoError(t, err)
	require.Equal(t, []string{"b/c/d"}, st.Collections())
}

// A clone has all that there was, down to the versions, and neither sees what is
// written to the other.
func TestACloneGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	clk := clock.NewMock()
	st := memstore.New(&memstore.Options{Clock: clk})
	stamps, err := st.Commit(t.Context(), store.Set(key("a"), note{TS: noon, N: 1}), store.Set(key("b"), note{TS: noon, N: 2}))
	require.NoError(t, err)
	before, err := st.Get(t.Context(), key("a"))
	require.NoError(t, err)
	clone := st.Clone()
	scan := func(s *memstore.Store) (ids []string) {
		for r, err := range s.Scan(t.Context(), store.Query{Collection: "notes"}) {
			require.NoError(t, err)
			var v note
			require.NoError(t, r.Decode(&v))
			ids = append(ids, r.Key.ID+strconv.Itoa(v.N))
		}
		return ids
	}
	require.Equal(t, []string{"a1", "b2"}, scan(clone))
	after, err := clone.Get(t.Context(), key("a"))
	require.NoError(t, err)
	require.Equal(t, before.Version, after.Version)
	require.Equal(t, before.UpdateTime, after.UpdateTime)

	_, err = clone.Commit(t.Context(), store.Update(key("a"), note{TS: noon.Add(time.Hour), N: 3}, stamps[0].Version), store.Set(key("c"), note{TS: noon, N: 4}))
	require.NoError(t, err, "its versions hold")
	_, err = st.Commit(t.Context(), store.Delete(key("b")), store.Set(key("0"), note{TS: noon, N: 5}))
	require.NoError(t, err)
	require.Equal(t, []string{"b2", "c4", "a3"}, scan(clone))
	require.Equal(t, []string{"05", "a1"}, scan(st))
}

// The order in which Scan shows documents is kept up to date write by write;
// sorting everything afresh must give the same.
func TestOrderSurvivesAnyHistory(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	st := memstore.New(nil)
	want := map[string]time.Time{}
	for range 3000 {
		id := strconv.Itoa(r.IntN(700))
		var op store.Op
		switch r.IntN(5) {
		case 0:
			op = store.Delete(key(id))
			delete(want, id)
		case 1:
			op = store.Set(key(id), map[string]any{"n": 1}) // no time
			delete(want, id)
		default:
			at := noon.Add(time.Duration(r.IntN(20)) * time.Second) // often the same again
			op = store.Set(key(id), note{TS: at})
			want[id] = at
		}
		_, err := st.Commit(t.Context(), op)
		require.NoError(t, err)
	}
	var places []store.Cursor
	for id, at := range want {
		places = append(places, store.Cursor{At: at, ID: id})
	}
	slices.SortFunc(places, func(a, b store.Cursor) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	require.Greater(t, len(places), 256, "the scan must need more than one page")
	for _, desc := range []bool{false, true} {
		var got []store.Cursor
		for r, err := range st.Scan(t.Context(), store.Query{Collection: "notes", Desc: desc}) {
			require.NoError(t, err)
			got = append(got, r.Cursor())
			newest, err := st.Get(t.Context(), r.Key)
			require.NoError(t, err)
			require.Equal(t, newest.Version, r.Version, "a document that was overwritten at its time")
		}
		require.Equal(t, places, got)
		slices.Reverse(places)
	}
}

func TestAScanThatIsRangedTwiceBeginsAgain(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	for i := range 300 {
		_, err := st.Commit(t.Context(), store.Set(key(strconv.Itoa(i)), note{TS: noon}))
		require.NoError(t, err)
	}
	seq := st.Scan(t.Context(), store.Query{Collection: "notes", Limit: 299})
	for range 2 {
		n := 0
		for _, err := range seq {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 299, n)
	}
}

func TestWatchIsInForceWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		ctx, cancel := context.WithCancel(t.Context())
		ch, err := st.Watch(ctx, key("a"))
		require.NoError(t, err)
		other, err := st.Watch(ctx, key("b"))
		require.NoError(t, err)
		for range 3 { // signals coalesce
			_, err = st.Commit(t.Context(), store.Set(key("a"), note{TS: noon}))
			require.NoError(t, err)
		}
		require.Len(t, ch, 1)
		require.Empty(t, other)
		cancel()
		synctest.Wait()
		<-ch
		_, open := <-ch
		require.False(t, open)
		_, err = st.Commit(t.Context(), store.Set(key("a"), note{TS: noon}))
		require.NoError(t, err, "a closed watch is not signalled")
	})
}

func BenchmarkLatestOfAYear(b *testing.B) {
	st := memstore.New(nil)
	for i := range 100_000 {
		_, err := st.Commit(b.Context(), store.Set(key(strconv.Itoa(i)), note{TS: noon.Add(time.Duration(i) * time.Minute)}))
		require.NoError(b, err)
	}
	for b.Loop() {
		for _, err := range st.Scan(b.Context(), store.Query{Collection: "notes", Desc: true, Limit: 1}) {
			require.NoError(b, err)
		}
	}
}
