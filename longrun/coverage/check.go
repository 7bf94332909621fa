package coverage

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Check reports everything in which the rollup contradicts itself: its numbers,
// its slots, its gaps and its lists must all tell the same. It cannot know
// whether it is true of the beats. A rollup of the original system has no slots,
// and is never sound.
func Check(r longrun.Rollup) error {
	_, err := openRollup(&r)
	return err
}

// rolledDay is what the texts of a rollup stand for.
type rolledDay struct {
	filled, healthy *Bitmap
	unknown         *Bitmap // nil: none
	drifts          driftCounts
}

// resample gives the slots of the day, which begins at from, the length of a grid's.
func (d rolledDay) resample(g Grid, from time.Time, own time.Duration) rolledDay {
	if own == g.Interval {
		return d
	}
	sick := NewBitmap(d.filled.Len())
	sick.or(d.filled, 0)
	sick.andNot(d.healthy, 0)
	filled, healthy := g.resample(d.filled, from, own), g.resample(d.filled, from, own)
	healthy.andNot(g.resample(sick, from, own), 0)
	out := rolledDay{filled: filled, healthy: healthy, drifts: d.drifts}
	if d.unknown != nil { // one slot that is known to be unhealthy makes a longer one so
		sick.andNot(d.unknown, 0)
		out.unknown = g.resample(d.unknown, from, own)
		out.unknown.andNot(g.resample(sick, from, own), 0)
	}
	return out
}

// open reads the texts and checks all against all.
func openRollup(r *longrun.Rollup) (rolledDay, error) {
	var day rolledDay
	wrong := func(format string, args ...any) (rolledDay, error) {
		return day, fmt.Errorf("longrun: rollup %.20q: "+format, append([]any{r.Date}, args...)...)
	}
	if r.Original() {
		return wrong("it is one of the original system and has no slots")
	}
	interval := time.Duration(min(max(r.IntervalSec, 0), 86_401)) * time.Second // no product may wrap around into one that is valid
	if err := longrun.ValidateInterval(interval); err != nil {
		return wrong("intervalSec: %w", err)
	}
	whole := longrun.DayOf(r.TS)
	if !r.TS.Equal(whole.From) || r.Date != longrun.RollupID(r.TS) {
		return wrong("ts %s is not the start of that day", longrun.ISO(r.TS))
	}
	w := longrun.Window{From: r.From, To: r.To}
	if aligned := w.Align(interval); r.From.Before(whole.From) || !r.To.Equal(whole.To) || !r.From.Before(r.To) || !aligned.From.Equal(r.From) {
		return wrong("from %s and to %s are no part of the day up to its end", longrun.ISO(r.From), longrun.ISO(r.To))
	}
	filled, err := ParseBitmap(r.Slots)
	if err != nil {
		return wrong("slots: %w", err)
	}
	unhealthy, err := ParseBitmap(r.Unhealthy)
	if err != nil {
		return wrong("unhealthy: %w", err)
	}
	if n := int(r.To.Sub(r.From) / interval); filled.Len() != n || unhealthy.Len() != n {
		return wrong("%d and %d slots, and there are %d in the time from %s to %s", filled.Len(), unhealthy.Len(), n, longrun.ISO(r.From), longrun.ISO(r.To))
	}
	day.filled, day.healthy = filled, NewBitmap(filled.Len())
	day.healthy.or(filled, 0)
	day.healthy.andNot(unhealthy, 0)
	if day.unknown, err = openUnknown(r.Unknown, unhealthy); err != nil {
		return wrong("unknown: %w", err)
	}
	longest := interval
	for _, l := range r.Lengths {
		longest = max(longest, Grid{interval}.own(l.IntervalSec))
	}
	if err := day.drifts.read(r.DriftMs, longest.Milliseconds()); err != nil {
		return wrong("%w", err)
	}
	if err := errors.Join(checkCounts(r, &day, unhealthy.Count()), checkLengths(r, &day), checkGaps(r, &day, interval), checkEdges(r, &day, interval), checkLists(r, &day)); err != nil {
		return wrong("%w", err)
	}
	return day, nil
}

