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
		ID: MissedHeartbeats, Severity: longrun.Critical, Mutes: []longrun.RuleID{InstanceDied, InsufficientData, QueueDepth, BudgetBurn}, Each: TheHost,
		Works:  "heartbeats come in a row again",
		LookAt: "the process that wrote none: does it run, its last lines in the log, its exit code, its memory; and the store",
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
// What it Took are the empty slots of the incident and not the filled ones between
// them. The Gaps are those of the incident, the first ones.
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
		gaps := r.gaps(m.first, m.last+1)
		f.Gaps, f.Summary = gaps.first, m.text(r.interval, gaps)+words.TooMany(threshold)
	}
	return f
}

// stillMissing is the finding while the rule fires.
func (r *Recent) stillMissing(f Finding, since *time.Time, m misses, now longrun.Slot) Finding {
	if newest, ok := r.inARow(now); ok {
		f.Condition, f.Until = Good, r.recovered(since, newest)
		if since != nil {
			gaps := r.gaps(longrun.SlotAt(*since, r.interval), longrun.SlotAt(f.Until, r.interval))
			f.Gaps, f.Took = gaps.first, new(time.Duration(gaps.missed)*r.interval)
		}
		return f
	}
	f.Condition, f.Summary = Bad, "no "+strconv.Itoa(filledInARow)+" heartbeats in a row since"
	if since != nil {
		f.Since = *since
		f.Gaps = r.gaps(longrun.SlotAt(f.Since, r.interval), now).first
	}
	if m.count > 0 {
		f.Slots = r.emptyIDs(m)
		f.Summary = m.text(r.interval, r.gaps(m.first, m.last+1)) + ", " + f.Summary
	} else {
		f.Summary += " " + words.Moment(f.Since)
	}
	return f
}

// inARow returns the newest slot that has its beat, or should, and whether the last
// three are filled with it.
func (r *Recent) inARow(now longrun.Slot) (newest longrun.Slot, all bool) {
	newest = now
	if !r.Filled(newest) {
		newest-- // it may still come
	}
	for s := newest; s > newest-filledInARow; s-- {
		if !r.Filled(s) {
			return newest, false
		}
	}
	return newest, true
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

// maxNamed is how many gaps a summary names.
const maxNamed = 6

// text is such as "9 heartbeats missed from 22:35 to 22:44 UTC (2025-12-29)", and
// ", in 2 gaps (22:35, 22:36–22:44)" behind it where they are not one.
func (m misses) text(interval time.Duration, g gaps) string {
	text := words.Counted(m.count, "heartbeat") + " missed " + words.Period(m.first.Start(interval), (m.last+1).Start(interval))
	if g.count < 2 {
		return text
	}
	text += ", in " + words.Number(g.count) + " gaps ("
	named := min(len(g.first), maxNamed)
	for i, gap := range g.first[:named] {
		if i > 0 {
			text += ", "
		}
		if text += words.Clock(gap.From); gap.Missed > 1 {
			text += "–" + words.Clock(gap.To)
		}
	}
	if more := g.count - int64(named); more > 0 {
		text += " and " + words.Number(more) + " more"
	}
	return text + ")"
}

// gaps are runs of empty slots: the first ones, at most MaxGaps, how many there are,
// and how many slots they have together.
type gaps struct {
	first         []longrun.Gap
	count, missed int64
}

// gaps finds those of [from, to). What is no longer remembered counts as empty.
func (r *Recent) gaps(from, to longrun.Slot) (g gaps) {
	for at := from; at < to; {
		first, ok := at, true
		if at >= r.first {
			first, ok = r.firstEmpty(at, to)
		}
		if !ok {
			return g
		}
		end, ok := r.firstFilled(max(first, r.first), to)
		if !ok {
			end = to
		}
		g.count++
		g.missed += int64(end - first)
		if len(g.first) < longrun.MaxGaps {
			g.first = append(g.first, longrun.Gap{
				From: first.Start(r.interval), To: end.Start(r.interval), Missed: int(end - first), Cause: longrun.Unknown,
			})
		}
		at = end
	}
	return g
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

// toldUntil is where the slots end whose misses were told of, or are being told.
func toldUntil(s State, now time.Time) time.Time {
	switch {
	case s.Phase == Firing:
		return now
	case s.LastEnd != nil && s.LastEnd.Sub(now) <= RecentSpan: // else a clock was set back
		return *s.LastEnd
	}
	return time.Time{}
}
