package verify_test

import (
	"crypto/ed25519"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

func sqlite(tb testing.TB) store.Store {
	st, err := sqlitestore.Open(tb.Context(), tb.TempDir()+"/longrun.db", nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	return st
}

func evidenceOf(tb testing.TB, l *ledger.Ledger, o verify.EvidenceOptions) verify.Outcome {
	tb.Helper()
	outcome, err := verify.Evidence(tb.Context(), l, o)
	require.NoError(tb, err)
	return outcome
}

func TestNoHonestHistoryIsAccused(t *testing.T) {
	t.Parallel()
	histories := seedtest.Histories(15)
	var late, epochs, unsealedDays int
	for seed := range uint64(histories) {
		rng := rand.New(rand.NewPCG(seed, 1))
		h := newHistory(seed)
		if seed%2 == 0 {
			h.key = testKey(1)
		}
		h.live(1 + rng.IntN(6))
		st := memstore.New(nil)
		l := h.write(t, st)
		for _, b := range h.beats {
			if b.Late {
				late++
			}
		}
		epochs += int(h.epoch)
		unsealedDays += len(h.rollups) - len(h.seals)
		// Retention removed whole segments, and may be about to remove another.
		pruned := 0
		if len(h.seals) > 1 && rng.IntN(2) == 0 {
			n := 1 + rng.IntN(len(h.seals)-1)
			pruned = int(h.prunedUpTo(n))
			h.markPruned(t, st, l, h.seals[:n]...)
			if rng.IntN(2) == 0 {
				h.markPruned(t, st, l, h.seals[n])
				pruned += rng.IntN(int(h.prunedUpTo(n+1)) - pruned)
			}
			for _, b := range h.beats[:pruned] {
				commit(t, st, store.Delete(l.Key(ledger.Heartbeats, b.BucketID)))
			}
		}
		// Documents of the original system, from before.
		for i := range rng.IntN(5) {
			ts := day0.Add(-time.Duration(1+i) * time.Hour)
			commit(t, st, store.Set(l.Key(ledger.Heartbeats, fmt.Sprint("old", i)), map[string]any{"ts": ts, "commit": "abc12345"}))
		}
		whole := evidenceOf(t, l, verify.EvidenceOptions{Keys: keysOf(h)})
		require.Equal(t, verify.Pass, whole.Verdict, "seed %d: %v", seed, whole.Problems)
		require.Empty(t, whole.Problems, "seed %d", seed)
		require.Equal(t, int64(len(h.beats)-pruned), whole.Counts["beats"])
		require.Equal(t, int64(pruned), whole.Counts["pruned"])
		for range 3 {
			from := slotTime(rng.IntN(h.next))
			to := from.Add(time.Duration(1+rng.IntN(3*perDay)) * time.Minute)
			part := evidenceOf(t, l, verify.EvidenceOptions{From: from, To: to, Keys: keysOf(h)})
			require.NotEqual(t, verify.Fail, part.Verdict, "seed %d: %v", seed, part.Problems)
			if part.Verdict == verify.CannotTell {
				require.Equal(t, "no beat of the chain lies in the window", part.Problems[0].Text)
			}
		}
	}
	if histories >= 5 { // a few show as much by themselves, whatever they were
		require.Positive(t, late)
		require.Greater(t, epochs, histories)
	}
	t.Logf("%d late beats, %d epochs, %d days without a seal", late, epochs, unsealedDays)
}

// prunedUpTo returns how many beats, in the order of the chain, the first n seals
// are of.
func (h *history) prunedUpTo(n int) int64 {
	return h.seal(h.seals[n-1]).LastSeq
}

// markPruned says of the rollups that hold seals that their beats are pruned.
func (h *history) markPruned(tb testing.TB, st store.Store, l *ledger.Ledger, ids ...string) {
	tb.Helper()
	for _, id := range ids {
		r := maps.Clone(h.rollups[id])
		r["prunedAt"] = map[string]time.Time{"heartbeats": h.now()}
		commit(tb, st, store.Set(l.Key(ledger.Rollups, id), r))
	}
}

// Every tampering is found, and the document that was tampered with is named, and
// no other but the beat behind it. A deleted one, where slots without beats lie
// around it, is named by a neighbour.
func TestEveryTamperingIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	for _, x := range tamperings {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(seedtest.Histories(2)) {
				st := memstore.New(nil)
				h := crimeScene(seed)
				if x.signed && h.key == nil {
					continue
				}
				x.run(t, seed, st, h, h.write(t, st))
			}
		})
	}
}

