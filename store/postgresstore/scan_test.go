package postgresstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/store"
)

type load struct {
	TS   time.Time `json:"ts" firestore:"ts"`
	Text string    `json:"text" firestore:"text"`
}

// A page ends where its bytes are enough, wherever that is among documents large and
// small: a Scan must find all of them all the same.
func TestAScanFindsLargeDocumentsAndSmallOnes(t *testing.T) {
	t.Parallel()
	st := open(t)
	random := rand.New(rand.NewPCG(3, 4))
	begin := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	const coll = "large"
	var want []string
	var ops []store.Op
	text := make([]byte, 900<<10)
	for i := range text {
		text[i] = 'a' + byte(random.IntN(26)) // nothing that the server could compress
	}
	for i := range 700 {
		size := random.IntN(200)
		if i%40 < 4 {
			size = len(text) - random.IntN(100<<10)
		}
		id := fmt.Sprintf("%04d", i)
		want = append(want, id)
		ops = append(ops, store.Set(store.Key{Collection: coll, ID: id}, load{begin.Add(time.Duration(i) * time.Second), string(text[:size])}))
		if len(ops) == 40 || i == 699 {
			commit(t, st, ops...)
			ops = ops[:0]
		}
	}
	ids := func(q store.Query) (out []string) {
		q.Collection = coll
		for r, err := range st.Scan(t.Context(), q) {
			require.NoError(t, err)
			out = append(out, r.Key.ID)
		}
		return out
	}
	require.Equal(t, want, ids(store.Query{}))
	require.Equal(t, want[:333], ids(store.Query{Limit: 333}))
	slices.Reverse(want)
	require.Equal(t, want, ids(store.Query{Desc: true}))
}

// Whatever the loop body of a long Scan stops at, or asks for on the only connection there
// is, each document comes once and in order.
func TestALongScanTurnsItsPages(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := openAt(t, dsn, schema, func(c *pgxpool.Config) { c.MaxConns = 1 })
	const n = 15_000
	postgrestest.Exec(t, dsn, fmt.Sprintf(`INSERT INTO %s.documents SELECT 'long', to_char(i, 'FM00000'), '2026-01-01'::timestamptz + i * interval '1s',
		gen_random_uuid(), now(), '{}' FROM generate_series(0, %d) i`, schema, n-1))
	for _, desc := range []bool{false, true} {
		for _, stop := range []int{256, 3841, 7936, n} {
			seen := 0
			for r, err := range st.Scan(t.Context(), store.Query{Collection: "long", Desc: desc}) {
				require.NoError(t, err)
				want := seen
				if desc {
					want = n - 1 - seen
				}
				require.Equal(t, fmt.Sprintf("%05d", want), r.Key.ID)
				if seen++; seen%1000 == 0 {
					_, err := st.Get(t.Context(), r.Key)
					require.NoError(t, err)
				}
				if seen == stop {
					break
				}
			}
			require.Equal(t, stop, seen)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	var failed error
	for _, err := range st.Scan(ctx, store.Query{Collection: "long", Limit: n - 1}) {
		if failed = err; err == nil {
			seen++
		}
		if seen == 5000 {
			cancel()
		}
	}
	require.ErrorIs(t, failed, context.Canceled)
	require.Equal(t, 5000, seen)
}
