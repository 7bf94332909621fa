//go:build !race

package verify_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// fiveDays is a history without any incident.
func fiveDays(t *testing.T, st store.Store) (*history, *ledger.Ledger) {
	t.Helper()
	h := newHistory(1)
	h.run(5*perDay + 100)
	h.close()
	return h, h.write(t, st)
}

func TestAWindowReadsItsDaysAndWhatIsNotSealed(t *testing.T) {
	t.Parallel()
	_, l := fiveDays(t, memstore.New(nil))
	o := evidenceOf(t, l, verify.EvidenceOptions{From: slotTime(perDay + 5), To: slotTime(2*perDay + 5)})
	require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
	require.Equal(t, int64(2*perDay+100), o.Counts["beats"])
	o = evidenceOf(t, l, verify.EvidenceOptions{From: slotTime(4*perDay + 5)})
	require.Equal(t, int64(perDay+100), o.Counts["beats"])
	require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
	o = evidenceOf(t, l, verify.EvidenceOptions{To: slotTime(5)})
	require.Equal(t, int64(perDay+100), o.Counts["beats"])
	require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
}

// Whatever is wrong in the window's days is found, and so is what breaks its
// chain to the head; an edit elsewhere is no matter of the window's.
func TestAWindowIsAsStrictAsTheWhole(t *testing.T) { //nolint:tparallel // its parts share a store, and leave it as it was
	t.Parallel()
	from, to := slotTime(perDay), slotTime(3*perDay)
	st := memstore.New(nil)
	h, l := fiveDays(t, st)
	for name, c := range map[string]struct {
		slot int
		want verify.Verdict
	}{
		"its first": {perDay, verify.Fail}, "within": {2 * perDay, verify.Fail}, "its last": {3*perDay - 1, verify.Fail},
		"before": {100, verify.Pass}, "after": {3*perDay + 100, verify.Pass}, "since the newest seal": {5*perDay + 50, verify.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			for _, remove := range []bool{false, true} {
				b := h.beats[c.slot]
				good := store.Set(l.Key(ledger.Heartbeats, b.BucketID), b)
				b.Healthy = !b.Healthy
				op := store.Set(good.Key, b)
				if remove {
					op = store.Delete(op.Key)
				}
				commit(t, st, op)
				o := evidenceOf(t, l, verify.EvidenceOptions{From: from, To: to})
				require.Equal(t, c.want, o.Verdict, "removed %v: %v", remove, o.Problems)
				if c.want == verify.Fail {
					require.Equal(t, op.Key.String(), o.Problems[0].Path, "%v", o.Problems)
				}
				commit(t, st, good)
			}
		})
	}
	require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict, "as it was")
}

