package rules

import (
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// The windows of the rules about heartbeats.
const (
	missedWindow   = time.Hour
	coverageWindow = 24 * time.Hour
	// minCoverage is how much must exist before a coverage says anything.
	minCoverage = time.Hour
	// filledInARow is how many filled slots in a row end missed heartbeats.
	filledInARow = 3
)

// CheckMissedHeartbeats is Bad when more than threshold empty slots are counted.
// Counted are the empty slots that are over, of the last hour, and later than
// the end of the last incident. A gap that reaches into the last hour counts
// whole, however long it is: so a new leader judges the silence before it as one,
// and a short one, as a clean deploy makes it, alerts nobody.
//
// While s is Firing it is Bad until the last three slots are filled, the one that
// now lies in included if it has its beat. Then the incident has ended where the
// first filled slot after the last empty one starts.
//
// It is Unseen where r does not know the last hour.
func CheckMissedHeartbeats(s State, r *Recent, now time.Time, threshold int64) Finding {
	f := Finding{Rule: MissedHeartbeats, Threshold: float64(threshold)}
	slot := longrun.SlotAt(now, r.interval)
	if !r.knows(longrun.SlotAt(now.Add(-missedWindow), r.interval), slot) {
		return f
	}
	m := r.misses(s.LastEnd, now)
	f.Observed = float64(m.count)
	switch {
	case s.Phase == Firing:
		return r.stillMissing(f, s.Since, m, slot)
	case m.count <= threshold:
		f.Condition = Good
	default:
		f.Condition, f.Since, f.Slots = Bad, m.first.Start(r.interval), r.emptyIDs(m)
		f.Summary = m.text(r.interval) + tooMany(threshold)
	}
	return f
}

// stillMissing is the finding while the rule fires.
func (r *Recent) stillMissing(f Finding, since *time.Time, m misses, now longrun.Slot) Finding {
	newest := now
	if !r.Filled(newest) {
		newest-- // it may still come
	}
	inARow := longrun.Slot(0)
	for inARow < filledInARow && r.Filled(newest-inARow) {
		inARow++
	}
	if inARow == filledInARow {
		f.Condition, f.Until = Good, r.recovered(since, newest)
		return f
	}
	f.Condition, f.Summary = Bad, "no "+strconv.Itoa(filledInARow)+" heartbeats in a row since"
	if since != nil {
		f.Since = *since
	}
	if m.count > 0 {
		f.Slots = r.emptyIDs(m)
		f.Summary = m.text(r.interval) + ", " + f.Summary
	} else {
		f.Summary += " " + moment(f.Since)
	}
	return f
}

// recovered returns where the run of filled slots up to newest starts. If that is
// before the incident, its empty slots were all filled late, and it never was.
func (r *Recent) recovered(since *time.Time, newest longrun.Slot) (until time.Time) {
	if empty, ok := r.lastEmpty(max(r.first, r.earliest), newest); ok {
		until = (empty + 1).Start(r.interval)
	}
	if since != nil && until.Before(*since) {
		return *since
	}
	return until
}

// misses are the counted empty slots: how many, the first and the last one.
type misses struct {
	count       int64
	first, last longrun.Slot
}

// misses counts as CheckMissedHeartbeats says.
func (r *Recent) misses(lastEnd *time.Time, now time.Time) misses {
	end := longrun.SlotAt(now, r.interval)
	least := r.earliest
	// An end in the future is of a clock that was set back. Up to the span what
	// lies before it was judged then; beyond that it says nothing.
	if lastEnd != nil && lastEnd.Sub(now) <= RecentSpan {
		least = max(least, longrun.SlotCeil(*lastEnd, r.interval))
	}
	hour := longrun.SlotAt(now.Add(-missedWindow), r.interval)
	from := max(hour, least)
	var m misses
	if from >= end {
		return m
	}
	m.count = int64(end-from) - r.count(from, end)
	if m.count == 0 {
		return m
	}
	m.first, _ = r.firstEmpty(from, end)
	m.last, _ = r.lastEmpty(from, end-1)
	if m.first == hour && from == hour { // the gap may reach further back
		start := least
		if filled, ok := r.lastFilled(hour); ok {
			start = max(least, filled+1)
		} else if r.older {
			start = max(least, r.before+1)
		}
		m.count += int64(hour - start)
		m.first = start
	}
	return m
}

// text is such as "9 heartbeats missed from 22:35 to 22:44 UTC (2025-12-29)".
func (m misses) text(interval time.Duration) string {
	return counted(m.count, "heartbeat") + " missed " + period(m.first.Start(interval), (m.last+1).Start(interval))
}

// emptyIDs returns the IDs of the counted slots, at most MaxEvidence.
func (r *Recent) emptyIDs(m misses) []string {
	var ids []string
	for s := m.first; s <= m.last && len(ids) < longrun.MaxEvidence; s++ {
		if !r.Filled(s) {
			ids = append(ids, s.ID(r.interval))
		}
	}
	return ids
}

// CheckInsufficientData is Bad when the coverage of the last 24 hours, or of what
// has existed of them, is under threshold, 0 to 1. Only slots that are over
// count. It is Unseen until there is an hour of them.
//
// The condition began at the end of the slot with which the coverage fell under
// the threshold for the last time, as far as r reaches back.
func CheckInsufficientData(s State, r *Recent, now time.Time, threshold float64) Finding {
	f := Finding{Rule: InsufficientData, Threshold: threshold}
	end := longrun.SlotAt(now, r.interval)
	if !r.knows(r.first, end) {
		return f
	}
	c := r.coverageAt(end)
	if !c.known() {
		return f
	}
	f.Observed = c.ratio()
	if !(f.Observed < threshold) {
		f.Condition = Good
		return f
	}
	f.Condition = Bad
	if s.Phase == Firing && s.Since != nil {
		f.Since = *s.Since
	} else {
		f.Since = c.fell(threshold).Start(r.interval)
	}
	f.Summary = "coverage of the last " + span(time.Duration(c.end-c.from)*r.interval) + " is " + percent(f.Observed) +
		" (" + strconv.FormatInt(c.written, 10) + " of " + counted(int64(c.end-c.from), "heartbeat") + "), less than " + percent(threshold) + " is too little"
	return f
}

// trailing is the coverage of the 24 hours before a slot.
type trailing struct {
	r         *Recent
	from, end longrun.Slot // [from, end)
	written   int64
}

func (r *Recent) coverageAt(end longrun.Slot) trailing {
	from := max(end-longrun.Slot(coverageWindow/r.interval), r.earliest, r.first)
	return trailing{r: r, from: from, end: end, written: r.count(from, end)}
}

func (t trailing) known() bool {
	return t.from < t.end && time.Duration(t.end-t.from)*t.r.interval >= minCoverage
}

// ratio is a division and never a multiplication of the threshold: 4 of 5 are
// exactly the float64 that is written 0.8, and 0.8·5 may be a hair more than 4.
func (t trailing) ratio() float64 { return float64(t.written) / float64(t.end-t.from) }

// fell slides back to the first slot before which the coverage was under the
// threshold, and has been since.
func (t trailing) fell(threshold float64) longrun.Slot {
	length := longrun.Slot(coverageWindow / t.r.interval)
	least := max(t.r.earliest, t.r.first)
	for {
		before := t
		before.end--
		if t.r.Filled(before.end) {
			before.written--
		}
		if from := before.end - length; from >= least {
			before.from = from
			if t.r.Filled(from) {
				before.written++
			}
		} else if t.r.first > t.r.earliest {
			return t.end // it may have been so for longer than is remembered
		}
		if !before.known() || !(before.ratio() < threshold) {
			return t.end
		}
		t = before
	}
}
