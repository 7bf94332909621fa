package verify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func restartSafe(tb testing.TB, l *ledger.Ledger, o verify.RestartSafeOptions) verify.Outcome {
	tb.Helper()
	outcome, err := verify.RestartSafe(tb.Context(), l, o)
	require.NoError(tb, err)
	return outcome
}

func TestNoHonestRestartIsAccused(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seedtest.Histories(60)) { //nolint:gosec // not negative
		h := newHistory(seed)
		h.live(1 + int(seed%4))
		if seed%5 == 0 {
			h.forget()
			h.run(30)
		}
		l := h.write(t, memstore.New(nil))
		o := restartSafe(t, l, verify.RestartSafeOptions{Now: h.now()})
		require.Equal(t, verify.Pass, o.Verdict, "seed %d: %v", seed, o.Problems)
		require.Equal(t, o.Counts["expectedSlots"], o.Counts["filledSlots"]+o.Counts["missedSlots"], "%v", o.Counts)
		require.Equal(t, h.epoch, o.Counts["epoch"])
		part := restartSafe(t, l, verify.RestartSafeOptions{Now: h.now(), From: slotTime(300), To: slotTime(900)})
		require.Equal(t, verify.Pass, part.Verdict, "seed %d: %v", seed, part.Problems)
	}
}

// A longer slot of today has many of the old ones in it. Each beat was alone in
// its own, and a day that was rolled up before counts its own.
func TestAnIntervalThatWasChangedIsNoFault(t *testing.T) {
	t.Parallel()
	h := newHistory(3)
	h.run(perDay + 8)
	h.close()
	h.rollups["2025-12-29"]["intervalSec"] = int64(60)
	h.stop(longrun.Stopped)
	h.next = perDay + 10
	h.takeOver()
	for range 20 {
		b := longrun.Beat(slotTime(h.next).Add(time.Second), 5*time.Minute)
		b.InstanceID, b.Epoch, b.UptimeSec = h.instance, h.epoch, int64(b.TS.Sub(h.started)/time.Second)
		b, h.head = h.head.Next(b)
		h.beats = append(h.beats, b)
		h.next += 5
	}
	st := memstore.New(nil)
	l := h.write(t, st)
	o := restartSafe(t, l, verify.RestartSafeOptions{Now: h.now(), Interval: 5 * time.Minute})
	require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
	require.Equal(t, int64(perDay+8), o.Counts["otherInterval"])

	// Two in one of the old slots are found all the same.
	b := h.beats[70]
	b.BucketID, b.TS = "2025-12-29T01-10-30", b.TS.Add(time.Second)
	commit(t, st, l.CreateHeartbeat(b))
	o = restartSafe(t, l, verify.RestartSafeOptions{Now: h.now(), Interval: 5 * time.Minute})
	require.Equal(t, verify.Fail, o.Verdict)
	require.Contains(t, o.Problems[0].Text+o.Problems[1].Text, "is in one slot with 2025-12-29T01-10-00")
}

// Shorter slots than the old beats were made for are filled by those: nothing was
// missed, and the rollup of the day says the same, whichever version made it.
func TestAnIntervalThatBecameShorterMissedNothing(t *testing.T) {
	t.Parallel()
	h := newHistory(3)
	h.run(perDay / 2)
	h.stop(longrun.Stopped)
	h.takeOver()
	noon := slotTime(h.next)
	for at := noon; at.Before(noon.Add(12*time.Hour + 5*time.Minute)); at = at.Add(30 * time.Second) {
		b := longrun.Beat(at.Add(time.Second), 30*time.Second)
		b.InstanceID, b.Epoch, b.UptimeSec = h.instance, h.epoch, int64(b.TS.Sub(h.started)/time.Second)
		b, h.head = h.head.Next(b)
		h.beats = append(h.beats, b)
	}
	now := noon.Add(12*time.Hour + 5*time.Minute)
	day, err := coverage.NewDay(noon, 30*time.Second, time.Time{}, now)
	require.NoError(t, err)
	for _, b := range h.beats {
		day.Add(b)
	}
	r := day.Rollup()
	st := memstore.New(nil)
	l := h.write(t, st)
	for made, counted := range map[int64]int64{r.WrittenHb: 0, r.WrittenHb - perDay/2: 1} { // an older version's: each beat in one slot
		older := r
		older.WrittenHb, older.MissedHb = made, r.ExpectedHb-made
		if made < r.WrittenHb {
			older.Lengths = nil
		}
		commit(t, st, l.SetRollup(older))
		o := restartSafe(t, l, verify.RestartSafeOptions{Now: now, Interval: 30 * time.Second, From: day0})
		require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
		require.Zero(t, o.Counts["missedSlots"])
		require.Equal(t, counted, o.Counts["countedBefore"])
		require.Equal(t, int64(2*perDay+10), o.Counts["filledSlots"])
	}
	older := r
	older.WrittenHb, older.MissedHb = r.WrittenHb-perDay/2+1, r.ExpectedHb-r.WrittenHb+perDay/2-1
	commit(t, st, l.SetRollup(older))
	require.NotEqual(t, verify.Pass, restartSafe(t, l, verify.RestartSafeOptions{Now: now, Interval: 30 * time.Second, From: day0}).Verdict)
}