// The same in the other stores, on a shorter history that is written once for
// each tampering.
func TestEveryTamperingIsFoundInEveryStore(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(tb testing.TB) store.Store{
		"sqlite": sqlite,
		"firestore": func(tb testing.TB) store.Store {
			st, err := firestorestore.New(firestoretest.Client(tb), &firestorestore.Options{Timeout: time.Minute}) // a busy machine
			require.NoError(tb, err)
			return st
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := max(1, len(tamperings)/seedtest.Histories(len(tamperings)))
			for i := 0; i < len(tamperings); i += step { // the kinds do not differ by store
				x, st := tamperings[i], open(t)
				h := newHistory(uint64(i))
				h.key, h.next = testKey(1), perDay-100
				h.run(30)
				h.next += 5
				h.outage(20)
				h.stop(longrun.Lost)
				h.next += 2
				h.takeOver()
				h.run(430)
				h.close()
				l := h.write(t, st)
				require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{Keys: keysOf(h)}).Verdict)
				x.run(t, uint64(i), st, h, l)
			}
		})
	}
}

// SQLite lists a document by a column of its own. Whoever edits the ts in the text
// changes nothing that is read, and yet the document is not what was written.
func TestATimeThatWasEditedBesideTheListIsNamed(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/longrun.db"
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	h := newHistory(7)
	h.run(50)
	l := h.write(t, st)
	require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict)

	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	edit := func(ts string) {
		_, err := db.ExecContext(t.Context(), "UPDATE documents SET data = json_set(data, '$.ts', ?) WHERE id = ?", ts, h.beats[20].BucketID)
		require.NoError(t, err)
	}
	edit("2025-12-29T09:20:01Z")
	o := evidenceOf(t, l, verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict)
	require.Equal(t, []string{l.Key(ledger.Heartbeats, h.beats[20].BucketID).String()}, paths(o))
	require.Contains(t, o.Problems[0].Text, "its ts is 2025-12-29T09:20:01Z, and it is listed under "+h.beats[20].TS.Format(time.RFC3339Nano))

	// The same moment in other words is no edit.
	edit(h.beats[20].TS.In(time.FixedZone("", 3600)).Format(time.RFC3339Nano))
	require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict)
}

func TestAChainThatBeganAnewIsADoubtAndNoFault(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		h := newHistory(seed)
		h.live(2)
		last := h.beats[len(h.beats)-1]
		h.forget()
		first := h.beats[len(h.beats)-1]
		h.live(4)
		st := memstore.New(nil)
		l := h.write(t, st)
		o := evidenceOf(t, l, verify.EvidenceOptions{})
		require.Equal(t, verify.CannotTell, o.Verdict, "seed %d: %v", seed, o.Problems)
		require.Equal(t, int64(2), o.Counts["chains"])
		i := slices.IndexFunc(o.Problems, func(f verify.Problem) bool {
			return f.Path == l.Key(ledger.Heartbeats, last.BucketID).String()
		})
		require.GreaterOrEqual(t, i, 0, "%v", o.Problems)
		require.Contains(t, o.Problems[i].Text, first.BucketID)
	}
}

func keysOf(h *history) (keys []ed25519.PublicKey) {
	if h.key != nil {
		keys = append(keys, publicOf(h.key))
	}
	return keys
}
