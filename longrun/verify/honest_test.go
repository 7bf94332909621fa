package verify_test

import (
	"crypto/ed25519"
	"maps"
	"slices"
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
	counts := map[string]int64{}
	modes := map[bool]*struct{ histories, checks, faults, doubts int }{true: {}, false: {}}
	for seed := range uint64(seedtest.Histories(12)) {
		v := newLife(t, seed, 6+int(seed%6), seed%2 > 0)
		c := modes[v.key != nil]
		c.histories++
		o := verify.EvidenceOptions{Now: v.now}
		if v.key != nil {
			public, _ := v.key.Public().(ed25519.PublicKey)
			o.Keys = []ed25519.PublicKey{public}
		}
		check := func(what string, doubts bool) {
			got, err := verify.Evidence(t.Context(), v.l, o)
			require.NoError(t, err)
			c.checks++
			counts["anchors held"] += got.Counts["anchors"]
			switch {
			case got.Verdict == verify.Fail:
				c.faults++
				t.Errorf("seed %d: %s is accused: %v %v", seed, what, got.Problems, got.Counts)
			case got.Verdict != verify.Pass && !(doubts && got.Counts["beats"] == 0):
				c.doubts++
				if !doubts {
					t.Errorf("seed %d: %s is doubted: %v %v", seed, what, got.Problems, got.Counts)
				}
			}
		}
		check("a history without an anchor", false)
		o.Anchors = v.anchors
		check("a history with anchors", false)
		o.From, o.To = day0.AddDate(0, 0, 2), day0.AddDate(0, 0, 4)
		check("a window", true)
		for name, n := range v.counts {
			counts[name] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-14s %d", name, counts[name])
	}
	for signed, name := range map[bool]string{true: "signed", false: "unsigned"} {
		c := modes[signed]
		t.Logf("honest histories, %s: %d, each checked without an anchor, with anchors and in a window (%d checks): %d accused, %d windows doubted", name, c.histories, c.checks, c.faults, c.doubts)
	}
}
