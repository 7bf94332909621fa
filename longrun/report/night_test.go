package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "make it with -update")
	require.Equal(t, string(want), got, name)
}

// onEach runs a test on every store.
func onEach(t *testing.T, test func(t *testing.T, st store.Store)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, memstore.New(nil))
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, sqlite(t))
	})
	t.Run("firestore", func(t *testing.T) {
		t.Parallel()
		st, err := firestorestore.New(firestoretest.Client(t), &firestorestore.Options{Timeout: time.Minute}) // a busy machine
		require.NoError(t, err)
		test(t, st)
	})
}

func sqlite(tb testing.TB) store.Store {
	tb.Helper()
	st, err := sqlitestore.Open(tb.Context(), tb.TempDir()+"/longrun.db", nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	return st
}

func open(tb testing.TB, st store.Store) *ledger.Ledger {
	tb.Helper()
	l, err := ledger.New(st, "")
	require.NoError(tb, err)
	return l
}

// commit writes documents, as many at a time as a store takes.
func commit(tb testing.TB, st store.Store, ops ...store.Op) {
	tb.Helper()
	for len(ops) > 0 {
		n := min(len(ops), store.MaxOps)
		_, err := st.Commit(tb.Context(), ops[:n]...)
		require.NoError(tb, err)
		ops = ops[n:]
	}
}

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// night writes the beats of the seed's night as the original system left them:
// two processes of its first version, which named neither themselves nor their
// slot, and two of its second.
func night(t *testing.T, st store.Store) *ledger.Ledger {
	t.Helper()
	l := open(t, st)
	var ops []store.Op
	for _, process := range []struct {
		first            string
		beats            int
		instance, commit string
	}{
		{"2025-12-29T22:14:29.929Z", 6, "", "7c439325"},
		{"2025-12-29T22:21:21.547Z", 8, "", "7c439325"},
		{"2025-12-29T22:29:47.259Z", 6, "b44d8ae9-6ee5-4e7c-a5d4-4b5b0e3d2c9f", "3d4adc99"},
		{"2025-12-29T22:45:30.134Z", 23, "bcfe891c-59b1-4364-999f-4399e47e613a", "b05469d7"},
	} {
		for i := range process.beats {
			ts := utc(process.first).Add(time.Duration(i) * time.Minute)
			doc := map[string]any{"ts": ts, "tsIso": longrun.ISO(ts), "uptimeSec": int64(60 * (i + 1)), "memoryRss": int64(113_700_864), "connectedCount": int64(0)}
			id := ts.Format("2006-01-02T15-04-05")
			if process.instance == "" {
				id = ts.Format("2006-01-02T15-04-05") + "-" + ts.Format(".000Z")[1:]
				doc["commit"] = process.commit
			} else {
				doc["bucketId"], doc["commitHash"], doc["instanceId"] = id, process.commit, process.instance
				doc["expectedIntervalSec"], doc["driftSec"] = int64(60), int64(0)
			}
			ops = append(ops, store.Set(l.Key(ledger.Heartbeats, id), doc))
		}
	}
	require.Len(t, ops, 43)
	ops = append(ops, store.Set(l.Key(ledger.Probes, "OUT_20251229T22"), map[string]any{
		"probeKey": "OUT_20251229T22", "type": "outbound", "ts": utc("2025-12-29T22:29:48.272Z"), "tsIso": "2025-12-29T22:29:47.268Z",
		"result": "PASS", "latencyMs": int64(906), "commitHash": "3d4adc99", "instanceId": "b44d8ae9-6ee5-4e7c-a5d4-4b5b0e3d2c9f",
	}))
	commit(t, st, ops...)
	return l
}

func TestTheSeedsNightIsReportedFromEachStore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := night(t, st)
		now := utc("2025-12-29T23:08:20Z")
		w, err := report.ParseWindow("2025-12-29T22:14:29Z/2025-12-29T23:07:31Z", now)
		require.NoError(t, err)
		s, err := l.Survey(t.Context(), w, time.Minute, now, nil)
		require.NoError(t, err)
		r := report.New(s, nil)

		require.Equal(t, []int{54, 43, 11}, []int{r.Coverage.Expected, r.Coverage.Written, r.Coverage.Missed})
		require.Equal(t, []int{0, 43}, []int{r.Coverage.Healthy, r.Coverage.Unknown}, "the original never said how the host was (D11)")
		require.Nil(t, r.Coverage.Availability, "what nobody knows is no 0 %")
		require.Nil(t, r.Coverage.Good)
		require.Contains(t, r.Markdown(), "| Healthy while seen | not known |")
		require.Contains(t, r.Markdown(), "| Health not known | 43 |")
		require.Equal(t, report.Fail, r.Judgement.Outcome)
		require.InDelta(t, 0.8, r.Judgement.Target, 0)
		require.Equal(t, 2, r.Gaps.Count)
		require.Equal(t, []int{1, 10}, []int{r.Gaps.Listed[0].Missed, r.Gaps.Listed[1].Missed})
		require.Equal(t, utc("2025-12-29T22:20:00Z"), r.Gaps.Listed[0].From)
		require.Equal(t, utc("2025-12-29T22:35:00Z"), r.Gaps.Listed[1].From)
		require.Equal(t, utc("2025-12-29T22:45:00Z"), r.Gaps.Listed[1].To)
		require.Equal(t, 3, r.Instances.Count)
		require.True(t, r.Instances.Unnamed)
		require.Contains(t, r.Markdown(), "coverage 79.6 % is below the target of 80 %")
		require.Contains(t, r.Markdown(), "| (no name) | 7c439325 |")

		golden(t, "night.md", r.Markdown())
		text, err := r.JSON()
		require.NoError(t, err)
		golden(t, "night.json", string(text))
		page, err := r.HTML()
		require.NoError(t, err)
		wellFormed(t, page)
		golden(t, "night.html", string(page))

		// The day rolled up says the same, and the original's threshold with it.
		next := utc("2025-12-30T00:00:00Z")
		rollup, err := l.RollDay(t.Context(), now, next, time.Minute)
		require.NoError(t, err)
		require.Equal(t, []int64{106, 43, 63}, []int64{rollup.ExpectedHb, rollup.WrittenHb, rollup.MissedHb})
		require.True(t, rollup.InsufficientData)
		require.Equal(t, []int64{0, 43}, []int64{rollup.HealthyHb, rollup.UnknownHb})
		require.Equal(t, rollup.Slots, rollup.Unknown)
		commit(t, st, l.SetRollup(rollup))
		s, err = l.Survey(t.Context(), longrun.DayOf(now), time.Minute, next, nil)
		require.NoError(t, err)
		require.Equal(t, ledger.FromRollup, s.Days[0].Source)
		require.Equal(t, 3, report.New(s, nil).Instances.Count)
		require.Equal(t, 43, report.New(s, nil).Coverage.Unknown)
		require.Equal(t, []int{1, 10, 52}, []int{s.Summary.Coverage.Gaps[0].Missed, s.Summary.Coverage.Gaps[1].Missed, s.Summary.Coverage.Gaps[2].Missed})
	})
}
