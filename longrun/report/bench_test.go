package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/cputime"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/store"
)

// yearOfMinutes is a year of a life, with the documents of every day in an
// SQLite file where beats says so, else with those of the two cut days only; and
// the rollups of all days that are over.
func yearOfMinutes(b *testing.B, beats bool) (book *ledger.Ledger, w longrun.Window, now time.Time) {
	b.Helper()
	l := live(utc("2025-03-01T00:00:00Z"), 366, time.Minute, 1)
	now = l.end.Add(-14 * time.Hour)
	w = longrun.Window{From: now.Add(-365 * 24 * time.Hour), To: now}
	st := sqlite(b)
	book = open(b, st)
	var ops []store.Op
	days := map[time.Time]*coverage.Day{}
	dayOf := func(ts time.Time) *coverage.Day {
		from := longrun.DayOf(ts).From
		if _, ok := days[from]; !ok {
			days[from], _ = coverage.NewDay(from, time.Minute, l.start, now, l.runs...) // nil: it is not over
		}
		return days[from]
	}
	first, today := longrun.DayOf(w.From), longrun.DayOf(now)
	for _, h := range l.beats {
		if h.TS.After(now) {
			break
		}
		for _, near := range []time.Time{h.TS.Add(-24 * time.Hour), h.TS, h.TS.Add(24 * time.Hour)} {
			if d := dayOf(near); d != nil {
				d.Add(h)
			}
		}
		if beats || first.Contains(h.TS) || today.Contains(h.TS) {
			ops = append(ops, book.CreateHeartbeat(h))
		}
	}
	for _, p := range l.probes {
		if d := dayOf(p.TS); d != nil {
			d.AddProbe(p)
		}
		ops = append(ops, book.CreateProbe(p))
	}
	for _, i := range l.incidents {
		if d := dayOf(i.TS); d != nil {
			d.AddIncident(i)
		}
		ops = append(ops, book.SetIncident(i))
	}
	for _, r := range l.runs {
		ops = append(ops, store.Create(book.Key(ledger.Runs, r.RunID), r))
	}
	for _, d := range days {
		if d != nil {
			ops = append(ops, book.SetRollup(d.Rollup()))
		}
	}
	commit(b, st, ops...)
	return book, w, now
}

// BenchmarkReportYear is a report of 365 days from the rollups in an SQLite file:
// what a person waits for. The parts are in processor time, the best round of each, which
// is what they take where nothing else is done.
func BenchmarkReportYear(b *testing.B) {
	book, w, now := yearOfMinutes(b, false)
	const most = time.Hour
	survey, build, markdown, page, whole := most, most, most, most, most
	for b.Loop() {
		begun := cputime.Used()
		used := begun
		lap := func(best *time.Duration) {
			now := cputime.Used()
			*best = min(*best, now-used)
			used = now
		}
		s, err := book.Survey(b.Context(), w, time.Minute, now, nil)
		require.NoError(b, err)
		lap(&survey)
		r := report.New(s, nil)
		lap(&build)
		require.NotEmpty(b, r.Markdown())
		lap(&markdown)
		_, err = r.HTML()
		require.NoError(b, err)
		lap(&page)
		whole = min(whole, used-begun)
		require.Greater(b, r.Coverage.Written, 500_000)
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	b.ReportMetric(ms(survey), "ms-survey")
	b.ReportMetric(ms(build), "ms-report")
	b.ReportMetric(ms(markdown), "ms-markdown")
	b.ReportMetric(ms(page), "ms-html")
	b.ReportMetric(ms(whole), "ms-whole")
}

// BenchmarkYearFromRollupsBesideBeats gives coverage and gaps of the same year in
// the same file from its beats, from its rollups and the beats of two cut days,
// and from rollups in memory, in turns.
func BenchmarkYearFromRollupsBesideBeats(b *testing.B) {
	book, w, now := yearOfMinutes(b, true)
	var kept []longrun.Rollup
	for e, err := range book.Rollups(b.Context(), ledger.Page{}) {
		require.NoError(b, err)
		kept = append(kept, e.Value)
	}
	all := longrun.Window{From: kept[0].From, To: kept[len(kept)-1].To}
	var rollups, beats, memory time.Duration
	for b.Loop() {
		at := time.Now()
		digest := coverage.NewMerge(all, time.Minute, now)
		for _, r := range kept {
			require.NoError(b, digest.AddRollup(r))
		}
		require.NotEmpty(b, digest.Summary().Coverage.Gaps)
		memory += time.Since(at)
		at = time.Now()
		rolled, err := book.Survey(b.Context(), w, time.Minute, now, nil)
		require.NoError(b, err)
		rollups += time.Since(at)
		at = time.Now()
		scanned, err := book.Survey(b.Context(), w, time.Minute, now, &ledger.SurveyOptions{FromBeats: true})
		require.NoError(b, err)
		beats += time.Since(at)
		b.StopTimer()
		require.Equal(b, scanned.Summary, rolled.Summary)
		b.StartTimer()
	}
	b.ReportMetric(float64(beats)/float64(rollups), "×rollups")
	b.ReportMetric(float64(beats)/float64(memory), "×memory")
	b.ReportMetric(memory.Seconds()*1000/float64(b.N), "ms-memory")
	b.ReportMetric(rollups.Seconds()*1000/float64(b.N), "ms-rollups")
	b.ReportMetric(beats.Seconds()*1000/float64(b.N), "ms-beats")
}

// BenchmarkRollDay is one pass over the 1,440 beats of a day in an SQLite file
// that has forty of them.
func BenchmarkRollDay(b *testing.B) {
	l := live(utc("2025-03-01T00:00:00Z"), 40, time.Minute, 1)
	book := l.write(b, sqlite(b))
	day := l.start.AddDate(0, 0, 20)
	for b.Loop() {
		r, err := book.RollDay(b.Context(), day, l.end, time.Minute)
		require.NoError(b, err)
		require.EqualValues(b, 1440, r.ExpectedHb)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/day")
}

// BenchmarkPage is the page of a report of 90 days, whose chart has a row for each
// day, beside its Markdown, which has no charts.
func BenchmarkPage(b *testing.B) {
	w := longrun.Window{From: utc("2025-01-01T00:00:00Z"), To: utc("2025-04-01T00:00:00Z")}
	beats := make([]longrun.Heartbeat, 0, 90*1440)
	for at := w.From; at.Before(w.To); at = at.Add(time.Minute) {
		h := longrun.Beat(at, time.Minute)
		if h.Healthy = at.Minute() != 7; at.Unix()/60%500 != 0 {
			beats = append(beats, h)
		}
	}
	d := coverage.NewMerge(w, time.Minute, w.To)
	for _, h := range beats {
		d.Add(h)
	}
	s := ledger.Survey{Root: "a/b", Asked: w, Window: w, Earliest: &w.From, Interval: time.Minute, Now: w.To, Summary: d.Summary()}
	s.Filled, s.Healthy, s.Unknown = d.Bitmaps()
	r := report.New(s, nil)
	var markdown, page time.Duration
	for b.Loop() {
		at := time.Now()
		require.NotEmpty(b, r.Markdown())
		markdown += time.Since(at)
		at = time.Now()
		_, err := r.HTML()
		require.NoError(b, err)
		page += time.Since(at)
	}
	b.ReportMetric(float64(page)/float64(markdown), "×markdown")
	b.ReportMetric(page.Seconds()*1000/float64(b.N), "ms-html")
}