func TestTheTimeBeforeAnythingIsKnownWasNotMissed(t *testing.T) {
	t.Parallel()
	h := newHistory(4)
	h.run(100)
	l := h.write(t, memstore.New(nil))
	all := restartSafe(t, l, verify.RestartSafeOptions{Now: h.now()})
	o := restartSafe(t, l, verify.RestartSafeOptions{Now: h.now(), From: day0.AddDate(-10, 0, 0)})
	require.Equal(t, all.Counts["expectedSlots"], o.Counts["expectedSlots"])
	require.Equal(t, all.Counts["missedSlots"], o.Counts["missedSlots"])
}

// relink makes the chain of a history again after its beats were changed, so that
// nothing but the restarts is wrong with it.
func (h *history) relink() {
	h.head = evidence.Head{}
	for i := range h.beats {
		h.beats[i], h.head = h.head.Next(h.beats[i])
	}
}

func TestEveryUnsafeRestartIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(h *history)                                                 // before it is written
		after func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) // and behind
		path  func(l *ledger.Ledger, h *history) string
		says  string
		want  verify.Verdict
	}{
		"an older leader writes after a newer one": {
			spoil: func(h *history) { h.beats[150].Epoch, h.beats[150].InstanceID = 1, "i1"; h.relink() },
			path:  func(l *ledger.Ledger, h *history) string { return beatPath(l, h, 150) },
			says:  "an older leader wrote after a newer one",
		},
		"two writers of one epoch": {
			spoil: func(h *history) { h.beats[150].InstanceID = "other"; h.relink() },
			path:  func(l *ledger.Ledger, h *history) string { return beatPath(l, h, 151) },
			says:  "an epoch has one writer",
		},
		"two processes of one name": {
			spoil: func(h *history) { h.beats[150].UptimeSec = 1; h.relink() },
			path:  func(l *ledger.Ledger, h *history) string { return beatPath(l, h, 150) },
			says:  "its process is younger",
		},
		"an ID that is not its slot's": {
			spoil: func(h *history) { h.beats[50].TS = h.beats[50].TS.Add(90 * time.Minute * 24); h.relink() },
			path:  func(l *ledger.Ledger, h *history) string { return beatPath(l, h, 50) },
			says:  "which is in slot",
		},
		"an ID off the grid": {
			spoil: func(h *history) { h.beats[50].BucketID = "2025-12-29T00-50-07"; h.relink() },
			path:  func(l *ledger.Ledger, h *history) string { return beatPath(l, h, 50) },
			says:  "not on the grid",
		},
		"an ID that is none": {
			spoil: func(h *history) { h.beats[50].BucketID = "fifty"; h.relink() },
			path:  func(l *ledger.Ledger, h *history) string { return beatPath(l, h, 50) },
			says:  "no slot's",
		},
		"two beats in a slot": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				b := h.beats[70]
				b.BucketID, b.TS = "2025-12-29T01-10-30", b.TS.Add(time.Second)
				commit(t, st, l.CreateHeartbeat(b))
			},
			path: func(l *ledger.Ledger, _ *history) string { return l.Path(ledger.Heartbeats) + "/2025-12-29T01-10-30" },
			says: "a slot has one beat",
		},
		"a beat that does not decode": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				commit(t, st, store.Set(l.Key(ledger.Heartbeats, h.beats[3].BucketID), map[string]any{"ts": h.beats[3].TS, "epoch": "one"}))
			},
			path: func(l *ledger.Ledger, h *history) string { return beatPath(l, h, 3) },
			says: "does not decode",
		},
		"a lock at an older epoch": {
			spoil: func(h *history) { h.epoch = 1 },
			path:  func(l *ledger.Ledger, _ *history) string { return l.LockKey().String() },
			says:  "epochs never fall",
		},
		"a lock with another holder": {
			spoil: func(h *history) { h.instance = "somebody" },
			path:  func(l *ledger.Ledger, _ *history) string { return l.LockKey().String() },
			says:  `says that "somebody" holds`,
		},
		"a lock that is none": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, _ *history) {
				commit(t, st, store.Set(l.LockKey(), map[string]any{"epoch": 3, "leaseSec": -1.0}))
			},
			path: func(l *ledger.Ledger, _ *history) string { return l.LockKey().String() },
			says: "no document of a lock",
		},
		"a note that is no head": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				row := h.row()
				row.Note = "x"
				commit(t, st, store.Set(l.LockKey(), row))
			},
			path: func(l *ledger.Ledger, _ *history) string { return l.LockKey().String() },
			says: "no head",
		},
		"no lock": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, _ *history) {
				commit(t, st, store.Delete(l.LockKey()))
			},
			path: func(l *ledger.Ledger, _ *history) string { return l.LockKey().String() },
			says: "is missing", want: verify.CannotTell,
		},
		"the original's lock": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, _ *history) {
				commit(t, st, store.Set(l.LockKey(), map[string]any{"holderInstanceId": "b44d8ae9", "leaseUntilTs": 1767047460000}))
			},
			path: func(l *ledger.Ledger, _ *history) string { return l.LockKey().String() },
			says: "original", want: verify.CannotTell,
		},
		"a leader that died, and nobody came": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				row := h.row()
				row.LeaseSec = 1e-9
				commit(t, st, store.Set(l.LockKey(), row))
			},
			path: func(l *ledger.Ledger, h *history) string { return runPath(l, h, 1) },
			says: "nobody has taken over",
		},
		"a run closed without saying how": {
			spoil: func(h *history) { h.runs[0].Ended = "" },
			path:  func(l *ledger.Ledger, h *history) string { return runPath(l, h, 0) },
			says:  "not how",
		},
		"a run that ended before it began": {
			spoil: func(h *history) { end := h.runs[0].TS.Add(-time.Second); h.runs[0].End = &end },
			path:  func(l *ledger.Ledger, h *history) string { return runPath(l, h, 0) },
			says:  "before it began",
		},
		"a run that ended in no known way": {
			spoil: func(h *history) { h.runs[0].Ended = "tired" },
			path:  func(l *ledger.Ledger, h *history) string { return runPath(l, h, 0) },
			says:  "no way to end",
		},
		"a run that wrote after it stopped": {
			spoil: func(h *history) { end := slotTime(50); h.runs[0].End = &end },
			path:  func(l *ledger.Ledger, h *history) string { return runPath(l, h, 0) },
			says:  "wrote wa_metrics",
		},
		"a run that does not decode": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				commit(t, st, store.Set(l.Key(ledger.Runs, "bad"), map[string]any{"ts": day0, "pid": "x"}))
			},
			path: func(l *ledger.Ledger, _ *history) string { return l.Path(ledger.Runs) + "/bad" },
			says: "is no run",
		},
		"no runs": {
			spoil: func(h *history) { h.runs = nil },
			path:  func(*ledger.Ledger, *history) string { return "" },
			says:  "no run of any instance", want: verify.CannotTell,
		},
		"a rollup that does not add up": {
			spoil: func(h *history) { h.rollups["2025-12-29"]["missedHb"] = int64(3) },
			path:  rollupPath, says: "do not add up",
		},
		"a rollup with fewer beats than there are": {
			spoil: func(h *history) {
				h.rollups["2025-12-29"]["expectedHb"], h.rollups["2025-12-29"]["writtenHb"], h.rollups["2025-12-29"]["missedHb"] = int64(1440), int64(1400), int64(40)
			},
			path: rollupPath, says: "or it was changed", want: verify.CannotTell,
		},
		"a rollup with beats that are gone": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				commit(t, st, store.Delete(l.Key(ledger.Heartbeats, h.beats[40].BucketID)))
			},
			path: rollupPath, says: "beats were removed",
		},
		"a day whose beats are all gone, and were not pruned": {
			spoil: func(h *history) {
				h.run(perDay)
				h.close()
			},
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				for _, b := range h.beats {
					if longrun.RollupID(b.TS) == "2025-12-30" {
						commit(t, st, store.Delete(l.Key(ledger.Heartbeats, b.BucketID)))
					}
				}
			},
			path: func(l *ledger.Ledger, _ *history) string { return l.Key(ledger.Rollups, "2025-12-30").String() },
			says: "only 0 have: beats were removed",
		},
		"a rollup that is none": {
			after: func(t *testing.T, st store.Store, l *ledger.Ledger, h *history) {
				commit(t, st, store.Set(l.Key(ledger.Rollups, "2025-12-29"), map[string]any{"ts": day0, "writtenHb": "many"}))
			},
			path: rollupPath, says: "is no rollup",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(1)
			h.run(100)
			h.stop(longrun.Stopped)
			h.next += 2
			h.takeOver()
			h.run(perDay)
			h.close()
			if c.spoil != nil {
				c.spoil(h)
			}
			st := memstore.New(nil)
			l := h.write(t, st)
			if c.after != nil {
				c.after(t, st, l, h)
			}
			o := restartSafe(t, l, verify.RestartSafeOptions{Now: h.now()})
			if c.want == "" {
				c.want = verify.Fail
			}
			require.Equal(t, c.want, o.Verdict, "%v", o.Problems)
			found := false
			for _, f := range o.Problems {
				found = found || f.Path == c.path(l, h)
			}
			require.True(t, found, "%s is not named: %v", c.path(l, h), o.Problems)
			var texts []string
			for _, f := range o.Problems {
				texts = append(texts, f.Text)
			}
			require.Contains(t, strings.Join(texts, "\n"), c.says)
		})
	}
}

