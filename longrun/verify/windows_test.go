package verify_test

import (
	"crypto/ed25519"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// windowDoubts are all that a window of an honest history may be doubted for: that nothing
// of it is there, where some day of it was not closed, so that nothing vouches for that. Of
// days that were closed, and pruned since or spent in an outage, the rollups do.
func windowDoubts() map[string]bool {
	return map[string]bool{
		"no beat of the chain lies in the window":          true,
		"there is no beat of the chain: nothing is proved": true,
	}
}

// Windows of honest histories are passed, wherever they begin and end, but where there is
// nothing that could be.
//
//	go test ./longrun/verify -run TestAWindowIsDoubtedOnlyWhereNothingIsThere -seeds=300 -v
func TestAWindowIsDoubtedOnlyWhereNothingIsThere(t *testing.T) {
	t.Parallel()
	checks, doubted, closed := 0, 0, 0
	for seed := range uint64(seedtest.Histories(24)) {
		r := rand.New(rand.NewPCG(seed, 99))
		v := newLife(t, seed+20, 6+int(seed%6), seed%2 > 0)
		o := verify.EvidenceOptions{Now: v.now}
		if v.key != nil {
			public, _ := v.key.Public().(ed25519.PublicKey)
			o.Keys = []ed25519.PublicKey{public}
		}
		for range 5 {
			o.Anchors = [][]string{nil, v.anchors}[r.IntN(2)]
			o.From = day0.Add(time.Duration(r.IntN(10*24*4)-24*4) * 15 * time.Minute)
			o.To = o.From.Add(time.Duration(1+r.IntN(2*24*4)) * 15 * time.Minute)
			got, err := verify.Evidence(t.Context(), v.l, o)
			require.NoError(t, err)
			beats := v.within(o.From, o.To)
			all := v.wasClosed(o.From, o.To)
			checks++
			want := verify.Pass
			if beats == 0 && !all {
				want, doubted = verify.CannotTell, doubted+1
			}
			if beats == 0 && all {
				closed++
			}
			require.Equal(t, want, got.Verdict, "seed %d: %s to %s: %v", seed, o.From, o.To, got.Problems)
			for _, p := range got.Problems {
				require.True(t, p.Weight == verify.Note || windowDoubts()[p.Text], "seed %d: %v", seed, p)
			}
		}
	}
	t.Logf("%d windows, %d of which nothing is there and not all was closed, %d without a beat and closed", checks, doubted, closed)
	if checks >= 40 { // few histories need not have either
		require.Positive(t, doubted)
		require.Positive(t, closed)
	}
}

// within counts the beats that are there of a window.
func (v *life) within(from, to time.Time) (n int) {
	slots, err := v.l.FilledSlots(v.tb.Context(), from, to, time.Second, nil)
	require.NoError(v.tb, err)
	return len(slots)
}

// wasClosed reports whether each day of the window has a rollup.
func (v *life) wasClosed(from, to time.Time) bool {
	for d := longrun.DayOf(from); d.From.Before(to); d = longrun.DayOf(d.To) {
		if _, err := v.l.Rollup(v.tb.Context(), d.From); err != nil {
			return false
		}
	}
	return true
}
