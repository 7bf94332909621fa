package rules

import (
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// MissedHeartbeats names the rule; what it sees is said at CheckMissedHeartbeats.
const MissedHeartbeats longrun.RuleID = "missed_heartbeats"

func missedHeartbeats() Rule {
	return Rule{
		ID: MissedHeartbeats, Severity: longrun.Critical, Mutes: []longrun.RuleID{InsufficientData, QueueDepth}, Each: TheHost,
		Check: func(s State, in *Inputs, _ Target) Finding {
			return CheckMissedHeartbeats(s, in.Recent, in.Now, in.Settings.AlertThresholds.MissedHbPerHour)
		},
	}
}

const (
	missedWindow = time.Hour
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
		f.Summary = m.text(r.interval) + words.TooMany(threshold)
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
		f.Summary += " " + words.Moment(f.Since)
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
	return words.Counted(m.count, "heartbeat") + " missed " + words.Period(m.first.Start(interval), (m.last+1).Start(interval))
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
