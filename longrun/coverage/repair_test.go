package coverage_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

var evening = time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)

// trouble is an incident between two minutes after 22:00; an end of −1: open.
func trouble(rule longrun.RuleID, from, to int) longrun.Incident {
	i := longrun.Incident{Rule: rule, TSStart: evening.Add(time.Duration(from) * time.Minute)}
	if to != -1 {
		end := evening.Add(time.Duration(to) * time.Minute)
		i.TSEnd = &end
	}
	return i
}

func TestRepairs(t *testing.T) {
	t.Parallel()
	w := longrun.Window{From: evening, To: evening.Add(time.Hour)}
	incidents := []longrun.Incident{
		trouble(rules.ProbeFails, 10, 20),
		trouble(rules.QueueDepth, 15, 25),   // the same time counts once
		trouble(rules.LoggedOut, -10, 5),    // began before
		trouble(rules.LoggedOut, 50, 90),    // ended after
		trouble(rules.ProbeOverdue, 40, -1), // open
		trouble(rules.QueueDepth, 60, 70),   // began behind the window
		trouble(rules.QueueDepth, -9, -5),   // ended before it
		trouble(rules.QueueDepth, 30, 30),   // of no length
	}
	r := coverage.Repairs(incidents, w, evening.Add(24*time.Hour))
	require.Equal(t, w.From, r.From)
	require.Equal(t, w.To, r.To)
	require.EqualValues(t, 5, r.Incidents)
	require.EqualValues(t, 1, r.Open)
	require.EqualValues(t, 4, r.Resolved) // 0, 10, 10 and 40 min
	require.InDelta(t, 600, *r.MTTRP50Sec, 0)
	require.InDelta(t, 2400, *r.MTTRP90Sec, 0)
	require.InDelta(t, 2400, *r.MTTRP95Sec, 0)
	require.InDelta(t, 900, *r.MTTRMeanSec, 1e-9)
	require.InDelta(t, (5+15+20)*60, r.TroubleSec, 0)
	require.InDelta(t, (60-40)*60/5, *r.MTBFSec, 1e-9)

	byRule := coverage.RepairsByRule(incidents, w, evening.Add(24*time.Hour))
	require.Len(t, byRule, 4)
	require.EqualValues(t, 2, byRule[rules.QueueDepth].Incidents)
	require.InDelta(t, 15*60, byRule[rules.LoggedOut].TroubleSec, 0)
	require.Nil(t, byRule[rules.ProbeOverdue].MTTRP50Sec)
	require.InDelta(t, 40*60, *byRule[rules.ProbeOverdue].MTBFSec, 0)

	// While the window lasts, only what has passed of it counts.
	r = coverage.Repairs([]longrun.Incident{trouble(rules.LoggedOut, 10, -1)}, w, evening.Add(30*time.Minute))
	require.Equal(t, evening.Add(30*time.Minute), r.To)
	require.InDelta(t, 20*60, r.TroubleSec, 0)
	require.InDelta(t, 10*60, *r.MTBFSec, 0)
}

