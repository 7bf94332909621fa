package coverage

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/stretchr/testify/require"
)

// prometheus is the peer: one series in a TSDB with the settings that a server
// has which keeps more than a year, and the server's engine over it.
type prometheus struct {
	db     *tsdb.DB
	engine *promql.Engine
	window longrun.Window
}

// scrape writes a sample for each beat. As after a scrape its time is the
// grid's and not that of the reply; 1 is healthy and 0 is not.
func scrape(tb testing.TB, t *truth) *prometheus {
	tb.Helper()
	logger := slog.New(slog.DiscardHandler)
	o := tsdb.DefaultOptions()
	o.RetentionDuration = 0
	// A server's blocks grow threefold from two hours to what fits into 31 days:
	// 2, 6, 18, 54, 162, 486 hours. Beginning in the middle leads to the same
	// blocks in a thirtieth of the time, most of which is the disk's.
	o.MinBlockDuration = (54 * time.Hour).Milliseconds()
	o.MaxBlockDuration = (31 * 24 * time.Hour).Milliseconds()
	db, err := tsdb.Open(tb.TempDir(), logger, nil, o, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	// Compaction keeps up with the samples, as it does in a server; on its own it
	// would come once, for the whole year.
	db.DisableCompactions()
	series := labels.FromStrings("__name__", "up", "instance", "127.0.0.1:8080", "job", "longwatch")
	var ref storage.SeriesRef
	app := db.Appender(tb.Context())
	for i, h := range t.beats {
		value := 0.0
		if h.Healthy {
			value = 1
		}
		ref, err = app.Append(ref, series, h.TS.Truncate(interval).UnixMilli(), value)
		require.NoError(tb, err)
		if i%1440 == 1439 || i == len(t.beats)-1 {
			require.NoError(tb, app.Commit())
			require.NoError(tb, db.Compact(tb.Context()))
			app = db.Appender(tb.Context())
		}
	}
	require.NoError(tb, app.Rollback())
	return &prometheus{db: db, window: t.window, engine: promql.NewEngine(promql.EngineOpts{
		Logger:                   logger,
		MaxSamples:               50_000_000, // a server's own limit, as are the others
		Timeout:                  2 * time.Minute,
		LookbackDelta:            5 * time.Minute,
		NoStepSubqueryIntervalFn: func(int64) int64 { return interval.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   parser.NewParser(parser.Options{}),
	})}
}

// last is the last millisecond of a window. A range of PromQL leaves its start
// out and takes its end in, so that (last − range, last] is our [From, To).
func last(w longrun.Window) time.Time { return w.To.Add(-time.Millisecond) }

// span is the whole window as PromQL writes it.
func (p *prometheus) span() string {
	return fmt.Sprintf("%dd", p.window.To.Sub(p.window.From)/(24*time.Hour))
}

// value is what one question has for an answer, at the end of the window.
func (p *prometheus) value(tb testing.TB, question string) float64 {
	tb.Helper()
	q, err := p.engine.NewInstantQuery(tb.Context(), p.db, nil, question, last(p.window))
	require.NoError(tb, err)
	defer q.Close()
	got, err := q.Exec(tb.Context()).Vector()
	require.NoError(tb, err)
	require.Len(tb, got, 1)
	return got[0].F
}

// written is how many slots have a sample.
func (p *prometheus) written(tb testing.TB) int {
	tb.Helper()
	return int(p.value(tb, "count_over_time(up["+p.span()+"])"))
}

// gapsByPromQL asks at the end of each minute whether it had no sample, and
// joins the minutes that had none. That is as near as PromQL itself comes to a
// list of gaps; through HTTP it takes 48 such queries for a year, since a server
// answers with 11,000 points at most.
func (p *prometheus) gapsByPromQL(tb testing.TB) (gaps []gap) {
	tb.Helper()
	first := p.window.From.Add(interval - time.Millisecond)
	q, err := p.engine.NewRangeQuery(tb.Context(), p.db, nil, "absent_over_time(up[1m])", first, last(p.window), interval)
	require.NoError(tb, err)
	defer q.Close()
	got, err := q.Exec(tb.Context()).Matrix()
	require.NoError(tb, err)
	for _, s := range got {
		for _, point := range s.Floats {
			to := time.UnixMilli(point.T + 1).UTC()
			from := to.Add(-interval)
			if n := len(gaps); n > 0 && gaps[n-1].to.Equal(from) {
				gaps[n-1].to = to
				continue
			}
			gaps = append(gaps, gap{from, to})
		}
	}
	return gaps
}

// gapsByClient reads every sample of the window and looks for the gaps itself:
// no longer a question in PromQL, but the quickest way to an answer.
func (p *prometheus) gapsByClient(tb testing.TB) (gaps []gap) {
	tb.Helper()
	q, err := p.engine.NewInstantQuery(tb.Context(), p.db, nil, "up["+p.span()+"]", last(p.window))
	require.NoError(tb, err)
	defer q.Close()
	got, err := q.Exec(tb.Context()).Matrix()
	require.NoError(tb, err)
	require.Len(tb, got, 1)
	step := interval.Milliseconds()
	next := p.window.From.UnixMilli()
	upTo := func(end int64) {
		if end > next {
			gaps = append(gaps, gap{time.UnixMilli(next).UTC(), time.UnixMilli(end).UTC()})
		}
	}
	for _, point := range got[0].Floats {
		slot := point.T - point.T%step
		upTo(slot)
		next = slot + step
	}
	upTo(p.window.To.UnixMilli())
	return gaps
}
