package postgresstore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