// openUnknown reads the slots of which nobody knows whether they were healthy, which are
// some of those that are not known to have been.
func openUnknown(text string, unhealthy *Bitmap) (*Bitmap, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none, as in older rollups
	}
	unknown, err := ParseBitmap(text)
	if err != nil {
		return nil, err
	}
	others := NewBitmap(unknown.Len())
	others.or(unknown, 0)
	others.andNot(unhealthy, 0)
	if unknown.Len() != unhealthy.Len() || others.Count() > 0 || unknown.Count() == 0 {
		return nil, fmt.Errorf("%d of %d slots, and %d of them are none of those in unhealthy", unknown.Count(), unknown.Len(), others.Count())
	}
	return unknown, nil
}

func checkCounts(r *longrun.Rollup, day *rolledDay, unhealthy int) error {
	var errs []error
	for _, n := range []struct {
		field      string
		says, have int64
	}{
		{"expectedHb", r.ExpectedHb, int64(day.filled.Len())},
		{"writtenHb", r.WrittenHb, int64(day.filled.Count())},
		{"missedHb", r.MissedHb, int64(day.filled.Len() - day.filled.Count())},
		{"healthyHb", r.HealthyHb, int64(day.healthy.Count())},
		{"unknownHb", r.UnknownHb, int64(day.unknown.Count())},
		{"healthyHb and unhealthy", r.HealthyHb + int64(unhealthy), int64(day.filled.Count())},
	} {
		if n.says != n.have {
			errs = append(errs, fmt.Errorf("%s is %d, and the slots and drifts say %d", n.field, n.says, n.have))
		}
	}
	share := longrun.Coverage{Written: int(r.WrittenHb), Expected: int(r.ExpectedHb)}.Ratio()
	if !near6(r.NumericCoverage, share) || !near6(r.UptimePct, 100*share) || r.InsufficientData != (share < insufficientData) {
		errs = append(errs, fmt.Errorf("numericCoverage %v, uptimePct %v, insufficientData %v, and the coverage is %v", r.NumericCoverage, r.UptimePct, r.InsufficientData, share))
	}
	if have := day.drifts.drift(); r.Drift != have {
		errs = append(errs, fmt.Errorf("drift is %v, and driftMs says %v", r.Drift, have))
	}
	if r.LateHb < 0 || r.LateHb > int64(day.drifts.beats) {
		errs = append(errs, fmt.Errorf("lateHb is %d of %d beats", r.LateHb, day.drifts.beats))
	}
	return errors.Join(errs...)
}

// checkLengths asks that the beats are told once each, and of their duplicates as
// many as the slots leave.
func checkLengths(r *longrun.Rollup, day *rolledDay) error {
	if len(r.Lengths) == 0 {
		if have := int64(day.drifts.beats - day.filled.Count()); r.DuplicateHb != have {
			return fmt.Errorf("extraHb is %d, and the slots and drifts say %d", r.DuplicateHb, have)
		}
		return nil
	}
	var beats, duplicates, last int64
	for _, l := range r.Lengths {
		if longrun.ValidateInterval(lengthOf(l.IntervalSec)) != nil || l.IntervalSec <= last || l.Beats <= l.Duplicates || l.Duplicates < 0 {
			return fmt.Errorf("lengths: %d duplicates of %d beats in slots of %d s", l.Duplicates, l.Beats, l.IntervalSec)
		}
		beats, duplicates, last = beats+l.Beats, duplicates+l.Duplicates, l.IntervalSec
	}
	if beats != int64(day.drifts.beats) || duplicates != r.DuplicateHb {
		return fmt.Errorf("lengths: %d beats and %d duplicates, and driftMs and extraHb say %d and %d", beats, duplicates, day.drifts.beats, r.DuplicateHb)
	}
	return nil
}

