package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// driftPage is how many milliseconds are counted in one piece of memory.
const driftPage = 64

// driftCounts counts beats by their drift in whole milliseconds. The percentiles
// are exact: cutting to milliseconds keeps the order, so the cut of the
// percentile is the percentile of the cuts. Punctual beats share one page; no
// beats ever need more than a page each, nor than the interval has.
type driftCounts struct {
	pages  map[int64]*[driftPage]uint32 // by the drift's number of pages
	page   *[driftPage]uint32           // the one used last
	number int64                        // its number
	beats  int
}

func (d *driftCounts) add(ms int64) { d.addN(ms, 1) }

// addN counts n beats of the same drift.
func (d *driftCounts) addN(ms int64, n uint32) {
	d.beats += int(n)
	if number := ms / driftPage; number != d.number || d.page == nil {
		d.turn(number)
	}
	d.page[ms%driftPage] += n
}

// turn opens another page.
func (d *driftCounts) turn(number int64) {
	d.page, d.number = d.pages[number], number
	if d.page != nil {
		return
	}
	if d.pages == nil {
		d.pages = map[int64]*[driftPage]uint32{}
	}
	d.page = new([driftPage]uint32)
	d.pages[number] = d.page
}

// drift walks the counters once, smallest first, and picks up each rank on the
// way.
func (d *driftCounts) drift() longrun.Drift {
	out := longrun.Drift{Beats: d.beats}
	if d.beats == 0 {
		return out
	}
	marks := [...]struct {
		rank int
		sec  *float64
	}{
		{nearestRank(d.beats, 50), &out.P50Sec},
		{nearestRank(d.beats, 90), &out.P90Sec},
		{nearestRank(d.beats, 95), &out.P95Sec},
		{d.beats, &out.MaxSec},
	}
	seen, next := 0, 0
	for _, number := range slices.Sorted(maps.Keys(d.pages)) {
		for i, n := range d.pages[number] {
			seen += int(n)
			for next < len(marks) && seen >= marks[next].rank {
				*marks[next].sec = float64(number*driftPage+int64(i)) / 1000
				next++
			}
		}
	}
	return out
}

// mean is that of all beats, in seconds; nil without any.
func (d *driftCounts) mean() *float64 {
	if d.beats == 0 {
		return nil
	}
	sum := int64(0)
	for number, page := range d.pages {
		for i, n := range page {
			sum += (number*driftPage + int64(i)) * int64(n)
		}
	}
	mean := float64(sum) / float64(d.beats) / 1000
	return &mean
}

// String returns the counts as Rollup.DriftMs shows them.
func (d *driftCounts) String() string {
	var b []byte
	for _, number := range slices.Sorted(maps.Keys(d.pages)) {
		for i, n := range d.pages[number] {
			if n == 0 {
				continue
			}
			if len(b) > 0 {
				b = append(b, ' ')
			}
			b = strconv.AppendInt(b, number*driftPage+int64(i), 10)
			b = append(b, ':')
			b = strconv.AppendUint(b, uint64(n), 10)
		}
	}
	return string(b)
}

// read adds the counts that String wrote; below is the number of milliseconds
// that an interval has.
func (d *driftCounts) read(s string, below int64) error {
	for last := int64(-1); s != ""; {
		var pair string
		pair, s, _ = strings.Cut(s, " ")
		before, after, _ := strings.Cut(pair, ":")
		ms, errMs := strconv.ParseInt(before, 10, 64)
		n, errN := strconv.ParseUint(after, 10, 31)
		if errMs != nil || errN != nil || ms <= last || ms >= below || n == 0 {
			return fmt.Errorf("driftMs: %.30q is no count of beats by their milliseconds", pair)
		}
		d.addN(ms, uint32(n))
		last = ms
	}
	return nil
}