func TestPrunedSegmentsAreOldOnesAndWhole(t *testing.T) {
	t.Parallel()
	prune := func(t *testing.T, from, to int, marks ...string) *ledger.Ledger {
		st := memstore.New(nil)
		h, l := fiveDays(t, st)
		h.markPruned(t, st, l, marks...)
		for _, b := range h.beats[from:to] {
			commit(t, st, store.Delete(l.Key(ledger.Heartbeats, b.BucketID)))
		}
		return l
	}
	days := []string{"2025-12-29", "2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02"}
	l := prune(t, 0, 4*perDay, days[:4]...)
	rollups := l.Path(ledger.Rollups) + "/"
	require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict)
	require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{KeptFrom: slotTime(4 * perDay)}).Verdict)
	o := evidenceOf(t, l, verify.EvidenceOptions{KeptFrom: slotTime(4*perDay - 1)})
	require.Equal(t, verify.Fail, o.Verdict)
	require.Equal(t, []string{rollups + days[3]}, paths(o))
	o = evidenceOf(t, l, verify.EvidenceOptions{From: slotTime(0), To: slotTime(perDay)})
	require.Equal(t, verify.CannotTell, o.Verdict, "of a window that is pruned nothing can be told: %v", o.Problems)

	o = evidenceOf(t, prune(t, 0, 2*perDay, days[0]), verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict, "a segment that no prune took")
	require.Equal(t, []string{rollups + days[1]}, paths(o))
	o = evidenceOf(t, prune(t, perDay, 2*perDay, days[1]), verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict, "a segment from the midst")
	o = evidenceOf(t, prune(t, 0, 5*perDay+100, days...), verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict, "all of them")
	require.Equal(t, verify.Pass, evidenceOf(t, prune(t, 0, 5*perDay, days...), verify.EvidenceOptions{}).Verdict, "all that is sealed")

	// A prune that was broken off.
	o = evidenceOf(t, prune(t, 0, perDay+10, days[0]), verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict, "a part of a segment that no prune began")
	require.Contains(t, o.Problems[0].Text, "sealed in")
	l = prune(t, 0, perDay+10, days[:2]...)
	o = evidenceOf(t, l, verify.EvidenceOptions{KeptFrom: slotTime(2 * perDay)})
	require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
	require.Equal(t, int64(perDay+10), o.Counts["pruned"])
	o = evidenceOf(t, l, verify.EvidenceOptions{KeptFrom: slotTime(2*perDay - 1)})
	require.Equal(t, verify.Fail, o.Verdict)
	require.Equal(t, []string{rollups + days[1]}, paths(o))
	o = evidenceOf(t, prune(t, 10, perDay+10, days[:2]...), verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict, "not from its beginning")
	o = evidenceOf(t, prune(t, 0, 10, days[1]), verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict, "another than the one that was begun")
	o = evidenceOf(t, prune(t, perDay, perDay+10, days[1]), verify.EvidenceOptions{})
	require.Equal(t, verify.Fail, o.Verdict, "its begin alone")

	// Of what came before the oldest seal nothing is left.
	st := memstore.New(nil)
	h, l := fiveDays(t, st)
	h.markPruned(t, st, l, days[:2]...)
	for _, b := range h.beats[:2*perDay] {
		commit(t, st, store.Delete(l.Key(ledger.Heartbeats, b.BucketID)))
	}
	commit(t, st, store.Delete(l.Key(ledger.Rollups, "2025-12-29")))
	o = evidenceOf(t, l, verify.EvidenceOptions{})
	require.Equal(t, verify.CannotTell, o.Verdict, "%v", o.Problems)
	require.Contains(t, o.Problems[0].Text, "not even the seals are left")
	require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{From: slotTime(2 * perDay)}).Verdict)
}

// A check beside a leader that writes meanwhile accuses nobody.
func TestBeatsThatAreWrittenMeanwhileAreLeftToTheNextCheck(t *testing.T) {
	t.Parallel()
	mem := memstore.New(nil)
	h := newHistory(3)
	h.run(3000)
	h.close()
	l, stored := h.write(t, mem), len(h.beats)
	st := storetest.Wrap(mem)
	write := func(beats []longrun.Heartbeat) {
		row := h.row()
		last := beats[len(beats)-1]
		row.Note = evidence.Head{ChainSeq: last.ChainSeq, Hash: evidence.Hash(last)}.String()
		ops := []store.Op{store.Set(l.LockKey(), row)}
		for _, b := range beats {
			ops = append(ops, l.CreateHeartbeat(b))
		}
		commit(t, mem, ops...)
	}
	// Each time the store has just been away: the current beat is there, as the last
	// of a page, and once that is read, so are the late ones before it, behind the
	// reader, and another.
	const page = 256
	var late []longrun.Heartbeat
	st.Inject(storetest.Fault{Record: func(_ context.Context, c storetest.Call, n int) error {
		if c.Key.Collection == l.Path(ledger.Heartbeats) && n == stored {
			h.run(1)
			write(append(late, h.beats[len(h.beats)-1]))
			stored = 0 // once
		}
		return nil
	}})
	reading, err := ledger.New(st, "")
	require.NoError(t, err)
	for range 3 {
		from := len(h.beats)
		h.run(page - 1 - from%page)
		h.outage(20)
		stored = len(h.beats) - 20
		write(h.beats[from:stored])
		late = h.beats[stored:]
		o := evidenceOf(t, reading, verify.EvidenceOptions{})
		require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
		require.Equal(t, int64(2), o.Counts["pieces"], "nothing was written behind the reader")
		require.Equal(t, int64(1), evidenceOf(t, reading, verify.EvidenceOptions{}).Counts["pieces"])
	}
}

