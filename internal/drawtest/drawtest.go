// Package drawtest draws the inputs of tests from bytes: of a fuzzer, or of a
// row of byte strings that never changes. It does not promise that draws are
// spread evenly; they are dense where things go wrong.
package drawtest

import (
	"math/rand/v2"
	"time"
)

// Source hands out bytes, zeros when there are no more.
type Source struct{ Data []byte }

// Next returns the next byte.
func (s *Source) Next() int {
	if len(s.Data) == 0 {
		return 0
	}
	b := s.Data[0]
	s.Data = s.Data[1:]
	return int(b)
}

// Of returns a number below n.
func (s *Source) Of(n int) int { return s.Next() % n }

// Intervals are lengths of slots, the usual and the odd ones.
func Intervals() []time.Duration {
	return []time.Duration{
		time.Minute, time.Second, 24 * time.Hour, 27 * time.Second, 675 * time.Second,
		45 * time.Second, 8 * time.Hour, 2 * time.Second, 96 * time.Second, 5 * time.Second,
	}
}

// Origins are before and at the epoch, at the ends of days and years, at a clock
// change in Bucharest, and where UnixNano does not reach.
func Origins() []time.Time {
	return []time.Time{
		time.Date(2025, 12, 29, 22, 14, 0, 0, time.UTC),
		time.Unix(0, 0),
		time.Date(1969, 12, 31, 23, 58, 0, 0, time.UTC),
		time.Date(1601, 2, 28, 23, 59, 0, 0, time.UTC),
		time.Date(2025, 10, 26, 3, 57, 0, 0, time.FixedZone("EEST", 3*3600)),
		time.Date(9998, 12, 31, 23, 58, 30, 0, time.UTC),
		time.Date(2400, 2, 29, 0, 0, 0, 0, time.UTC),
	}
}

// Offset is up to some forty slots and finer than one.
func (s *Source) Offset(interval time.Duration) time.Duration {
	slots := time.Duration(s.Of(40))
	switch s.Of(5) {
	case 0:
		return slots * interval
	case 1:
		return slots*interval + time.Nanosecond
	case 2:
		return (slots+1)*interval - time.Nanosecond
	default:
		return slots*interval + interval*time.Duration(s.Next())/256
	}
}

// Noise is the n-th of a row of byte strings that never changes. The fuzz targets
// begin with some, so that a plain go test already meets every rule.
func Noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(uint64(n), 2))
	data := make([]byte, rnd.IntN(500))
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	return data
}

// SlotStart finds the slot of t by walking from midnight, which is on the grid
// of every interval that divides a day.
func SlotStart(t time.Time, interval time.Duration) time.Time {
	y, m, d := t.UTC().Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	for _, step := range []time.Duration{1000 * interval, interval} { // the first is for speed only
		for !t.Before(start.Add(step)) {
			start = start.Add(step)
		}
	}
	return start
}

// Window draws an interval, a window that may be empty, reversed or open, a time
// now, and a time near all of them.
func (s *Source) Window() (interval time.Duration, from, to, now, origin time.Time) {
	interval = Intervals()[s.Of(len(Intervals()))]
	origin = Origins()[s.Of(len(Origins()))]
	from, to = origin.Add(s.Offset(interval)), origin.Add(s.Offset(interval))
	now = origin.Add(s.Offset(interval) + time.Duration(s.Of(3))*20*interval)
	switch s.Of(20) {
	case 0:
		from = time.Time{}
	case 1:
		to = time.Time{}
	case 2: // as given: reversed every other time
	default:
		if to.Before(from) {
			from, to = to, from
		}
	}
	return interval, from, to, now, origin
}
