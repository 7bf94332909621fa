package verify_test

import (
	"crypto/ed25519"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// No honest history is accused, nor doubted: take-overs, crashes, backlogs over
// midnights, clocks ahead and behind, changed intervals, retention broken off, signed
// and unsigned, with anchors and without.
//
//	go test ./longrun/verify -run TestNoHonestLogIsAccused -seeds=10000 -v
func TestNoHonestLogIsAccused(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	counts := map[string]int64{}
	for seed := range uint64(seedtest.Histories(12)) {
		v := newLife(t, seed, 6+int(seed%6), seed%3 > 0)
		o := verify.EvidenceOptions{Now: v.now}
		if v.key != nil {
			public, _ := v.key.Public().(ed25519.PublicKey)
			o.Keys = []ed25519.PublicKey{public}
		}
		for _, anchors := range [][]string{nil, v.anchors} {
			o.Anchors = anchors
			got, err := verify.Evidence(t.Context(), v.l, o)
			require.NoError(t, err)
			require.Equal(t, verify.Pass, got.Verdict, "seed %d: %v %v", seed, got.Problems, got.Counts)
			mu.Lock()
			counts["histories"]++
			counts["anchors held"] += got.Counts["anchors"]
			mu.Unlock()
		}
		o.From, o.To = day0.AddDate(0, 0, 2), day0.AddDate(0, 0, 4)
		got, err := verify.Evidence(t.Context(), v.l, o)
		require.NoError(t, err)
		if got.Counts["beats"] > 0 {
			require.NotEqual(t, verify.Fail, got.Verdict, "seed %d, a window: %v", seed, got.Problems)
		}
		for name, n := range v.counts {
			counts[name] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-14s %d", name, counts[name])
	}
}
