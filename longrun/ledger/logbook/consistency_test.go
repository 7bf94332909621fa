package logbook_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	merkle "github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// From whatever size, at a batch's end or within one, the tree goes on, as the
// checksum database has it.
func TestEachTreeGoesOnFromEachBefore(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	tip := evidence.Tip{Tree: "example.org/log", Number: 3} // the first tree of three batches was lost
	var leaves []tlog.Hash
	var sizes []int64
	for range 8 {
		var lines []evidence.Line
		for n := range rng.IntN(6) {
			lines = append(lines, evidence.Line{Kind: evidence.Probe, ID: fmt.Sprint(tip.Number, n), Leaf: tlog.RecordHash([]byte{byte(tip.Number), byte(n)})})
		}
		b, next, err := tip.Next(evidence.Draft{Lines: lines}, nil)
		require.NoError(t, err)
		_, err = st.Commit(t.Context(), l.CreateBatch(b))
		require.NoError(t, err)
		o, err := b.Open()
		require.NoError(t, err)
		leaves, sizes, tip = append(leaves, o.Stretch.Leaves...), append(sizes, b.Size), next
	}
	root := func(n int64) tlog.Hash { return (merkle.Frontier{}).Append(leaves[:n]...).Root() }
	for i, size := range sizes {
		for old := int64(1); old <= size; old++ {
			proof, err := logbook.Consistency(t.Context(), l, int64(4+i), old)
			require.NoError(t, err)
			require.NoError(t, tlog.CheckTree(proof, size, root(size), old, root(old)), "%d of %d", old, size)
		}
		proof, err := logbook.Consistency(t.Context(), l, int64(4+i), 0)
		require.NoError(t, err)
		require.Empty(t, proof)
		_, err = logbook.Consistency(t.Context(), l, int64(4+i), size+1)
		require.ErrorIs(t, err, merkle.ErrOutside)
	}
	_, err = st.Commit(t.Context(), store.Delete(l.Key(ledger.Evidence, "6")))
	require.NoError(t, err)
	_, err = logbook.Consistency(t.Context(), l, 11, 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	other := evidence.Tip{Tree: "example.org/log", Number: 5, Edge: (merkle.Frontier{}).Append(leaves[1 : sizes[1]+1]...)}
	b, _, err := other.Next(evidence.Draft{Lines: []evidence.Line{{Kind: evidence.Probe, ID: "x"}}}, nil)
	require.NoError(t, err)
	_, err = st.Commit(t.Context(), l.CreateBatch(b))
	require.NoError(t, err)
	_, err = logbook.Consistency(t.Context(), l, 11, 1)
	require.ErrorContains(t, err, "does not go on from batch 6")
}
