package coverage

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/stretchr/testify/require"
)

// kit is one truth in every form that is asked.
type kit struct {
	*truth
	rolled
	book *ledger.Ledger
	prom *prometheus
}

func newKit(tb testing.TB, days int) *kit {
	tb.Helper()
	k := &kit{truth: live(days)}
	k.rolled = rollUp(tb, k.truth)
	k.book = write(tb, k.truth, k.rolled)
	k.prom = scrape(tb, k.truth)
	return k
}

// fromBitmaps counts the bitmaps of the days in memory.
func (k *kit) fromBitmaps() longrun.Coverage {
	t := coverage.NewCounter(k.window, interval, k.now())
	for _, d := range k.days {
		t.AddBitmap(d.from, d.filled, d.healthy, nil)
	}
	return t.Coverage()
}

// fromText decodes the bitmaps of the days from the text of their rollups, and
// counts them.
func (k *kit) fromText(tb testing.TB) longrun.Coverage {
	tb.Helper()
	t := coverage.NewCounter(k.window, interval, k.now())
	for i := range k.rollups {
		filled, err := coverage.ParseBitmap(k.rollups[i].Slots)
		require.NoError(tb, err)
		unhealthy, err := coverage.ParseBitmap(k.rollups[i].Unhealthy)
		require.NoError(tb, err)
		// Which of the two is handed over as healthy costs the same, and neither
		// has a part in what is compared.
		t.AddBitmap(k.rollups[i].From, filled, unhealthy, nil)
	}
	return t.Coverage()
}

// fromRollups checks and decodes the rollups of the days in memory, and gives
// causes, drift and instances too.
func (k *kit) fromRollups(tb testing.TB) longrun.Coverage {
	tb.Helper()
	d := coverage.NewMerge(k.window, interval, k.now())
	for _, r := range k.rollups {
		require.NoError(tb, d.AddRollup(r))
	}
	return d.Summary().Coverage
}

// fromFile reads the rollups in the SQLite file, all that a report shows.
func (k *kit) fromFile(tb testing.TB) longrun.Coverage {
	tb.Helper()
	s, err := k.book.Survey(tb.Context(), k.window, interval, k.now(), nil)
	require.NoError(tb, err)
	return s.Summary.Coverage
}

// fromBeats scans the beats in the SQLite file and measures them.
func (k *kit) fromBeats(tb testing.TB) longrun.Coverage {
	tb.Helper()
	beats := make([]longrun.Heartbeat, 0, len(k.beats))
	for e, err := range k.book.Heartbeats(tb.Context(), ledger.Page{}) {
		require.NoError(tb, err)
		beats = append(beats, e.Value)
	}
	return coverage.Of(beats, k.window, interval, k.now())
}

// agree fails unless all of them say what is true.
func (k *kit) agree(tb testing.TB) {
	tb.Helper()
	slots := int(k.window.To.Sub(k.window.From) / interval)
	for name, c := range map[string]longrun.Coverage{
		"bitmaps": k.fromBitmaps(), "text": k.fromText(tb), "rollups": k.fromRollups(tb), "file": k.fromFile(tb), "beats": k.fromBeats(tb),
	} {
		require.Equal(tb, len(k.beats), c.Written, name)
		require.Equal(tb, slots, c.Written+c.Missed, name)
		var gaps []gap
		for _, g := range c.Gaps {
			gaps = append(gaps, gap{g.From, g.To})
		}
		require.Equal(tb, k.gaps, gaps, name)
	}
	require.Equal(tb, len(k.beats), k.prom.written(tb), "count_over_time")
	require.Equal(tb, k.gaps, k.prom.gapsByPromQL(tb), "absent_over_time")
	require.Equal(tb, k.gaps, k.prom.gapsByClient(tb), "all samples")
}

func TestAllWaysToAskAgree(t *testing.T) {
	t.Parallel()
	k := newKit(t, 24)
	require.Greater(t, len(k.gaps), 30)
	require.Greater(t, len(k.prom.db.Blocks()), 1, "nothing was compacted")
	k.agree(t)
	k.gaps[0].from = k.gaps[0].from.Add(interval)
	require.NotEqual(t, k.gaps, k.prom.gapsByPromQL(t), "the comparison cannot fail")
}

// ways are the times of all ways to ask.
type ways struct{ bitmaps, text, rollups, file, beats, count, absent, samples lap }

// turn asks each way in its turn, so that whatever else the machine does falls on all.
func (w *ways) turn(tb testing.TB, k *kit) {
	tb.Helper()
	w.beats.add(1, func() { k.fromBeats(tb) })
	w.absent.add(1, func() { k.prom.gapsByPromQL(tb) })
	for range 5 {
		w.count.add(1, func() { k.prom.written(tb) })
		w.samples.add(1, func() { k.prom.gapsByClient(tb) })
		w.file.add(1, func() { k.fromFile(tb) })
		w.rollups.add(5, func() { k.fromRollups(tb) })
		w.text.add(20, func() { k.fromText(tb) })
		w.bitmaps.add(20, func() { k.fromBitmaps() })
	}
}

// BenchmarkYear asks for a year of minutes and compares the medians. The ratios are of
// the bitmaps in memory; those of the slower ways follow from the times beside them.
func BenchmarkYear(b *testing.B) {
	k := newKit(b, 365)
	k.agree(b)
	var w ways
	for b.Loop() {
		w.turn(b, k)
	}
	b.Logf("%d slots, %d beats, %d gaps, %d blocks", 365*1440, len(k.beats), len(k.gaps), len(k.prom.db.Blocks()))
	b.ReportMetric(0, "ns/op") // of all of them together, it says nothing
	b.ReportMetric(float64(w.bitmaps.median().Microseconds()), "µs-bitmaps")
	b.ReportMetric(float64(w.text.median().Microseconds()), "µs-text")
	for name, l := range map[string]*lap{
		"rollups": &w.rollups, "file": &w.file, "beats": &w.beats,
		"promql-count": &w.count, "promql-gaps": &w.absent, "promql-samples": &w.samples,
	} {
		b.ReportMetric(float64(l.median().Microseconds())/1000, "ms-"+name)
	}
	ratio := func(slow, fast *lap) float64 { return float64(slow.median()) / float64(fast.median()) }
	b.ReportMetric(ratio(&w.count, &w.bitmaps), "x_faster_than_promql")
	b.ReportMetric(ratio(&w.absent, &w.bitmaps), "x_faster_than_promql_gaps")
	b.ReportMetric(ratio(&w.samples, &w.bitmaps), "x_faster_than_promql_samples")
	b.ReportMetric(ratio(&w.beats, &w.bitmaps), "x_faster_than_beats")
}

// lap are the times of one way to ask.
type lap []time.Duration

// add times n calls in a row as one, for what is too short for the clock.
func (l *lap) add(n int, ask func()) {
	start := time.Now()
	for range n {
		ask()
	}
	*l = append(*l, time.Since(start)/time.Duration(n))
}

func (l *lap) median() time.Duration {
	sorted := slices.Sorted(slices.Values(*l))
	return sorted[len(sorted)/2]
}
