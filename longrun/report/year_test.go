package report_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// life is a service over many days with known faults: the documents that it
// left, and what is true of it, kept apart from them slot by slot.
type life struct {
	interval      time.Duration
	start, end    time.Time
	beats         []longrun.Heartbeat
	runs          []longrun.Run
	probes        []longrun.Probe
	incidents     []longrun.Incident
	gaps          []longrun.Gap
	healthy, late int
}

// live makes one. It is down for a while every few days, for each of the causes
// in turn, now and then over a midnight and once for three days.
func live(start time.Time, days int, interval time.Duration, seed uint64) *life {
	rng := rand.New(rand.NewPCG(seed, 1))
	l := &life{interval: interval, start: start, end: start.AddDate(0, 0, days)}
	instance, build := 1, 1
	begin := func(at time.Time) {
		l.runs = append(l.runs, longrun.Run{
			RunID: fmt.Sprintf("RUN_i%d", instance), InstanceID: fmt.Sprintf("i%d", instance), CommitHash: fmt.Sprintf("c%d", build),
			TS: at, ProcessStart: at, IntervalSec: int64(interval / time.Second), Lapses: []longrun.Lapse{},
		})
	}
	begin(start)
	last := longrun.SlotAt(l.end, interval)
	slot := longrun.SlotAt(start, interval)
	for fault := 0; slot < last; fault++ {
		up := longrun.Slot(1 + rng.IntN(int(5*24*time.Hour/interval)))
		if fault%7 == 3 { // the next gap begins before a midnight
			per := longrun.Slot(24 * time.Hour / interval)
			up = per - 2 - slot%per
		}
		for ; up > 0 && slot < last; up-- {
			l.beat(rng, slot, instance)
			slot++
		}
		down := longrun.Slot(1 + rng.IntN(12))
		if fault == 10 {
			down = longrun.Slot(3 * 24 * time.Hour / interval)
		}
		if down = min(down, last-slot); down <= 0 {
			break
		}
		from, to := slot.Start(interval), (slot + down).Start(interval)
		gap := longrun.Gap{From: from, To: to, Missed: int(down), Before: fmt.Sprintf("i%d", instance)}
		run := &l.runs[len(l.runs)-1]
		switch gap.Cause = []longrun.Cause{longrun.Crash, longrun.Deploy, longrun.Stall, longrun.Restart, longrun.StoreDown}[fault%5]; gap.Cause {
		case longrun.StoreDown:
			run.Lapses = append(run.Lapses, longrun.Lapse{From: from, To: to, Cause: longrun.StoreDown})
		case longrun.Deploy, longrun.Restart, longrun.Crash:
			instance++
			if gap.Cause != longrun.Crash {
				stopped := from
				run.End, run.Ended = &stopped, longrun.Stopped
			}
			if gap.Cause == longrun.Deploy {
				build++
			}
			begin(to)
		default: // a stall: the same process goes on
		}
		if slot += down; slot < last {
			gap.After = fmt.Sprintf("i%d", instance)
		} else {
			gap.Cause = longrun.Unknown // nobody came after it
		}
		l.gaps = append(l.gaps, gap)
		if down > 3 {
			end := to
			l.incidents = append(l.incidents, longrun.Incident{
				IncidentID: rules.IncidentID(rules.MissedHeartbeats, "", from), Rule: rules.MissedHeartbeats, Severity: longrun.Critical,
				TS: from, TSStart: from, TSEnd: &end, Summary: fmt.Sprintf("%d slots without a heartbeat, 3 are borne", down),
			})
		}
	}
	l.probe(rng)
	return l
}

func (l *life) beat(rng *rand.Rand, slot longrun.Slot, instance int) {
	run := l.runs[len(l.runs)-1]
	h := longrun.Beat(slot.Start(l.interval).Add(time.Duration(rng.IntN(40))*time.Millisecond), l.interval)
	if h.TS.Before(run.TS) {
		h = longrun.Beat(run.TS.Add(5*time.Millisecond), l.interval)
	}
	h.InstanceID, h.CommitHash, h.Epoch = run.InstanceID, run.CommitHash, int64(instance)
	h.UptimeSec = int64(h.TS.Sub(run.TS) / time.Second)
	h.Healthy, h.Late = rng.IntN(500) > 0, rng.IntN(1000) == 0
	if h.Healthy {
		l.healthy++
	}
	if h.Late {
		l.late++
	}
	l.beats = append(l.beats, h)
}

func (l *life) probe(rng *rand.Rand) {
	for at := l.start.Add(time.Minute); at.Before(l.end); at = at.Add(6 * time.Hour) {
		for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound} {
			p := longrun.Probe{
				Type: kind, TS: at, Trigger: longrun.Scheduled, Result: longrun.Pass, LatencyMs: float64(600 + rng.IntN(900)),
				ProbeKey: longrun.ProbeID(kind, at, longrun.Scheduled, longrun.ProbeSchedule{Every: 6 * time.Hour, Retry: time.Hour}),
			}
			switch rng.IntN(25) {
			case 0:
				p.Result, p.LatencyMs, p.ErrorClass = longrun.Fail, 30_000, "timeout"
			case 1:
				p.Result, p.LatencyMs, p.ErrorClass = longrun.Inconclusive, 0, "store"
			}
			l.probes = append(l.probes, p)
		}
	}
}

