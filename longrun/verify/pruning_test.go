//go:build !race

package verify_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// A prune may be broken off behind any of its commits and be begun again: the
// evidence passes at each of these times, no number of a day changes, and in the
// end what is kept is there and nothing else.
func TestAPruneMayBeBrokenOffAnywhere(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seedtest.Histories(2)) {
		rng := rand.New(rand.NewPCG(seed, 3))
		h := newHistory(seed)
		h.run(perDay - 30)
		h.outage(60) // late beats of the first day lie in the second one's segment
		h.live(7)
		st := memstore.New(nil)
		l := h.write(t, st)
		lease := &logtest.Lease{Store: st}
		lease.Grant(h.head.String())
		log := logbook.New(l, lease, logbook.Options{By: "i1"})
		note := func() {
			row := h.row()
			row.Note = lease.Note()
			commit(t, st, store.Set(l.LockKey(), row))
		}
		for day := range h.closed {
			_, err := logtest.Close(t.Context(), l, log, slotTime(day*perDay), h.now(), time.Minute, h.instance)
			require.NoError(t, err)
		}
		note()
		before := rollupsOf(t, l)
		s := longrun.DefaultSettings(time.Minute)
		s.RetentionDays = map[string]int64{"heartbeats": 4}
		kept := longrun.DayOf(h.now()).From.AddDate(0, 0, -4)

		counted, err := retention.Prune(t.Context(), l, s, h.now(), logtest.Counting(log))
		require.NoError(t, err)
		var deleted, commits int64
		for err = errBrokenOff; err != nil; {
			left := 1 + rng.IntN(6)
			var p retention.Pruned
			w := logtest.Retention(st, log, h.now())
			step := func(write func() error) error {
				if left--; left < 0 {
					return errBrokenOff
				}
				if err := write(); err != nil {
					return err
				}
				note()
				commits++
				o := evidenceOf(t, l, verify.EvidenceOptions{KeptFrom: kept})
				require.Equal(t, verify.Pass, o.Verdict, "seed %d, after %d commits: %v", seed, commits, o.Problems)
				return nil
			}
			p, err = retention.Prune(t.Context(), l, s, h.now(), retention.Writer{
				Logged: w.Logged,
				Mark: func(ctx context.Context, marks []logbook.Rollup) error {
					return step(func() error { return w.Mark(ctx, marks) })
				},
				Delete: func(ctx context.Context, ops []store.Op) error {
					return step(func() error { return w.Delete(ctx, ops) })
				},
			})
			deleted += p.Counts[ledger.Heartbeats]
			if err != nil {
				require.ErrorIs(t, err, errBrokenOff)
			}
		}
		require.Equal(t, counted.Counts[ledger.Heartbeats], deleted)
		require.Greater(t, commits, int64(5))

		var last int64 // of what is old
		for id, r := range rollupsOf(t, l) {
			_, pruned := r.PrunedAt["heartbeats"]
			require.Equal(t, r.TS.Before(kept) && r.WrittenHb > 0, pruned, id)
			r.PrunedAt, r.Batch, r.Revision = before[id].PrunedAt, before[id].Batch, before[id].Revision
			require.Equal(t, before[id], r)
		}
		for _, b := range h.beats {
			if b.TS.Before(kept) {
				last++
			}
		}
		require.Equal(t, last, deleted)
		o := evidenceOf(t, l, verify.EvidenceOptions{})
		require.Equal(t, last, o.Counts["pruned"])
		require.Equal(t, int64(len(h.beats))-last, o.Counts["beats"])
		o = restartSafe(t, l, verify.RestartSafeOptions{Now: h.now()})
		require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
		require.Equal(t, int64(h.next)-int64(kept.Sub(day0)/time.Minute), o.Counts["expectedSlots"], "pruned days are not missed")
		o = restartSafe(t, l, verify.RestartSafeOptions{Now: h.now(), From: kept.Add(-time.Hour)})
		require.Equal(t, int64(h.next)-int64(kept.Sub(day0)/time.Minute), o.Counts["expectedSlots"], "nor those that the window cuts")
	}
}

func rollupsOf(t *testing.T, l *ledger.Ledger) map[string]longrun.Rollup {
	t.Helper()
	all := map[string]longrun.Rollup{}
	for e, err := range l.Rollups(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		all[e.Key.ID] = e.Value
	}
	return all
}

// A prune that overtakes the reader removes nothing that it may miss.
func TestAPruneWhileBeatsAreReadIsNoRemoval(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]func(*testing.T, *ledger.Ledger, *history) verify.Outcome{
		"evidence": func(t *testing.T, l *ledger.Ledger, _ *history) verify.Outcome {
			return evidenceOf(t, l, verify.EvidenceOptions{})
		},
		"restart-safe": func(t *testing.T, l *ledger.Ledger, h *history) verify.Outcome {
			return restartSafe(t, l, verify.RestartSafeOptions{Now: h.now()})
		},
	} {
		mem := memstore.New(nil)
		h, l := fiveDays(t, mem)
		st := storetest.Wrap(mem)
		begun := false
		st.Inject(storetest.Fault{Record: func(_ context.Context, c storetest.Call, n int) error {
			if c.Key.Collection != l.Path(ledger.Heartbeats) || n != 100 || begun {
				return nil
			}
			begun = true
			h.markPruned(t, mem, l, "2025-12-29")
			for _, b := range h.beats[:perDay] {
				commit(t, mem, store.Delete(l.Key(ledger.Heartbeats, b.BucketID)))
			}
			return nil
		}})
		reading, err := ledger.New(st, "")
		require.NoError(t, err)
		o := check(t, reading, h)
		require.True(t, begun)
		require.Equal(t, verify.Pass, o.Verdict, "%s: %v", name, o.Problems)
		require.Less(t, o.Counts["beats"], int64(len(h.beats)))
	}
}

// Where all beats are pruned, and where a chain that was forgotten is.
func TestWhatWasPrunedIsNeitherProvedNorAccused(t *testing.T) {
	t.Parallel()
	h := newHistory(1)
	h.run(perDay)
	h.next += 2
	h.close()
	for _, marked := range []bool{true, false} {
		st := memstore.New(nil)
		l := h.write(t, st)
		for _, b := range h.beats {
			commit(t, st, store.Delete(l.Key(ledger.Heartbeats, b.BucketID)))
		}
		if marked {
			h.markPruned(t, st, l, "2025-12-29")
			require.Equal(t, verify.CannotTell, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict)
			continue
		}
		o := evidenceOf(t, l, verify.EvidenceOptions{})
		require.Equal(t, verify.Fail, o.Verdict)
		require.Equal(t, []string{l.Key(ledger.Rollups, "2025-12-29").String()}, paths(o)[:1])
	}

	h = newHistory(2)
	h.run(2*perDay + 10)
	h.close()
	h.forget()
	h.run(100)
	st := memstore.New(nil)
	l := h.write(t, st)
	h.markPruned(t, st, l, "2025-12-29")
	for _, b := range h.beats[:500] {
		commit(t, st, store.Delete(l.Key(ledger.Heartbeats, b.BucketID)))
	}
	o := evidenceOf(t, l, verify.EvidenceOptions{})
	require.Equal(t, verify.CannotTell, o.Verdict, "%v", o.Problems)
	require.Equal(t, int64(500), o.Counts["pruned"])
}
