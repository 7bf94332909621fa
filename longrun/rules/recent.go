package rules

import (
	"math/bits"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// RecentSpan is how far back a Recent remembers: the rules look at a day, and
// slide back over another to see when a coverage fell.
const RecentSpan = 48 * time.Hour

// Recent knows which slots of the last two days were filled, for the rules: the
// leader reads them once, when it begins to lead, and then fills each slot as
// its beat is stored. A minute's slots need 720 bytes. It is for one goroutine.
//
// What it is told of may come in any order. It keeps as much of the time ahead,
// so that a clock set back by up to two days loses nothing.
type Recent struct {
	interval time.Duration
	span     longrun.Slot // slots in RecentSpan
	words    []uint64     // a ring: slot s is bit s&63 of word s>>6, see word
	begun    bool
	first    longrun.Slot // the oldest slot that is remembered; the newest is first+2*span
	earliest longrun.Slot // the first slot that counts: before it nothing existed
	before   longrun.Slot // the newest filled slot before first
	older    bool         // before is known
}

// NewRecent returns a Recent that knows nothing. It begins with the first call of
// Restore, Advance or Fill.
func NewRecent(interval time.Duration) *Recent {
	span := longrun.Slot((RecentSpan + interval - 1) / interval)
	return &Recent{interval: interval, span: span, words: make([]uint64, (2*span+1+63)/64+1)}
}

// Restore forgets everything and begins anew at now: earliest is the first moment
// anything is known of, and lastBefore the newest beat before the span, both zero
// where there is none. With neither, what exists begins with the slot that now
// lies in. Fill is then called with what a Scan brings.
func (r *Recent) Restore(earliest, lastBefore, now time.Time) {
	r.begin(longrun.SlotAt(now, r.interval))
	if !earliest.IsZero() {
		r.earliest = min(r.earliest, longrun.SlotAt(earliest, r.interval))
	}
	if !lastBefore.IsZero() {
		r.Fill(longrun.SlotAt(lastBefore, r.interval))
	}
}

func (r *Recent) begin(now longrun.Slot) {
	clear(r.words)
	r.begun, r.first, r.earliest, r.older = true, now-r.span, now, false
}

// Fill notes that the slot has a beat. One that is too old to be remembered may
// still be the newest of those; one that lies more than two days ahead is
// ignored, so that a single beat of a wrong clock does not end the memory: call
// Advance first.
func (r *Recent) Fill(s longrun.Slot) {
	if !r.begun {
		r.begin(s)
	}
	switch {
	case s > r.last():
		return
	case s >= r.first:
		*r.word(s >> 6) |= 1 << (s & 63)
	case !r.older || s > r.before:
		r.before, r.older = s, true
	}
	r.earliest = min(r.earliest, s)
}

// Empty notes that the slot has no beat after all: the one that was made for it will
// never be stored. Of one that is too old to be remembered nothing is noted.
func (r *Recent) Empty(s longrun.Slot) {
	if r.begun && s >= r.first && s <= r.last() {
		*r.word(s >> 6) &^= 1 << (s & 63)
	}
}

// Advance forgets what is older than the span at now. When the clock was set back
// by more than the span, nothing that is known is of use, and it begins anew.
func (r *Recent) Advance(now time.Time) {
	s := longrun.SlotAt(now, r.interval)
	if !r.begun || s < r.first {
		r.begin(s)
		return
	}
	first := s - r.span
	if first <= r.first {
		return
	}
	if last, ok := r.lastFilled(min(first-1, r.last())); ok {
		r.before, r.older = last, true
	}
	if from, to := r.first>>6, first>>6; to-from >= longrun.Slot(len(r.words)) {
		clear(r.words)
	} else {
		for k := from; k < to; k++ {
			*r.word(k) = 0
		}
	}
	r.first = first
}

// Filled reports whether the slot is remembered to have a beat.
func (r *Recent) Filled(s longrun.Slot) bool {
	return r.begun && s >= r.first && s <= r.last() && *r.word(s >> 6)>>(s&63)&1 != 0
}

// knows reports whether all of [from, end) are remembered, so far as they are not
// in the future of the last Advance.
func (r *Recent) knows(from, end longrun.Slot) bool {
	return r.begun && from >= r.first && end <= r.last()+1
}

// last is the newest slot there is room for.
func (r *Recent) last() longrun.Slot { return r.first + 2*r.span }

// word returns the place of the 64 slots from 64*k on. There is one word more
// than the slots need, so that the first and the last one never share.
func (r *Recent) word(k longrun.Slot) *uint64 {
	i := k % longrun.Slot(len(r.words))
	if i < 0 {
		i += longrun.Slot(len(r.words))
	}
	return &r.words[i]
}

// count returns how many of the slots [from, to) are filled; they are remembered.
func (r *Recent) count(from, to longrun.Slot) int64 {
	n := 0
	for s := from; s < to; s = (s | 63) + 1 {
		w := *r.word(s >> 6) >> (s & 63)
		if left := to - s; left < 64 {
			w &= 1<<left - 1
		}
		n += bits.OnesCount64(w)
	}
	return int64(n)
}

// lastFilled returns the newest filled slot that is remembered, s or before.
func (r *Recent) lastFilled(s longrun.Slot) (longrun.Slot, bool) { return r.seekBack(s, r.first, 0) }

// lastEmpty returns the newest empty slot of [from, s].
func (r *Recent) lastEmpty(from, s longrun.Slot) (longrun.Slot, bool) {
	return r.seekBack(s, from, ^uint64(0))
}

// seekBack returns the newest slot of [from, s] whose bit, flipped by flip, is set.
func (r *Recent) seekBack(s, from longrun.Slot, flip uint64) (longrun.Slot, bool) {
	for s >= from {
		// What lies above s in its word is shifted out.
		if w := (*r.word(s >> 6) ^ flip) << (63 - s&63); w != 0 {
			found := s - longrun.Slot(bits.LeadingZeros64(w))
			return found, found >= from
		}
		s = (s &^ 63) - 1
	}
	return 0, false
}

// firstEmpty returns the oldest empty slot of [s, to), and firstFilled the oldest
// filled one.
func (r *Recent) firstEmpty(s, to longrun.Slot) (longrun.Slot, bool) {
	return r.seek(s, to, ^uint64(0))
}

func (r *Recent) firstFilled(s, to longrun.Slot) (longrun.Slot, bool) { return r.seek(s, to, 0) }

// seek returns the oldest slot of [s, to) whose bit, flipped by flip, is set.
func (r *Recent) seek(s, to longrun.Slot, flip uint64) (longrun.Slot, bool) {
	for s < to {
		if w := (*r.word(s >> 6) ^ flip) >> (s & 63); w != 0 {
			found := s + longrun.Slot(bits.TrailingZeros64(w))
			return found, found < to
		}
		s = (s | 63) + 1
	}
	return 0, false
}

// slots are those that a rule of another room may look at.
type slots Inputs

// Missed counts the missed ones of the slots [from, to), and reports whether all are
// known. What was before anything existed was not missed.
func (s *slots) Missed(from, to longrun.Slot) (missed int64, known bool) {
	r := s.Recent
	if r == nil || !r.begun || to > r.last()+1 {
		return 0, false
	}
	from = max(from, r.earliest)
	if older := min(to, r.first); from < older {
		if s.Older == nil {
			return 0, false
		}
		filled, all := s.Older(from, older)
		if !all {
			return 0, false
		}
		missed, from = int64(older-from)-filled, older
	}
	if from < to {
		missed += int64(to-from) - r.count(from, to)
	}
	return missed, true
}

// NextMissed returns the first missed slot of [from, to) that is remembered one by one,
// and LastMissed the last.
func (s *slots) NextMissed(from, to longrun.Slot) (longrun.Slot, bool) {
	return s.Recent.firstEmpty(s.least(from), min(to, s.Recent.last()+1))
}

func (s *slots) LastMissed(from, to longrun.Slot) (longrun.Slot, bool) {
	return s.Recent.lastEmpty(s.least(from), min(to, s.Recent.last()+1)-1)
}

// least is from, or the first slot that is remembered and counts.
func (s *slots) least(from longrun.Slot) longrun.Slot {
	return max(from, s.Recent.first, s.Recent.earliest)
}

// Earliest is the first slot that counts.
func (s *slots) Earliest() longrun.Slot { return s.Recent.earliest }

// Interval is the length of a slot.
func (s *slots) Interval() time.Duration { return s.Recent.interval }