// near6 compares shares, which a database may keep to a few digits less.
func near6(a, b float64) bool { return math.Abs(a-b) <= 1e-6 }

// checkGaps asks that the gaps are those of the slots, as far as they are listed.
func checkGaps(r *longrun.Rollup, day *rolledDay, interval time.Duration) error {
	gaps, omitted := r.Gaps, int64(0)
	for from, to := range day.filled.Gaps() {
		start := r.From.Add(time.Duration(from) * interval)
		if len(gaps) == 0 || !gaps[0].From.Equal(start) {
			omitted++
			continue
		}
		if g := gaps[0]; g.Missed != to-from || !g.To.Equal(r.From.Add(time.Duration(to)*interval)) {
			return fmt.Errorf("gaps: the one from %s to %s with %d slots is not that of the slots", longrun.ISO(g.From), longrun.ISO(g.To), g.Missed)
		}
		gaps = gaps[1:]
	}
	if len(gaps) > 0 || omitted != r.Truncated.Gaps {
		return fmt.Errorf("gaps: %d are listed and %d omitted, and the slots have others", len(r.Gaps), r.Truncated.Gaps)
	}
	return nil
}

func checkEdges(r *longrun.Rollup, day *rolledDay, interval time.Duration) error {
	if (len(r.Edges) == 0) != (r.WrittenHb == 0) || len(r.Edges) > 4 {
		return fmt.Errorf("edges: %d beats of a day that has %d", len(r.Edges), r.WrittenHb)
	}
	base, n := longrun.SlotAt(r.From, interval), day.filled.Len()
	outer := func(first, last int) bool { // on one side no slot further out is filled
		return day.filled.Has(first) && day.filled.Has(last) && (day.filled.seek(0, false) == first || day.filled.seek(last+1, false) == n)
	}
	for i := range r.Edges {
		first, end := Grid{interval}.covers(r.Edges[i].TS, edgeLength(r, r.Edges[i]))
		if first, end = max(first-base, 0), min(end-base, longrun.Slot(n)); first >= end || !outer(int(first), int(end-1)) {
			return fmt.Errorf("edges: the beat of %s is neither of the first filled slot nor of the last", longrun.ISO(r.Edges[i].TS))
		}
	}
	return nil
}

func checkLists(r *longrun.Rollup, day *rolledDay) error {
	var errs []error
	var beats, points, n int64
	for _, p := range r.Instances {
		beats += p.Beats
	}
	if all := int64(day.drifts.beats); beats > all || beats < all && r.Truncated.Instances == 0 {
		errs = append(errs, fmt.Errorf("instances: %d beats of %d", beats, all))
	}
	for _, p := range r.Probes {
		if p.N != p.Pass+p.Fail+p.Inconclusive || p.Pass < 0 || p.Fail < 0 || p.Inconclusive < 0 || p.Type == "" {
			errs = append(errs, fmt.Errorf("probes: %.100q: %d are not %d + %d + %d", p.Named().String(), p.N, p.Pass, p.Fail, p.Inconclusive))
		}
		n += p.N
		points += int64(len(p.Points))
	}
	if points+r.Truncated.Points != n {
		errs = append(errs, fmt.Errorf("probes: %d one by one and %d omitted are not %d", points, r.Truncated.Points, n))
	}
	if !maps.EqualFunc(r.ProbePassRates, passRates(r.Probes), near6) {
		errs = append(errs, fmt.Errorf("probePassRates %v are not those of the probes", r.ProbePassRates))
	}
	if int64(len(r.Incidents))+r.Truncated.Incidents != r.IncidentsCount {
		errs = append(errs, fmt.Errorf("incidents: %d listed and %d omitted are not %d", len(r.Incidents), r.Truncated.Incidents, r.IncidentsCount))
	}
	return errors.Join(errs...)
}

// ErrShrunk says that a new rollup lacks slots, probes or incidents that the old
// one had. Documents are not taken back, so these were pruned or deleted: what is
// left of the day is its old rollup.
var ErrShrunk = errors.New("longrun: documents that the rollup counted are gone")

