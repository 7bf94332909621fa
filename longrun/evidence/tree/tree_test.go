package tree_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// leaves are n leaves that differ.
func leaves(n int, salt uint64) []tlog.Hash {
	out := make([]tlog.Hash, n)
	for i := range out {
		var text [16]byte
		binary.BigEndian.PutUint64(text[:8], salt)
		binary.BigEndian.PutUint64(text[8:], uint64(i))
		out[i] = tlog.RecordHash(text[:])
	}
	return out
}

// whole is the tree as tlog keeps it, which has all its hashes.
func whole(t *testing.T, all []tlog.Hash) tlog.HashReader {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i, leaf := range all {
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), leaf, reader)
		require.NoError(t, err)
		stored = append(stored, hashes...)
	}
	return reader
}

func TestTheEmptyTreeIsTheHashOfNothing(t *testing.T) {
	t.Parallel()
	require.Equal(t, tlog.Hash(sha256.Sum256(nil)), tree.Frontier{}.Root())
}

// Whatever the shape, roots and proofs are those of another implementation, and it
// accepts them.
func TestProofsOfAnyShapeAreThoseOfTlog(t *testing.T) {
	t.Parallel()
	for seed := range seedtest.Histories(60) {
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		all := leaves(1+rng.IntN(200), uint64(seed))
		oracle := whole(t, all)
		first := rng.IntN(len(all))
		s := tree.Stretch{Before: tree.Frontier{}.Append(all[:first]...), Leaves: all[first:]}
		require.EqualValues(t, len(all), s.End())
		for range 20 {
			size := first + 1 + rng.IntN(len(all)-first)
			root, err := tlog.TreeHash(int64(size), oracle)
			require.NoError(t, err)
			require.Equal(t, root, s.Before.Append(all[first:size]...).Root(), "%d: %d of %d", seed, size, len(all))

			index := first + rng.IntN(size-first)
			proof, err := s.Inclusion(int64(index), int64(size))
			require.NoError(t, err)
			require.NoError(t, tlog.CheckRecord(proof, int64(size), root, int64(index), all[index]))
			require.Error(t, tlog.CheckRecord(proof, int64(size), root, int64(index), tlog.RecordHash([]byte("another"))))
			theirs, err := tlog.ProveRecord(int64(size), int64(index), oracle)
			require.NoError(t, err)
			require.Equal(t, []tlog.Hash(theirs), append([]tlog.Hash{}, proof...))

			old := max(1, first) + rng.IntN(size-max(1, first)+1)
			before, err := tlog.TreeHash(int64(old), oracle)
			require.NoError(t, err)
			proof, err = s.Consistency(int64(old), int64(size))
			require.NoError(t, err)
			require.NoError(t, tlog.CheckTree(proof, int64(size), root, int64(old), before))
		}
	}
}

func TestWhatLiesBeforeAStretchIsNotProven(t *testing.T) {
	t.Parallel()
	all := leaves(50, 1)
	s := tree.Stretch{Before: tree.Frontier{}.Append(all[:20]...), Leaves: all[20:]}
	for _, c := range [][2]int64{{19, 50}, {-1, 50}, {20, 20}, {20, 51}, {50, 50}} {
		_, err := s.Inclusion(c[0], c[1])
		require.ErrorIs(t, err, tree.ErrOutside, c)
	}
	for _, c := range [][2]int64{{19, 50}, {0, 50}, {30, 29}, {20, 51}} {
		_, err := s.Consistency(c[0], c[1])
		require.ErrorIs(t, err, tree.ErrOutside, c)
	}
	proof, err := s.Consistency(20, 20)
	require.NoError(t, err)
	require.Empty(t, proof)
}

func TestAnEdgeIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for n := range 70 {
		f := tree.Frontier{}.Append(leaves(n, 3)...)
		back, err := tree.Parse(int64(n), f.Strings())
		require.NoError(t, err)
		require.True(t, f.Equal(back))
		require.Equal(t, f.Root(), back.Root())
		_, err = tree.Parse(int64(n), append(f.Strings(), f.Root().String()))
		require.ErrorContains(t, err, "hashes for the edge")
	}
	_, err := tree.Parse(-1, nil)
	require.Error(t, err)
	for _, bad := range []string{"", "AAAA", "!", tlog.Hash{}.String() + "\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", "\n" + tlog.Hash{}.String()} {
		_, err := tree.Parse(1, []string{bad})
		require.ErrorContains(t, err, "is no SHA-256", "%q", bad)
	}
}

// A copy that is added to leaves the other as it was.
func TestAppendLeavesTheFrontierAlone(t *testing.T) {
	t.Parallel()
	all := leaves(64, 5)
	f := tree.Frontier{}.Append(all[:31]...)
	root := f.Root()
	a, b := f.Append(all[31:40]...), f.Append(all[40:64]...)
	require.Equal(t, root, f.Root())
	require.Equal(t, tree.Frontier{}.Append(all[:40]...).Root(), a.Root())
	require.NotEqual(t, a.Root(), b.Root())
}

func ExampleStretch() {
	var f tree.Frontier
	f = f.Append(leaves(1000, 0)...) // of which nothing but its edge is kept
	day := leaves(1440, 1)
	s := tree.Stretch{Before: f, Leaves: day}
	proof, err := s.Inclusion(1007, s.End())
	fmt.Println(len(proof), err, tlog.CheckRecord(proof, s.End(), f.Append(day...).Root(), 1007, day[7]))
	// Output: 12 <nil> <nil>
}

func BenchmarkYear(b *testing.B) {
	all := leaves(525_600, 0)
	for b.Loop() {
		var f tree.Frontier
		for day := range 365 {
			f = f.Append(all[day*1440 : (day+1)*1440]...)
		}
		if f.Size() != 525_600 {
			b.Fatal(f.Size())
		}
	}
}
