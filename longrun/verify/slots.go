package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/chain"
)

// slots counts beats by slot, and by day.
type slots struct {
	q        *inquiry
	ledger   *ledger.Ledger
	interval time.Duration
	now      time.Time
	thread   *chain.Thread

	ours     int64
	last     longrun.Slot // that a beat was made in
	filledBy string       // the document of it; empty before the first
	oursIn   bool         // and one of ours is in it
	own      ownSlot      // of the last beat of ours
	distinct int64
	earliest time.Time
	latest   time.Time
	days     map[time.Time]*dayCount
	day      *dayCount // the one used last
	filled   filled
	prunedTo time.Time // the end of the last day whose beats are pruned
}

// ownSlot is a beat's slot by the interval that it was made with, which may have
// been another one than today's.
type ownSlot struct {
	interval time.Duration
	slot     longrun.Slot
	id       string
}

// dayCount counts the filled slots of a day.
type dayCount struct {
	longrun.Window
	written int64
	made    int64 // the slots that a beat was made in
}

func (s *slots) path(p chain.Place) string { return s.ledger.Path(ledger.Heartbeats) + "/" + p.ID }

func (s *slots) read(ctx context.Context, page ledger.Page, tell Progress) error {
	var n int64
	for e, err := range chain.Beats(ctx, s.ledger, page) {
		if err != nil {
			return err
		}
		if e.Bad != nil {
			s.q.Fault(e.Path(), "does not decode: %v", reason(e.Bad))
			continue
		}
		n++
		tell.tell(ledger.Heartbeats, n)
		s.beat(e)
	}
	s.q.counts["beats"], s.q.counts["beatsOfOurs"], s.q.counts["filledSlots"] = n, s.ours, s.distinct
	return nil
}

func (s *slots) beat(e *chain.Beat) {
	h := &e.Value
	ours := h.Epoch > 0 || h.ChainSeq > 0
	slot := h.Slot(s.interval)
	if ours {
		s.ours++
		s.grid(e, slot)
		s.alone(e)
		s.thread.Add(h, chain.Place{
			ID: e.Key.ID, TS: h.TS, Seq: h.ChainSeq, Hash: e.Hash, Prev: h.PrevHash,
			Interval: s.interval, Late: h.Late,
		})
	}
	day := s.dayOf(h.TS)
	s.fill(h, day)
	if s.filledBy != "" && slot == s.last {
		if !ours || !s.oursIn {
			s.q.counts["sharedSlots"]++ // with the original system, which had no grid
		}
		s.oursIn = s.oursIn || ours
		return
	}
	if s.filledBy == "" {
		s.earliest = h.TS
	}
	day.made++
	s.last, s.filledBy, s.oursIn, s.latest = slot, e.Key.ID, ours, h.TS
}

// fill counts the slots that a beat covers, which all lie in its day.
func (s *slots) fill(h *longrun.Heartbeat, day *dayCount) {
	for slot, end := (coverage.Grid{Interval: s.interval}).Covers(*h); slot < end; slot++ {
		if s.filled.add(slot) {
			s.distinct++
			day.written++
		}
	}
}

func (s *slots) dayOf(ts time.Time) *dayCount {
	if s.day == nil || !s.day.Contains(ts) {
		day := longrun.DayOf(ts)
		if s.day = s.days[day.From]; s.day == nil {
			s.day = &dayCount{Window: day}
			s.days[day.From] = s.day
		}
	}
	return s.day
}

// alone looks for two beats of ours in one slot. Where the interval became longer
// there are many in a slot of today's, each of them alone in its own.
func (s *slots) alone(e *chain.Beat) {
	own := ownSlot{interval: s.interval, id: e.Key.ID}
	if then := time.Duration(e.Value.ExpectedIntervalSec) * time.Second; longrun.ValidateInterval(then) == nil {
		own.interval = then
	}
	own.slot = e.Value.Slot(own.interval)
	if s.own.id != "" && own.interval == s.own.interval && own.slot == s.own.slot {
		s.q.Fault(e.Path(), "is in one slot with %s: a slot has one beat", s.own.id)
	}
	s.own = own
}

// grid holds a beat's ID against its time.
func (s *slots) grid(e *chain.Beat, slot longrun.Slot) {
	h := &e.Value
	if e.Key.ID == slot.ID(s.interval) && h.ExpectedIntervalSec == int64(s.interval/time.Second) {
		return
	}
	start, err := longrun.ParseSlotID(e.Key.ID)
	switch {
	case h.ExpectedIntervalSec > 0 && time.Duration(h.ExpectedIntervalSec)*time.Second != s.interval:
		// The interval was another then; its own grid is what counts.
		interval := time.Duration(h.ExpectedIntervalSec) * time.Second
		if longrun.ValidateInterval(interval) != nil || e.Key.ID != h.Slot(interval).ID(interval) {
			s.q.Fault(e.Path(), "is not the slot of %s on a grid of %d seconds", h.TS.Format(time.RFC3339Nano), h.ExpectedIntervalSec)
		}
		s.q.counts["otherInterval"]++
	case err != nil:
		s.q.Fault(e.Path(), "its ID is no slot's")
	case longrun.SlotAt(start, s.interval).Start(s.interval) != start:
		s.q.Fault(e.Path(), "its ID is not on the grid of %v", s.interval)
	case e.Key.ID != slot.ID(s.interval):
		s.q.Fault(e.Path(), "was made at %s, which is in slot %s", h.TS.Format(time.RFC3339Nano), slot.ID(s.interval))
	}
}

