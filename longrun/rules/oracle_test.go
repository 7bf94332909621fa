package rules_test

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

var evening = time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)

// memory is what a Recent is told, kept whole, and read slot by slot.
type memory struct {
	interval          time.Duration
	filled            map[time.Time]bool // by start
	earliest, horizon time.Time          // starts of slots; before horizon all is forgotten
}

func (m *memory) slot(t time.Time) time.Time { return drawtest.SlotStart(t, m.interval) }

func (m *memory) begin(now time.Time) {
	m.filled = map[time.Time]bool{}
	m.earliest, m.horizon = m.slot(now), m.slot(now.Add(-rules.RecentSpan))
}

func (m *memory) advance(now time.Time) {
	if m.slot(now).Before(m.horizon) {
		m.begin(now)
		return
	}
	if h := m.slot(now.Add(-rules.RecentSpan)); h.After(m.horizon) {
		m.horizon = h
	}
}

func (m *memory) fill(start time.Time) {
	if start.After(m.horizon.Add(2 * rules.RecentSpan)) {
		return
	}
	m.filled[start] = true
	if start.Before(m.earliest) {
		m.earliest = start
	}
}

// counted are the empty slots that missed heartbeats counts, oldest first.
func (m *memory) counted(lastEnd *time.Time, now time.Time) (slots []time.Time) {
	hour := m.slot(now.Add(-time.Hour))
	for at := m.slot(now).Add(-m.interval); !at.Before(m.earliest); at = at.Add(-m.interval) {
		if at.Before(hour) && (m.filled[at] || m.filled[hour] || !hour.Before(m.slot(now))) {
			break // only the gap that reaches into the hour
		}
		judged := lastEnd != nil && at.Before(*lastEnd) && lastEnd.Sub(now) <= rules.RecentSpan
		if !m.filled[at] && !judged {
			slots = append(slots, at)
		}
	}
	slices.Reverse(slots)
	return slots
}

// gaps are the runs of empty slots of [from, to), the first ones, and how long all
// of them are. What is forgotten is empty.
func (m *memory) gaps(from, to time.Time) (gaps []longrun.Gap, took time.Duration) {
	var in bool
	for at := m.slot(from); at.Before(m.slot(to)); at = at.Add(m.interval) {
		if m.filled[at] && !at.Before(m.horizon) {
			in = false
			continue
		}
		if !in {
			gaps, in = append(gaps, longrun.Gap{From: at, Cause: longrun.Unknown}), true
		}
		last := &gaps[len(gaps)-1]
		last.To = at.Add(m.interval)
		last.Missed++
		took += m.interval
	}
	return gaps[:min(len(gaps), longrun.MaxGaps)], took
}

// slowMissed is CheckMissedHeartbeats by hand, without the words.
func (m *memory) slowMissed(s rules.State, now time.Time, threshold int64) rules.Finding {
	f := rules.Finding{Rule: rules.MissedHeartbeats, Threshold: float64(threshold)}
	if m.slot(now.Add(-time.Hour)).Before(m.horizon) {
		return f
	}
	slots := m.counted(s.LastEnd, now)
	f.Observed = float64(len(slots))
	ids := func() {
		for _, at := range slots[:min(len(slots), longrun.MaxEvidence)] {
			f.Slots = append(f.Slots, at.Format("2006-01-02T15-04-05"))
		}
	}
	if s.Phase != rules.Firing {
		f.Condition = rules.Good
		if int64(len(slots)) > threshold {
			f.Condition, f.Since = rules.Bad, slots[0]
			ids()
			f.Gaps, _ = m.gaps(f.Since, m.slot(now))
		}
		return f
	}
	newest := m.slot(now)
	if !m.filled[newest] {
		newest = newest.Add(-m.interval)
	}
	f.Condition = rules.Good
	for i := range 3 {
		if at := newest.Add(-time.Duration(i) * m.interval); !m.filled[at] || at.Before(m.horizon) {
			f.Condition = rules.Bad
		}
	}
	if f.Condition == rules.Bad {
		f.Since = *s.Since
		ids()
		f.Gaps, _ = m.gaps(f.Since, m.slot(now))
		return f
	}
	f.Until = newest
	for m.filled[f.Until.Add(-m.interval)] && f.Until.After(m.horizon) && f.Until.After(m.earliest) {
		f.Until = f.Until.Add(-m.interval)
	}
	atEdge := !f.Until.After(m.horizon) || !f.Until.After(m.earliest)
	if atEdge || f.Until.Before(*s.Since) {
		f.Until = *s.Since
	}
	gaps, took := m.gaps(*s.Since, f.Until)
	f.Gaps, f.Took = gaps, &took
	return f
}

// trailing counts the slots of the 24 hours before end, and the beats in them.
// It is whole where nothing of it is forgotten.
func (m *memory) trailing(end time.Time) (written, expected int, whole bool) {
	whole = true
	for at := m.slot(end.Add(-24 * time.Hour)); at.Before(end); at = at.Add(m.interval) {
		switch {
		case at.Before(m.earliest):
		case at.Before(m.horizon):
			whole = false
		default:
			expected++
			if m.filled[at] {
				written++
			}
		}
	}
	return written, expected, whole
}

// slowInsufficient is CheckInsufficientData by hand, for a threshold in
// thousandths, without the words.
func (m *memory) slowInsufficient(s rules.State, now time.Time, perMille int) rules.Finding {
	f := rules.Finding{Rule: rules.InsufficientData, Threshold: float64(perMille) / 1000}
	under := func(end time.Time) (bad, known, whole bool) {
		written, expected, whole := m.trailing(end)
		known = expected > 0 && time.Duration(expected)*m.interval >= time.Hour
		return written*1000 < perMille*expected, known, whole
	}
	end := m.slot(now)
	bad, known, _ := under(end)
	if !known {
		return f
	}
	written, expected, _ := m.trailing(end)
	f.Observed = float64(written) / float64(expected)
	if !bad {
		f.Condition = rules.Good
		return f
	}
	f.Condition = rules.Bad
	if s.Phase == rules.Firing {
		f.Since = *s.Since
		return f
	}
	for {
		bad, known, whole := under(end.Add(-m.interval))
		if !bad || !known || !whole {
			f.Since = end
			return f
		}
		end = end.Add(-m.interval)
	}
}

// slowProbeFails is CheckProbeFails by hand: the conclusive results in runs.
func slowProbeFails(kind longrun.ProbeType, results []longrun.Probe, threshold int64) rules.Finding {
	f := rules.Finding{Rule: rules.ProbeFails, Target: string(kind), Threshold: float64(threshold)}
	var runs [][]longrun.Probe
	for _, p := range results {
		if p.Type != kind || p.Result == longrun.Inconclusive {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1][0].Result == p.Result {
			runs[n-1] = append(runs[n-1], p)
		} else {
			runs = append(runs, []longrun.Probe{p})
		}
	}
	if len(runs) == 0 {
		return f
	}
	last := runs[len(runs)-1]
	if last[0].Result == longrun.Fail {
		f.Observed = float64(len(last))
		if int64(len(last)) >= threshold {
			f.Condition, f.Since = rules.Bad, last[0].TS
			for _, p := range last[:min(len(last), longrun.MaxEvidence)] {
				f.Probes = append(f.Probes, p.ProbeKey)
			}
			return f
		}
		runs = runs[:len(runs)-1]
	}
	if len(runs) > 0 {
		f.Condition, f.Until = rules.Good, runs[len(runs)-1][0].TS
	}
	return f
}
