package coverage

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Counter counts beats as they come, for a window whose beats do not fit in
// memory. It keeps two bits for each slot of the days that have beats, the
// drifts by the millisecond, and the beats beside gaps: a year of minutes costs
// some 200 KB, and 400 bytes for each gap.
//
// Any order of the beats gives the same Coverage; in the order of time, as a
// Scan brings them, each costs some 20 ns. A Counter is for one goroutine.
type Counter struct {
	window     longrun.Window // on the grid
	interval   time.Duration
	sec        int64        // the interval in seconds; 0: it is invalid, nothing counts
	first, end longrun.Slot // the slots that count, [first, end)
	open       bool         // now lies in the slot end: a gap up to there goes on
	history    history

	cursor cursor
	days   map[int64]*day // by the number of the day since 1970
	day    *day           // the one used last
	drifts driftCounts
	extra  int
	others map[time.Duration]*others // the beats that were made for other slots

	// What explains the gaps. Every slot that was filled by a beat and has an
	// empty neighbour is in edges, unless it is the tip's.
	edges    map[longrun.Slot]edge
	prune    int // how large edges may grow before it is cleaned
	tip      tip
	kept     [2]longrun.Heartbeat // Add's own copies, so that the tip may point to one
	earlier  *witness             // the last beat before the slots
	later    *witness             // the first beat after them
	restored []longrun.Gap        // what AddBitmap was told
	edged    bool                 // by rollups, which bring the beats at their ends
}

// cursor is the slot of the beat before, so that beats in order need no
// division.
type cursor struct {
	slot  longrun.Slot
	start int64 // in Unix seconds
}

// tip is the newest beat of a Counter while nothing else is known of its slots. It
// need not be copied unless it turns out to lie at a gap.
type tip struct {
	beat        *longrun.Heartbeat // nil: none
	first, last longrun.Slot
	edge        bool // the slot before is empty
}

// edge is the earliest and the latest beat of a slot beside a gap; mostly they
// are one.
type edge struct{ first, last *witness }

// NewCounter returns a Counter without beats for the slots of w that are over at
// now. What w, interval and runs mean is said at Of.
func NewCounter(w longrun.Window, interval time.Duration, now time.Time, runs ...longrun.Run) *Counter {
	t := &Counter{window: longrun.Window{From: w.From.UTC(), To: w.To.UTC()}, days: map[int64]*day{}, edges: map[longrun.Slot]edge{}, prune: minPrune}
	if longrun.ValidateInterval(interval) != nil {
		return t
	}
	t.interval, t.sec = interval, int64(interval/time.Second)
	if w.Validate() == nil {
		t.window = w.Align(interval)
	}
	t.first, t.end = w.Slots(interval, now)
	t.open = t.end > t.first && longrun.SlotAt(now, interval) == t.end
	t.cursor = cursor{slot: t.first, start: t.first.Start(interval).Unix()}
	t.history = newHistory(runs, interval)
	return t
}

// Add counts one beat.
func (t *Counter) Add(h longrun.Heartbeat) { t.take(h) }

// span is what a beat did in a Counter: the counting slots [first, end) that it
// fills, and whether it was made in one, which is what the numbers of beats are of.
type span struct {
	first, end longrun.Slot
	counts     bool
}

// take counts a copy of the beat.
func (t *Counter) take(h longrun.Heartbeat) span {
	// The tip may point to one of the copies; the other one is free.
	free := &t.kept[0]
	if t.tip.beat == free {
		free = &t.kept[1]
	}
	*free = h
	return t.add(free)
}

// add counts the beat, which must not change while the tip points to it.
func (t *Counter) add(h *longrun.Heartbeat) span {
	if h.TS.IsZero() || t.sec == 0 {
		return span{}
	}
	if h.ExpectedIntervalSec != t.sec {
		if own := t.grid().own(h.ExpectedIntervalSec); own != t.interval {
			return t.addOther(h, own)
		}
	}
	slot, ms := t.place(h.TS)
	if t.beyond(h, slot) {
		return span{}
	}
	t.drifts.add(ms)
	at := span{slot, slot + 1, true}
	if !t.fill(slot, h) {
		if !t.seen(slot) {
			t.extra++
		}
		t.again(slot, h)
		return at
	}
	t.reach(h, slot, slot)
	return at
}

// beyond takes note of a beat that was made outside the counting slots: the nearest
// ones explain the gaps at the edges.
func (t *Counter) beyond(h *longrun.Heartbeat, slot longrun.Slot) bool {
	switch {
	case slot < t.first:
		t.earlier = t.earlier.replaced(h, 1)
	case slot >= t.end:
		t.later = t.later.replaced(h, -1)
	default:
		return false
	}
	return true
}

// reach makes a beat the tip which just filled the slots first to last, all of them
// empty before. A slot with filled neighbours explains nothing. The tip was in
// order, and this beat is the neighbour that it lacked.
func (t *Counter) reach(h *longrun.Heartbeat, first, last longrun.Slot) {
	if t.tip.beat != nil && first == t.tip.last+1 && !t.tip.edge {
		t.tip.beat, t.tip.first, t.tip.last = h, first, last
		return
	}
	t.flush()
	t.tip = tip{beat: h, first: first, last: last, edge: first > t.first && !t.has(first-1)}
}