// write puts all documents into a store.
func (l *life) write(tb testing.TB, st store.Store) *ledger.Ledger {
	tb.Helper()
	book := open(tb, st)
	ops := make([]store.Op, 0, len(l.beats)+len(l.runs)+len(l.probes)+len(l.incidents))
	for _, h := range l.beats {
		ops = append(ops, book.CreateHeartbeat(h))
	}
	for _, r := range l.runs {
		ops = append(ops, store.Create(book.Key(ledger.Runs, r.RunID), r))
	}
	for _, p := range l.probes {
		ops = append(ops, book.CreateProbe(p))
	}
	for _, i := range l.incidents {
		ops = append(ops, book.SetIncident(i))
	}
	commit(tb, st, ops...)
	return book
}

// rollUp writes the rollup of each day that lacks one.
func rollUp(tb testing.TB, st store.Store, book *ledger.Ledger, now time.Time, interval time.Duration) (days int) {
	tb.Helper()
	earliest, known, err := book.Earliest(tb.Context())
	require.NoError(tb, err)
	require.True(tb, known)
	missing, err := book.MissingRollups(tb.Context(), earliest, now)
	require.NoError(tb, err)
	for _, day := range missing {
		r, err := book.RollDay(tb.Context(), day, now, interval)
		require.NoError(tb, err)
		commit(tb, st, book.SetRollup(r))
	}
	return len(missing)
}

func TestAYearWithKnownFaultsIsReportedToTheSlot(t *testing.T) {
	t.Parallel()
	start := utc("2025-03-01T10:17:20.5Z") // over both changes of the clock
	l := live(start, 365, 5*time.Minute, 1)
	st := memstore.New(nil)
	book := l.write(t, st)
	now := longrun.SlotAt(l.end, l.interval).Start(l.interval).Add(2 * time.Minute)
	require.Equal(t, 365, rollUp(t, st, book, now, l.interval))
	require.Zero(t, rollUp(t, st, book, now, l.interval), "nothing is left to do")

	w := longrun.Window{From: start, To: now}
	fromRollups, err := book.Survey(t.Context(), w, l.interval, now, nil)
	require.NoError(t, err)
	l.isTold(t, fromRollups)
	rolled := 0
	for _, d := range fromRollups.Days {
		if d.Source == ledger.FromRollup {
			rolled++
		}
		require.Empty(t, d.Reason+d.Differs, d.Date)
	}
	require.Equal(t, 365, rolled, "all but the day that now lies in")

	fromBeats, err := book.Survey(t.Context(), w, l.interval, now, &ledger.SurveyOptions{FromBeats: true})
	require.NoError(t, err)
	l.isTold(t, fromBeats)
	require.Equal(t, fromBeats.Summary, fromRollups.Summary)
	require.Equal(t, fromBeats.Filled, fromRollups.Filled)
	require.Equal(t, fromBeats.Healthy, fromRollups.Healthy)
	for _, d := range fromBeats.Days {
		require.Empty(t, d.Differs, d.Date)
	}

	r := report.New(fromRollups, nil)
	require.Equal(t, report.Fail, r.Judgement.Outcome)
	listed := r.Gaps.MoreMissed
	for _, g := range r.Gaps.Listed {
		listed += g.Missed
	}
	require.Equal(t, r.Coverage.Missed, listed, "sums come out, whatever is listed")
	perDay := 0
	for _, d := range r.Days {
		perDay += d.Missed
	}
	require.Equal(t, r.Coverage.Missed, perDay)
	page, err := r.HTML()
	require.NoError(t, err)
	text, err := r.JSON()
	require.NoError(t, err)
	t.Logf("%d bytes of Markdown, %d of JSON, %d of HTML", len(r.Markdown()), len(text), len(page))
}

// isTold compares a survey of all of it with what is true.
func (l *life) isTold(t *testing.T, s ledger.Survey) {
	t.Helper()
	c := s.Summary.Coverage
	expected := int(longrun.SlotAt(l.end, l.interval) - longrun.SlotAt(l.start, l.interval))
	missed := 0
	for _, g := range l.gaps {
		missed += g.Missed
	}
	require.Equal(t, expected, c.Expected)
	require.Equal(t, len(l.beats), c.Written)
	require.Equal(t, missed, c.Missed)
	require.Equal(t, l.healthy, c.Healthy)
	require.EqualValues(t, l.late, s.Summary.Late)
	require.Equal(t, l.gaps, c.Gaps)
	require.Equal(t, len(l.beats), c.Drift.Beats)
	require.Len(t, s.Summary.Instances, len(l.runs))
	require.Len(t, s.Summary.Incidents, len(l.incidents))
	n := 0
	for _, p := range s.Summary.Probes {
		n += int(p.N)
		require.Len(t, p.Points, int(p.N))
	}
	require.Equal(t, len(l.probes), n)
}