// sum holds what a coverage.Counter of the runs of slots finds against what was counted
// here, one by one: the missed slots are the sum over the gaps. Days that are
// pruned are in neither.
func (s *slots) sum(w longrun.Window, runs []ledger.Entry[longrun.Run]) {
	if s.distinct == 0 {
		return
	}
	known := s.earliest
	if len(runs) > 0 && runs[0].At.Before(known) {
		known = runs[0].At
	}
	if w.From.Before(known) { // nobody missed a slot before there was anybody
		w.From = known
	}
	if w.To.IsZero() {
		w.To = s.now
	}
	if w.From.Before(s.prunedTo) {
		w.From = s.prunedTo
	}
	first, end := w.Slots(s.interval, s.now)
	tally := coverage.NewCounter(w, s.interval, s.now)
	var written int64
	for _, r := range s.filled {
		for slot := max(r.from, first); slot < min(r.to, end); slot++ {
			written++
			tally.Add(longrun.Heartbeat{TS: slot.Start(s.interval)})
		}
	}
	var missed int64
	c := tally.Coverage()
	for _, g := range c.Gaps {
		missed += int64(g.Missed)
	}
	s.q.counts["expectedSlots"], s.q.counts["missedSlots"], s.q.counts["gaps"] = int64(end-first), missed, int64(len(c.Gaps))
	if missed != int64(end-first)-written {
		s.q.Fault("", "the gaps have %d slots, and %d of %d slots have no beat", missed, int64(end-first)-written, end-first)
	}
}

// dayRollup is what a rollup says of the slots of its day.
type dayRollup struct {
	IntervalSec int64 `json:"intervalSec" firestore:"intervalSec"`
	ExpectedHb  int64 `json:"expectedHb" firestore:"expectedHb"`
	WrittenHb   int64 `json:"writtenHb" firestore:"writtenHb"`
	MissedHb    int64 `json:"missedHb" firestore:"missedHb"`

	Lengths  []longrun.SlotLength `json:"lengths" firestore:"lengths"`
	PrunedAt map[string]time.Time `json:"prunedAt" firestore:"prunedAt"`
}

func readRollups(ctx context.Context, l *ledger.Ledger, q *inquiry) ([]ledger.Entry[dayRollup], error) {
	var rollups []ledger.Entry[dayRollup]
	from := q.from
	if !from.IsZero() {
		from = longrun.DayOf(from).From // the window may cut a day that is pruned
	}
	for e, err := range ledger.List[dayRollup](ctx, l, ledger.Rollups, ledger.Page{From: from, To: q.to}) {
		if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
			q.Fault(bad.Path, "is no rollup: %v", bad.Err)
			continue
		}
		if err != nil {
			return nil, err
		}
		rollups = append(rollups, e)
	}
	q.counts["rollups"] = int64(len(rollups))
	return rollups, nil
}

// rollups holds each rollup against itself and against the beats of its day.
// Days that are pruned are in no count.
func (s *slots) rollups(rollups []ledger.Entry[dayRollup]) {
	for _, e := range rollups {
		r := e.Value
		if r.MissedHb != r.ExpectedHb-r.WrittenHb || r.WrittenHb < 0 || r.MissedHb < 0 {
			s.q.Fault(e.Path(), "says %d expected, %d written and %d missed, which do not add up", r.ExpectedHb, r.WrittenHb, r.MissedHb)
		}
		day := longrun.DayOf(e.At)
		if _, pruned := r.PrunedAt[string(ledger.Heartbeats)]; pruned {
			s.q.counts["prunedDays"]++
			s.prunedTo = day.To
			continue
		}
		if r.IntervalSec > 0 && r.IntervalSec != int64(s.interval/time.Second) {
			continue // it counts other slots than are counted here
		}
		if day.From.Before(s.q.from) || !s.q.to.IsZero() && day.To.After(s.q.to) {
			continue // the window cuts it
		}
		var written, made int64
		if d := s.days[day.From]; d != nil {
			written, made = d.written, d.made
		}
		switch {
		case made < written && made == r.WrittenHb && len(r.Lengths) == 0:
			// Of a day on which the interval was changed, and rolled up by a version for
			// which a beat filled no more than one slot.
			s.q.counts["countedBefore"]++
		case written > r.WrittenHb:
			s.q.Doubt(e.Path(), "says that %d slots of its day have a beat, and %d have: late ones that are not counted yet, or it was changed", r.WrittenHb, written)
		case written < r.WrittenHb:
			s.q.Fault(e.Path(), "says that %d slots of its day have a beat, and only %d have: beats were removed, and not pruned", r.WrittenHb, written)
		}
	}
}

// slotRun are filled slots without an empty one between, [from, to).
type slotRun struct{ from, to longrun.Slot }

// filled are the slots that have a beat, as runs in order with an empty slot between
// any two.
type filled []slotRun

// add fills a slot, and reports whether it was empty. Beats come in the order of time:
// mostly the slot is the one behind the last.
func (f *filled) add(s longrun.Slot) bool {
	runs := *f
	i := len(runs) // the first run that ends behind the slot
	for i > 0 && runs[i-1].to > s {
		i--
	}
	before, after := i > 0 && runs[i-1].to == s, i < len(runs) && runs[i].from == s+1
	switch {
	case i < len(runs) && runs[i].from <= s:
		return false
	case before && after:
		runs[i-1].to = runs[i].to
		*f = slices.Delete(runs, i, i+1)
	case before:
		runs[i-1].to = s + 1
	case after:
		runs[i].from = s
	default:
		*f = slices.Insert(runs, i, slotRun{s, s + 1})
	}
	return true
}