// Revise returns the rollup that stands after the day was rolled up again: old
// itself, unless the numbers changed; then fresh with what old had Replaced, its Seal,
// its Batch and Batches, and the next Revision. ErrShrunk is returned beside old, if
// fresh lacks what old had, or anything of the day was pruned. An old rollup that
// contradicts itself, or is of other slots, shrinks nothing, unless nothing at all is
// left of its beats: then it is the only trace of them.
func Revise(old, fresh longrun.Rollup) (longrun.Rollup, error) {
	if len(old.PrunedAt) > 0 {
		return old, fmt.Errorf("%w: %s is pruned", ErrShrunk, old.Date)
	}
	fresh.Seal, fresh.Batch, fresh.Batches = old.Seal, old.Batch, old.Batches
	if len(old.Replaced) > 0 {
		fresh.Replaced = old.Replaced
	}
	fresh.Revision = old.Revision + 1
	before, err := openRollup(&old)
	if err != nil || old.IntervalSec != fresh.IntervalSec || !old.TS.Equal(fresh.TS) {
		if fresh.WrittenHb == 0 && old.WrittenHb > 0 && !old.Original() {
			return old, fmt.Errorf("%w: all %d beats of %s", ErrShrunk, old.WrittenHb, old.Date)
		}
		return fresh, nil // what contradicts itself protects nothing
	}
	after, err := openRollup(&fresh)
	if err != nil {
		return old, err
	}
	lost := NewBitmap(before.filled.Len())
	lost.or(before.filled, 0)
	interval := time.Duration(old.IntervalSec) * time.Second
	lost.andNot(after.filled, int(longrun.SlotAt(fresh.From, interval)-longrun.SlotAt(old.From, interval)))
	if n := lost.Count(); n > 0 {
		return old, fmt.Errorf("%w: %d of %d slots of %s", ErrShrunk, n, before.filled.Count(), old.Date)
	}
	if n := old.IncidentsCount - fresh.IncidentsCount; n > 0 {
		return old, fmt.Errorf("%w: %d of %d incidents of %s", ErrShrunk, n, old.IncidentsCount, old.Date)
	}
	for _, p := range old.Probes {
		left := longrun.ProbeTally{}
		if i := slices.IndexFunc(fresh.Probes, func(f longrun.ProbeTally) bool { return f.Named() == p.Named() }); i >= 0 {
			left = fresh.Probes[i]
		}
		if left.N < p.N || left.ByHand < p.ByHand {
			return old, fmt.Errorf("%w: %s probes of %s", ErrShrunk, p.Named(), old.Date)
		}
	}
	if contentOf(old) == contentOf(fresh) {
		return old, nil
	}
	return fresh, nil
}

// content is all that is computed from the documents, as text.
func contentOf(r longrun.Rollup) string {
	r.Replaced = nil
	if r.WrittenHb == 0 {
		r.CommitHash, r.InstanceID = "", "" // of whoever rolled the day up first
	}
	r.Seal, r.Batch, r.Batches, r.PrunedAt, r.ComputedAt, r.ComputedBy, r.Revision = nil, 0, nil, nil, time.Time{}, "", 0
	// A database may give an empty list back as none.
	r.Gaps, r.Edges, r.Lengths = notNil(r.Gaps), notNil(r.Edges), notNil(r.Lengths)
	r.Instances, r.Incidents = notNil(r.Instances), notNil(r.Incidents)
	r.Probes = slices.Clone(notNil(r.Probes))
	for i := range r.Probes {
		r.Probes[i].Points, r.Probes[i].Classes = notNil(r.Probes[i].Points), notNil(r.Probes[i].Classes)
	}
	if r.ProbePassRates == nil {
		r.ProbePassRates = map[string]float64{}
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "longrun: " + err.Error() // an infinite number: equal to nothing sound
	}
	return string(text)
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
