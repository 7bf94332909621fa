package oldseal

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// maxLateSlots is how far back of its day a segment's beats may lie: as many
// slots as a monitor keeps beats for, unless it is configured otherwise.
const maxLateSlots = 1440

// Sealer finds the segment to seal when a day is closed, from the same Scan of
// the day's beats that a coverage.Merge counts.
//
// The segment begins behind the seal before, and ends before the first beat, in
// the order of the chain, that was made after the day. So it is the same
// whenever the day is closed: minutes after midnight or, by a leader that
// catches up, a week later. A beat of this day that was written after one of the
// next day lies in the next segment.
//
//	prev := …                            // the newest seal of an earlier day, or nil
//	s := longrun.NewSealer(prev, longrun.DayOf(day), interval)
//	for each beat of the day { s.Add(beat) }
//	if w, more := s.Earlier(); more {    // rarely: an outage over midnight
//		for each beat of w { s.Add(beat) }
//	}
//	seal, err := s.Seal(now)
//
// A Sealer keeps some 200 bytes for each beat that it was given, of at most a
// day and 1,440 slots before it. It is for one goroutine.
type Sealer struct {
	prev     *longrun.Seal
	day      longrun.Window
	interval time.Duration
	links    []link
	before   map[string][]int // by PrevHash, the links that say they follow
}

// link is what the chain knows of a beat.
type link struct {
	id   string
	ts   time.Time
	late bool
	prev string
	head evidence.Head // after the beat
}

// NewSealer returns a Sealer for a UTC day, as DayOf returns it, behind the
// newest seal of an earlier day; nil where there is none.
func NewSealer(prev *longrun.Seal, day longrun.Window, interval time.Duration) *Sealer {
	return &Sealer{prev: prev, day: day, interval: interval, before: map[string][]int{}}
}

// Add takes a beat. Those that were made after the day, and those that are no
// part of the chain, are ignored; the order does not matter.
func (s *Sealer) Add(h longrun.Heartbeat) {
	if h.ChainSeq < 1 || !h.TS.Before(s.day.To) {
		return
	}
	// What is sealed was made before the day. A number of the day itself that is
	// not above the seal's is of a chain that began anew.
	if s.prev != nil && h.ChainSeq <= s.prev.LastSeq && h.TS.Before(s.day.From) {
		return
	}
	s.before[h.PrevHash] = append(s.before[h.PrevHash], len(s.links))
	s.links = append(s.links, link{id: h.BucketID, ts: h.TS, late: h.Late, prev: h.PrevHash, head: evidence.Head{ChainSeq: h.ChainSeq, Hash: evidence.Hash(h)}})
}

// Earlier returns the time before the day whose beats are needed as well, and
// whether they are: some of the day's beats do not follow from the rest of it,
// so that beats of the day before, written on this one, must lie between.
func (s *Sealer) Earlier() (longrun.Window, bool) {
	w := longrun.Window{From: s.day.From.Add(-maxLateSlots * s.interval), To: s.day.From}
	if len(s.links) == 0 {
		return w, false
	}
	start, follows := s.start()
	_, n := s.walk(start)
	return w, n < len(s.links) || !follows
}

// Seal returns the seal of the segment, not signed, or nil where there is
// nothing to seal: the day has no beats, or only such as lie in the next
// segment.
//
// A *SealError beside a seal says that the segment does not begin where the seal
// before ended: beats between them are gone or were edited, or the chain began
// anew. The seal stands all the same, and is to be stored: it says of the rest
// what can be said, and what is missing is for verification to name.
func (s *Sealer) Seal(now time.Time) (*longrun.Seal, error) {
	if len(s.links) == 0 {
		return nil, nil //nolint:nilnil // a day without beats is no error
	}
	start, follows := s.start()
	end, n := s.walk(start)
	if n == 0 {
		return nil, nil //nolint:nilnil // all of them follow on a beat that is still to come
	}
	seal := sealed(start, end, now)
	if err := evidence.ValidateSeal(seal); err != nil {
		return nil, err // a forged beat, such as one whose prevHash is no hash
	}
	if !follows {
		return &seal, &SealError{After: evidence.EndOf(*s.prev), Start: start, BucketID: s.links[s.follower(start)].id}
	}
	return &seal, nil
}

// start returns where the segment begins, and whether that is the end of the
// seal before.
func (s *Sealer) start() (evidence.Head, bool) {
	if s.prev != nil && s.follower(evidence.EndOf(*s.prev)) >= 0 {
		return evidence.EndOf(*s.prev), true
	}
	// Of the beats that follow on none that is known, the earliest.
	known := make(map[evidence.Head]bool, len(s.links))
	for _, l := range s.links {
		known[l.head] = true
	}
	var first *link
	for i := range s.links {
		l := &s.links[i]
		if known[l.start()] {
			continue
		}
		if first == nil || cmp.Or(l.ts.Compare(first.ts), cmp.Compare(l.id, first.id)) < 0 {
			first = l
		}
	}
	switch {
	case first == nil: // every beat follows on another: no order of commits does that
		return nowhere, false
	case first.late && !first.ts.Before(s.day.From):
		// A late beat is written behind the one of the slot that is current then.
		// It is none of this day's, so it is of a later one, and the rest waits.
		return nowhere, false
	}
	return first.start(), s.prev == nil
}

// nowhere is a head that no beat follows.
var nowhere = evidence.Head{ChainSeq: -1} //nolint:gochecknoglobals // a constant

func (l *link) start() evidence.Head {
	return evidence.Head{ChainSeq: l.head.ChainSeq - 1, Hash: l.prev}
}

// follower returns the link behind d, or -1. Where there are two, one was slipped
// in: the one that the chain goes on from is taken.
func (s *Sealer) follower(d evidence.Head) int {
	next := slices.DeleteFunc(slices.Clone(s.before[d.Hash]), func(i int) bool { return s.links[i].start() != d })
	if len(next) == 0 {
		return -1
	}
	for _, i := range next {
		if len(next) == 1 || len(s.before[s.links[i].head.Hash]) > 0 {
			return i
		}
	}
	return next[0]
}

// walk follows the chain from d as far as it is known, and returns the end and
// how many beats lie before it.
func (s *Sealer) walk(d evidence.Head) (end evidence.Head, n int) {
	for i := s.follower(d); i >= 0; i = s.follower(d) {
		d = s.links[i].head
		n++
	}
	return d, n
}

// SealError says that a segment does not begin where the seal before it ended.
type SealError struct {
	// After is the end of the seal before, and Start the beginning of the segment.
	After, Start evidence.Head
	// BucketID is the first beat of the segment.
	BucketID string
}

// Error implements error.
func (e *SealError) Error() string {
	switch {
	case e.Start == evidence.Head{}:
		return fmt.Sprintf("longrun: the chain began anew with beat %s, behind the seal up to number %d", e.BucketID, e.After.ChainSeq)
	case e.Start.ChainSeq > e.After.ChainSeq:
		return fmt.Sprintf("longrun: no beat follows the seal up to number %d; the next segment begins with beat %s, number %d", e.After.ChainSeq, e.BucketID, e.Start.ChainSeq+1)
	}
	return fmt.Sprintf("longrun: beat %s, number %d, does not follow the seal up to number %d", e.BucketID, e.Start.ChainSeq+1, e.After.ChainSeq)
}