// Nor is anybody accused of a restart, a take-over, or a day that is rolled up
// while the beats are read, whether the reader still comes by what was written or
// not.
func TestWhatHappensMeanwhileIsNoUnsafeRestart(t *testing.T) {
	t.Parallel()
	for _, last := range []bool{false, true} {
		mem := memstore.New(nil)
		h := newHistory(5)
		h.run(2*perDay - 10)
		h.close()
		h.stop(longrun.Stopped)
		l, stored := h.write(t, mem), len(h.beats)
		at, name := 1, h.instance
		if last {
			at = stored
		}
		st := storetest.Wrap(mem)
		st.Inject(storetest.Fault{Record: func(_ context.Context, c storetest.Call, n int) error {
			if c.Key.Collection != l.Path(ledger.Heartbeats) || n != at {
				return nil
			}
			at = 0 // once
			h.takeOver()
			h.instance = name // in a new process
			h.runs[1].InstanceID, h.runs[1].RunID = name, ledger.RunID(name, h.started)
			h.run(14)
			h.close()
			ops := []store.Op{
				store.Set(l.LockKey(), h.row()), store.Set(l.Key(ledger.Runs, h.runs[1].RunID), h.runs[1]),
				store.Set(l.Key(ledger.Rollups, "2025-12-30"), h.rollups["2025-12-30"]),
			}
			for _, b := range h.beats[stored:] {
				ops = append(ops, l.CreateHeartbeat(b))
			}
			commit(t, mem, ops...)
			return nil
		}})
		reading, err := ledger.New(st, "")
		require.NoError(t, err)
		o := restartSafe(t, reading, verify.RestartSafeOptions{Now: h.now()})
		require.Zero(t, at, "it did not happen")
		require.Equal(t, verify.Pass, o.Verdict, "%v: %v", last, o.Problems)
		read := int64(len(h.beats))
		if last {
			read = int64(stored)
		}
		require.Equal(t, read, o.Counts["beats"])
	}
}

func TestAStoreThatCannotBeReadIsAnErrorAndNoVerdict(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	mem := memstore.New(nil)
	h := newHistory(1)
	h.run(perDay + 500)
	h.close()
	l := h.write(t, mem)
	for _, call := range []storetest.Call{
		{Method: storetest.Get, Key: l.LockKey()},
		{Method: storetest.Scan, Key: store.Key{Collection: l.Path(ledger.Heartbeats)}},
		{Method: storetest.Scan, Key: store.Key{Collection: l.Path(ledger.Rollups)}},
		{Method: storetest.Scan, Key: store.Key{Collection: l.Path(ledger.Runs)}},
		{Method: storetest.Scan, Key: store.Key{Collection: l.Path(ledger.Probes)}},
		{Method: storetest.Get, Key: l.SettingsKey()},
	} {
		st := storetest.Wrap(mem)
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == call.Method && c.Key == call.Key {
				return gone
			}
			return nil
		}})
		reading, err := ledger.New(st, "")
		require.NoError(t, err)
		failed := 0
		for name, check := range map[string]func() (verify.Outcome, error){
			"evidence": func() (verify.Outcome, error) {
				return verify.Evidence(t.Context(), reading, verify.EvidenceOptions{From: slotTime(10)})
			},
			"restart-safe": func() (verify.Outcome, error) {
				return verify.RestartSafe(t.Context(), reading, verify.RestartSafeOptions{Now: h.now()})
			},
			"probes": func() (verify.Outcome, error) {
				return verify.Probes(t.Context(), reading, verify.ProbesOptions{Now: h.now()})
			},
		} {
			o, err := check()
			if err != nil {
				require.ErrorIs(t, err, gone, name)
				require.NotEqual(t, 0, o.ExitCode())
				failed++
			}
		}
		require.Positive(t, failed, "%v", call)
	}
}