func beatPath(l *ledger.Ledger, h *history, i int) string {
	return l.Key(ledger.Heartbeats, h.beats[i].BucketID).String()
}

func runPath(l *ledger.Ledger, h *history, i int) string {
	return l.Key(ledger.Runs, h.runs[i].RunID).String()
}

func rollupPath(l *ledger.Ledger, _ *history) string {
	return l.Key(ledger.Rollups, "2025-12-29").String()
}

func TestWithoutBeatsNothingIsSafe(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	require.Equal(t, verify.CannotTell, restartSafe(t, l, verify.RestartSafeOptions{Now: day0}).Verdict)
	require.Equal(t, verify.CannotTell, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict)
	// Those of the original system are not ours to vouch for.
	commit(t, st, store.Set(l.Key(ledger.Heartbeats, "a"), map[string]any{"ts": day0}), store.Set(l.Key(ledger.Heartbeats, "b"), map[string]any{"ts": day0.Add(time.Second)}))
	o := restartSafe(t, l, verify.RestartSafeOptions{Now: day0.Add(time.Hour)})
	require.Equal(t, verify.CannotTell, o.Verdict)
	require.Equal(t, int64(1), o.Counts["sharedSlots"])
	e := evidenceOf(t, l, verify.EvidenceOptions{})
	require.Equal(t, verify.CannotTell, e.Verdict)
	require.Equal(t, int64(2), e.Counts["unchained"])

	_, err = verify.RestartSafe(t.Context(), l, verify.RestartSafeOptions{})
	require.ErrorContains(t, err, "Now")
	_, err = verify.RestartSafe(t.Context(), l, verify.RestartSafeOptions{Now: day0, Interval: 7 * time.Second})
	require.ErrorContains(t, err, "Interval")
	_, err = verify.RestartSafe(t.Context(), l, verify.RestartSafeOptions{Now: day0, From: day0, To: day0})
	require.ErrorContains(t, err, "To is not after From")
	_, err = verify.Evidence(t.Context(), l, verify.EvidenceOptions{From: day0, To: day0.Add(-time.Hour)})
	require.ErrorContains(t, err, "To is not after From")
}
