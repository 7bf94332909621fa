package verify_test

import (
	"crypto/ed25519"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// Each seal in turn, the first and the newest among them, without any signature.
func TestASealThatIsChangedOrGoneIsNamed(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	h := newHistory(1)
	h.run(3*perDay + 500)
	h.close()
	l := h.write(t, st)
	require.Len(t, h.seals, 3)
	for name, change := range map[string]func(r map[string]any, s *longrun.Seal){
		"lastHash": func(_ map[string]any, s *longrun.Seal) { s.LastHash = h.beats[10].PrevHash },
		"prevHash": func(_ map[string]any, s *longrun.Seal) { s.PrevHash = h.beats[10].PrevHash },
		"no hash":  func(_ map[string]any, s *longrun.Seal) { s.LastHash = "0" },
		"count":    func(_ map[string]any, s *longrun.Seal) { s.Beats-- },
		"shorter": func(_ map[string]any, s *longrun.Seal) {
			s.LastHash = h.beats[s.LastSeq-1].PrevHash
			s.LastSeq, s.Beats = s.LastSeq-1, s.Beats-1
		},
		"begins later": func(_ map[string]any, s *longrun.Seal) {
			s.FirstSeq, s.Beats = s.FirstSeq+1, s.Beats-1
			s.PrevHash = h.beats[s.FirstSeq-1].PrevHash
		},
		"removed":  func(r map[string]any, _ *longrun.Seal) { r["seal"] = nil },
		"its time": func(r map[string]any, _ *longrun.Seal) { r["ts"] = day0.Add(time.Hour + 30*time.Minute) },
		"garbage":  func(r map[string]any, _ *longrun.Seal) { r["seal"] = "sealed" },
		"deleted":  nil,
	} {
		for i, id := range h.seals {
			key := l.Key(ledger.Rollups, id)
			if change == nil {
				commit(t, st, store.Delete(key))
			} else {
				r, s := maps.Clone(h.rollups[id]), *h.seal(id)
				r["seal"] = &s
				change(r, &s)
				commit(t, st, store.Set(key, r))
			}
			o := evidenceOf(t, l, verify.EvidenceOptions{})
			require.Equal(t, verify.Fail, o.Verdict, "%s of %s", name, id)
			require.Contains(t, paths(o), key.String(), "%s of seal %d: %v", name, i, o.Problems)
			for _, f := range o.Problems {
				require.True(t, f.Weight != verify.Fault || f.Path == key.String(), "%s of seal %d: %v", name, i, f)
			}
			commit(t, st, store.Set(key, h.rollups[id]))
		}
	}
	require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict)
}

// A leader that could not seal for a while, as in a long outage of the store, is no
// forger: with a key and without one what was never sealed is a doubt.
func TestWhatWasNeverSealedIsADoubt(t *testing.T) {
	t.Parallel()
	h := newHistory(1)
	h.run(perDay + 500)
	l := h.write(t, memstore.New(nil))
	for _, keys := range [][]ed25519.PublicKey{nil, {publicOf(testKey(1))}} {
		o := evidenceOf(t, l, verify.EvidenceOptions{Keys: keys})
		require.Equal(t, verify.CannotTell, o.Verdict, "%v", o.Problems)
		require.Contains(t, textsOf(o), "nothing sealed it")
	}
}