func TestAStrippedOrForeignSignatureIsNamed(t *testing.T) {
	t.Parallel()
	mem := memstore.New(nil)
	h := newHistory(1)
	h.run(perDay + 10)
	h.close() // before there was a key
	h.key = testKey(1)
	h.run(2*perDay + 500)
	h.close()
	l := h.write(t, mem)
	mine, other := publicOf(testKey(1)), publicOf(testKey(2))

	o := evidenceOf(t, l, verify.EvidenceOptions{})
	require.Equal(t, verify.Pass, o.Verdict)
	require.Contains(t, o.Problems[0].Text, "no public key was given")
	o = evidenceOf(t, l, verify.EvidenceOptions{Keys: []ed25519.PublicKey{other, mine}})
	require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
	require.Equal(t, int64(2), o.Counts["signaturesValid"])
	o = evidenceOf(t, l, verify.EvidenceOptions{Keys: []ed25519.PublicKey{other}})
	require.Equal(t, verify.Fail, o.Verdict)
	require.Contains(t, o.Problems[0].Text, "not among those given")

	s := *h.seal("2025-12-31")
	s.KeyID, s.Signature = "", ""
	r := h.rollups["2025-12-31"]
	r["seal"] = &s
	commit(t, mem, store.Set(l.Key(ledger.Rollups, "2025-12-31"), r))
	o = evidenceOf(t, l, verify.EvidenceOptions{Keys: []ed25519.PublicKey{mine}})
	require.Equal(t, []string{l.Path(ledger.Rollups) + "/2025-12-31"}, paths(o))
	require.Contains(t, o.Problems[0].Text, "not signed, though an earlier one is")

	young := newHistory(2)
	young.run(5)
	o = evidenceOf(t, young.write(t, memstore.New(nil)), verify.EvidenceOptions{Keys: []ed25519.PublicKey{mine}})
	require.Equal(t, verify.CannotTell, o.Verdict, "a key that proves nothing is no pass")
}

// A year of minutes, with a take-over each day and an outage each week.
func year(b *testing.B) *history {
	h := newHistory(1)
	for day := range 365 {
		h.run(perDay/2 - 100)
		if day%7 == 0 {
			h.outage(60)
		}
		h.stop(longrun.Lost)
		h.next += 2
		h.takeOver()
		h.run((day+1)*perDay - h.next)
	}
	b.Logf("%d beats", len(h.beats))
	return h
}

func BenchmarkEvidence(b *testing.B) {
	for name, open := range map[string]func(testing.TB) store.Store{
		"memory": func(testing.TB) store.Store { return memstore.New(nil) },
		"sqlite": sqlite,
	} {
		b.Run(name, func(b *testing.B) {
			h := year(b)
			l := h.write(b, open(b))
			b.ResetTimer()
			b.ReportAllocs()
			for b.Loop() {
				o := evidenceOf(b, l, verify.EvidenceOptions{})
				if o.Counts["beats"] != int64(len(h.beats)) || o.Counts["pieces"] != 1 {
					b.Fatal(o)
				}
			}
			b.ReportMetric(float64(len(h.beats))*float64(b.N)/b.Elapsed().Seconds(), "beats/s")
		})
	}
}

func BenchmarkRestartSafe(b *testing.B) {
	h := year(b)
	l := h.write(b, memstore.New(nil))
	for b.Loop() {
		o := restartSafe(b, l, verify.RestartSafeOptions{Now: h.now()})
		if o.Verdict != verify.Pass {
			b.Fatal(o)
		}
	}
	b.ReportMetric(float64(len(h.beats))*float64(b.N)/b.Elapsed().Seconds(), "beats/s")
}