// Windows of all lengths, cut anywhere, are compared both ways.
// anywhere.
func TestWindowsAreTheSameFromRollupsAndFromBeats(t *testing.T) {
	t.Parallel()
	l := live(utc("2025-12-20T23:55:00Z"), 40, 10*time.Minute, 2)
	st := memstore.New(nil)
	book := l.write(t, st)
	now := l.end.Add(7 * time.Minute)
	rollUp(t, st, book, now, l.interval)
	rng := rand.New(rand.NewPCG(3, 3))
	for range 60 {
		from := l.start.Add(time.Duration(rng.Int64N(int64(40 * 24 * time.Hour)))).Add(-24 * time.Hour)
		w := longrun.Window{From: from, To: from.Add(time.Duration(rng.Int64N(int64(20 * 24 * time.Hour))))}
		if rng.IntN(3) == 0 {
			w.From, w.To = w.From.Truncate(24*time.Hour), w.To.Truncate(24*time.Hour)
		}
		rolled, err := book.Survey(t.Context(), w, l.interval, now, nil)
		require.NoError(t, err)
		beats, err := book.Survey(t.Context(), w, l.interval, now, &ledger.SurveyOptions{FromBeats: true})
		require.NoError(t, err)
		require.Equal(t, beats.Summary, rolled.Summary, "%v", w)
		require.Equal(t, coverage.Of(l.beats, w.Clip(l.start), l.interval, now, l.runs...), rolled.Summary.Coverage)
	}
}

func TestAMonthIsShownAsItWas(t *testing.T) {
	t.Parallel()
	l := live(utc("2025-12-01T08:00:00Z"), 31, 30*time.Minute, 4)
	open := l.incidents[len(l.incidents)-1]
	open.Rule, open.Target, open.TSEnd = rules.ProbeFails, "outbound", nil
	open.IncidentID = rules.IncidentID(open.Rule, open.Target, open.TS)
	l.incidents = append(l.incidents, open)
	st := memstore.New(nil)
	book := l.write(t, st)
	now := l.end.Add(time.Minute)
	rollUp(t, st, book, now, l.interval)
	w, err := report.ParseWindow("30d", now)
	require.NoError(t, err)
	s, err := book.Survey(t.Context(), w, l.interval, now, nil)
	require.NoError(t, err)
	r := report.New(s, &report.Options{InstanceID: "i9", CommitHash: "c9"})
	golden(t, "month.md", r.Markdown())
	page, err := r.HTML()
	require.NoError(t, err)
	wellFormed(t, page)
	golden(t, "month.html", string(page))
}

var errStop = errors.New("stop")

func TestAStoreThatFailsFailsTheSurvey(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	book := open(t, memstore.New(nil))
	cancel(errStop)
	_, err := book.Survey(ctx, longrun.Window{From: utc("2025-12-29T00:00:00Z"), To: utc("2025-12-30T00:00:00Z")}, time.Minute, utc("2025-12-31T00:00:00Z"), nil)
	require.Error(t, err)
}

func TestASingleMissedSlotShowsInAYear(t *testing.T) {
	t.Parallel()
	s := of(t, 60, 0)
	d := coverage.NewMerge(s.Window, time.Minute, s.Now)
	for i := range 60 * 1440 {
		h := longrun.Beat(s.Window.From.Add(time.Duration(i)*time.Minute), time.Minute)
		if h.Healthy = i != 20_000; i != 30_003 {
			d.Add(h)
		}
	}
	s.Summary = d.Summary()
	s.Filled, s.Healthy, s.Unknown = d.Bitmaps()
	for i := range 60 {
		s.Days = append(s.Days, ledger.SurveyDay{Date: longrun.RollupID(s.Window.From.AddDate(0, 0, i)), Source: ledger.FromRollup})
	}
	page, err := report.New(s, nil).HTML()
	require.NoError(t, err)
	require.Contains(t, string(page), "<title>2025-01-21: 1 of 1,440 slots missed</title>", "in the calendar")
	require.Contains(t, string(page), "<title>2025-01-14: 0 of 1,440 slots missed, 1 written, but not healthy</title>")
	require.Contains(t, string(page), "<title>2025-01-21 20:03 to 20:04: 1 slot missed</title>", "in the row of its day")
	require.Contains(t, string(page), "<title>2025-01-14 21:20 to 21:21: 1 slot written, but not healthy</title>")
	require.Equal(t, 1, strings.Count(string(page), `<rect class="m" `))
	require.Equal(t, 1, strings.Count(string(page), `<rect class="m k" x="6`))
}