// place returns the beat's slot and how many whole milliseconds into it the
// beat was made.
func (t *Counter) place(ts time.Time) (slot longrun.Slot, ms int64) {
	unix := ts.Unix()
	c := &t.cursor
	since := unix - c.start
	if since < 0 || since >= t.sec {
		if since >= 0 && since < 2*t.sec {
			c.slot++
		} else {
			c.slot = longrun.SlotAt(ts, t.interval)
		}
		c.start = int64(c.slot) * t.sec
		since = unix - c.start
	}
	return c.slot, since*1000 + int64(ts.Nanosecond())/int64(time.Millisecond)
}

// again notes a further beat of a filled slot.
func (t *Counter) again(slot longrun.Slot, h *longrun.Heartbeat) {
	if t.tip.beat != nil && t.tip.first <= slot && slot <= t.tip.last {
		t.flush()
	}
	// Without an edge a bitmap filled the slot, and nobody knew by whom.
	if _, ok := t.edges[slot]; ok || !t.inner(slot) {
		t.witnessed(slot, h)
	}
}

// witnessed keeps what a beat tells, if it is the earliest or the latest of its
// slot.
func (t *Counter) witnessed(slot longrun.Slot, h *longrun.Heartbeat) {
	w := newWitness(h)
	e, ok := t.edges[slot]
	if !ok {
		e = edge{first: &w, last: &w}
	}
	if w.compare(e.first) < 0 {
		e.first = &w
	}
	if w.compare(e.last) > 0 {
		e.last = &w
	}
	t.edges[slot] = e
}

// flush moves the tip to the edges.
func (t *Counter) flush() {
	if t.tip.beat == nil {
		return
	}
	w := newWitness(t.tip.beat)
	t.edges[t.tip.first] = edge{first: &w, last: &w}
	t.edges[t.tip.last] = t.edges[t.tip.first]
	t.tip.beat = nil
	if len(t.edges) < t.prune {
		return
	}
	// Beats out of order may leave slots here that have got both neighbours
	// since. Doubling keeps the cleaning cheap however many gaps there are.
	maps.DeleteFunc(t.edges, func(s longrun.Slot, _ edge) bool { return t.inner(s) })
	t.prune = max(2*len(t.edges), minPrune)
}

func (t *Counter) grid() Grid { return Grid{t.interval} }

// minPrune is when the edges are cleaned for the first time.
const minPrune = 1024

// inner reports whether no gap can begin or end at the slot.
func (t *Counter) inner(s longrun.Slot) bool {
	return (s == t.first || t.has(s-1)) && (s+1 == t.end || t.has(s+1))
}

// Coverage returns what was counted so far. Add may be called again after it.
func (t *Counter) Coverage() longrun.Coverage {
	t.flush()
	c := longrun.Coverage{
		From: t.window.From, To: t.window.To, IntervalSec: t.sec,
		Expected: int(t.end - t.first), Duplicates: t.extra, Drift: t.drifts.drift(), Gaps: []longrun.Gap{},
	}
	for _, d := range t.days {
		filled, healthy, unknown := d.counts()
		c.Written, c.Healthy, c.Unknown = c.Written+filled, c.Healthy+healthy, c.Unknown+unknown
	}
	c.Missed = c.Expected - c.Written
	slices.SortStableFunc(t.restored, func(a, b longrun.Gap) int { return a.From.Compare(b.From) })
	restored := t.restored
	add := func(from, to longrun.Slot) {
		g, before, after := t.gap(from, to)
		for len(restored) > 0 && !restored[0].To.After(g.From) {
			restored = restored[1:] // gaps come in order: none will ask for it again
		}
		recallGap(&g, restored, before, after, t.edged)
		c.Gaps = append(c.Gaps, g)
	}
	// The filled runs of all days in order leave the gaps between them; whole
	// days without a beat are stepped over.
	empty := t.first
	for from, to := range t.runs() {
		if from > empty {
			add(empty, from)
		}
		empty = to
	}
	if empty < t.end {
		add(empty, t.end)
	}
	return c
}

// gap explains the empty slots [from, to), and reports of which sides a beat is
// known.
func (t *Counter) gap(from, to longrun.Slot) (g longrun.Gap, hasBefore, hasAfter bool) {
	before, after := t.earlier, t.later
	if from > t.first {
		before = t.edges[from-1].last
	}
	if to < t.end {
		after = t.edges[to].first
	}
	g = longrun.Gap{From: from.Start(t.interval), To: to.Start(t.interval), Missed: int(to - from)}
	if before != nil {
		g.Before = before.instance
	}
	if after != nil {
		g.After = after.instance
	}
	ongoing := t.open && to == t.end && after == nil
	g.Cause = t.history.cause(g, before, after, ongoing)
	return g, before != nil, after != nil
}
