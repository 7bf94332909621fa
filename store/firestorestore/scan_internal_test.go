package firestorestore

import (
	"cmp"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

// matches is what package store says that a query selects, of a document that
// has a time.
func matches(q store.Query, at time.Time, id string) bool {
	order := cmp.Or(at.Compare(q.After.At), cmp.Compare(id, q.After.ID))
	if q.Desc {
		order = -order
	}
	return (q.From.IsZero() || !at.Before(q.From)) && (q.To.IsZero() || at.Before(q.To)) && (q.After.IsZero() || order > 0)
}

// Firestore knows times from the year 1 to 9999 in whole microseconds. A query
// whose bounds and cursor lie between or beyond them must find what it would
// find otherwise.
func TestCutSelectsTheSameDocuments(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	anchors := []time.Time{
		{},
		time.Unix(0, 0),
		time.Date(2025, 12, 29, 23, 7, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_998_000, time.UTC),
		time.Date(-300, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var usual time.Time
	near := func() time.Time {
		anchor := usual
		if r.IntN(4) == 0 {
			anchor = anchors[r.IntN(len(anchors))]
		}
		offset := time.Duration(r.IntN(4000))
		if r.IntN(2) == 0 {
			offset = offset.Truncate(time.Microsecond)
		}
		return anchor.Add(offset).In(time.FixedZone("", 3600))
	}
	first, last := time.Time{}.Add(time.Microsecond), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	found, cursors := 0, 0
	for range 100_000 {
		usual = anchors[r.IntN(len(anchors))]
		q := store.Query{Collection: "c", Desc: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			q.From = near()
		}
		if r.IntN(2) == 0 {
			q.To = near()
		}
		if r.IntN(2) == 0 {
			q.After = store.Cursor{At: near(), ID: "b"}
		}
		at := near().UTC().Truncate(time.Microsecond)
		if at.Before(first) || at.After(last) {
			continue // no document has such a time
		}
		id := string(rune('a' + r.IntN(3)))
		rest, ok := cut(q)
		want := matches(q, at, id)
		require.Equal(t, want, ok && matches(rest, at, id), "%+v\n%+v\n%v %s", q, rest, at, id)
		if want {
			found++
		}
		if !ok {
			continue
		}
		for _, at := range []time.Time{rest.From, rest.To, rest.After.At} {
			require.Equal(t, at.UTC().Truncate(time.Microsecond), at.UTC())
			require.False(t, at.Before(time.Time{}) || at.After(last), "%v is no time of Firestore's: %+v", at, q)
		}
		if !rest.After.IsZero() {
			cursors++
		}
	}
	require.Greater(t, found, 1000)
	require.Greater(t, cursors, 1000)
}