func TestRepairsWithoutIncidentsHaveNoData(t *testing.T) {
	t.Parallel()
	w := longrun.Window{From: evening, To: evening.Add(time.Hour)}
	r := coverage.Repairs(nil, w, evening.Add(time.Hour))
	require.Equal(t, coverage.RepairStats{From: w.From, To: w.To}, r)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"from":"2025-12-29T22:00:00Z","to":"2025-12-29T23:00:00Z","incidents":0,"open":0,"resolved":0,
		"mttrP50":null,"mttrP90":null,"mttrP95":null,"mttrMean":null,"troubleSec":0,"mtbfSec":null,"mtbfMedian":null}`, string(data))
	for _, w := range []longrun.Window{{}, {From: w.To, To: w.From}, {From: evening, To: evening}} {
		r := coverage.Repairs([]longrun.Incident{trouble(rules.LoggedOut, 0, -1)}, w, evening.Add(time.Hour))
		require.Zero(t, r.Incidents)
		require.Nil(t, r.MTBFSec)
	}
	future := coverage.Repairs([]longrun.Incident{trouble(rules.LoggedOut, 10, 20)}, w, evening.Add(-time.Hour))
	require.Zero(t, future.Incidents)
	require.Equal(t, future.From, future.To)
}

// The oracle goes through the window second by second.
func FuzzRepairs(f *testing.F) {
	for i := range seedtest.Histories(200) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &drawtest.Source{Data: data}
		sec := func() time.Duration { return time.Duration(s.Next()+s.Next()*4-400) * time.Second }
		w := longrun.Window{From: evening.Add(sec()), To: evening.Add(sec())}
		now := evening.Add(sec() + 300*time.Second)
		var incidents []longrun.Incident
		for range s.Of(30) {
			i := longrun.Incident{TSStart: evening.Add(sec()), Rule: []longrun.RuleID{"missed_heartbeats", "logged_out", "queue_depth"}[s.Of(3)]}
			if s.Of(4) > 0 {
				end := i.TSStart.Add(time.Duration(s.Next()) * time.Second)
				i.TSEnd = &end
			}
			incidents = append(incidents, i)
		}
		got := coverage.Repairs(incidents, w, now)
		if w.To.Before(w.From) {
			require.Equal(t, coverage.RepairStats{From: w.From, To: w.To}, got)
			return
		}
		var began, open, length, quiet int64
		var repairs []float64
		inTrouble := func(at time.Time) bool {
			return slices.ContainsFunc(incidents, func(i longrun.Incident) bool {
				return !at.Before(i.TSStart) && (i.TSEnd == nil || at.Before(*i.TSEnd))
			})
		}
		for at := w.From; at.Before(w.To) && at.Before(now); at = at.Add(time.Second) {
			length++
			if !inTrouble(at) {
				quiet++
			}
			for _, i := range incidents {
				switch {
				case !i.TSStart.Equal(at):
				case i.TSEnd == nil:
					began, open = began+1, open+1
				default:
					began, repairs = began+1, append(repairs, i.TSEnd.Sub(at).Seconds())
				}
			}
		}
		slices.Sort(repairs)
		require.Equal(t, began, got.Incidents)
		require.Equal(t, open, got.Open)
		require.EqualValues(t, len(repairs), got.Resolved)
		require.InDelta(t, length-quiet, got.TroubleSec, 1e-6)
		require.Equal(t, began > 0, got.MTBFSec != nil)
		if began > 0 {
			require.InDelta(t, float64(quiet)/float64(began), *got.MTBFSec, 1e-6)
			require.InDelta(t, medianCalm(incidents, w, now), *got.MTBFMedianSec, 1e-6)
		}
		require.Equal(t, began > 0, got.MTBFMedianSec != nil)
		require.Equal(t, len(repairs) > 0, got.MTTRP50Sec != nil)
		sum := 0.0
		for k, r := range repairs {
			sum += r
			if 100*(k+1) >= 95*len(repairs) && 100*k < 95*len(repairs) {
				require.InDelta(t, r, *got.MTTRP95Sec, 1e-9)
			}
			if 2*(k+1) >= len(repairs) && 2*k < len(repairs) {
				require.InDelta(t, r, *got.MTTRP50Sec, 1e-9)
			}
		}
		if len(repairs) > 0 {
			require.InDelta(t, sum/float64(len(repairs)), *got.MTTRMeanSec, 1e-6)
		}
	})
}

// medianCalm is the median of the times without trouble before each incident of the
// window, by looking at each pair of them.
func medianCalm(incidents []longrun.Incident, w longrun.Window, now time.Time) float64 {
	end := func(i longrun.Incident) time.Time {
		if i.TSEnd == nil {
			return now
		}
		return *i.TSEnd
	}
	var calm []float64
	for k, i := range incidents {
		if i.TSStart.Before(w.From) || !i.TSStart.Before(w.To) || !i.TSStart.Before(now) {
			continue
		}
		latest := w.From
		for l, other := range incidents {
			before := other.TSStart.Before(i.TSStart) || other.TSStart.Equal(i.TSStart) && l < k
			if before && end(other).After(latest) {
				latest = end(other)
			}
		}
		calm = append(calm, max(0, i.TSStart.Sub(latest).Seconds()))
	}
	slices.Sort(calm)
	return calm[(len(calm)-1)/2]
}

// A day with a failure at 2, 12, 22 and, while that lasts, 24 minutes past 22 o'clock.
func TestTheMedianTimeBetweenFailures(t *testing.T) {
	t.Parallel()
	w := longrun.Window{From: evening, To: evening.Add(time.Hour)}
	r := coverage.Repairs([]longrun.Incident{
		trouble(rules.LoggedOut, 22, 30), trouble(rules.ProbeOverdue, 24, 25), trouble(rules.LoggedOut, 2, 5), trouble(rules.LoggedOut, 12, 13),
	}, w, w.To)
	require.InDelta(t, (60-3-1-8)*60/4, *r.MTBFSec, 0)
	require.InDelta(t, 2*60, *r.MTBFMedianSec, 0, "of 0, 2, 7 and 9 minutes")
}
