package measuring

import (
	"math/bits"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
)

const (
	day = 24 * time.Hour
	// span is how far back a month reaches.
	span = 30 * day
)

// spans are the windows of coverage.
var spans = [...]struct { //nolint:gochecknoglobals // a table, never changed
	name string
	long time.Duration
}{{"24h", day}, {"7d", 7 * day}, {"30d", span}}

// causes are what gaps are counted by: whatever is none of them is the last.
var causes = [...]longrun.Cause{ //nolint:gochecknoglobals // a table, never changed
	longrun.Crash, longrun.Stall, longrun.Restart, longrun.Deploy, longrun.StoreDown, longrun.Unknown,
}

// month knows which slots of the last thirty days have a stored beat: those since
// since from the beats that the leader reads when it begins, and those before from the
// rollups of whole days. A month of minutes needs 5.6 KB, one of seconds 330 KB.
type month struct {
	interval time.Duration
	words    []uint64 // a ring: slot s is bit s&63 of word s>>6, see word
	begun    bool
	whole    bool         // the slots since since were told
	newest   longrun.Slot // up to here the ring is of this month
	since    longrun.Slot // from here on each slot is known
	earliest longrun.Slot // the first slot that counts
	days     [32]rolled   // by the day's number
}

// rolled is a day whose rollup is known.
type rolled struct {
	number int64 // days since the epoch
	known  bool
	gaps   [len(causes)]int64
}

// known begins with the slots since from.
func (m *month) known(earliest, from, now time.Time, filled map[longrun.Slot]bool) {
	m.begin(now)
	m.since, m.whole = longrun.SlotCeil(from, m.interval), true
	if !earliest.IsZero() {
		m.earliest = min(m.earliest, longrun.SlotAt(earliest, m.interval))
	}
	for s := range filled {
		m.set(s)
	}
}

// begin makes room for the slots up to now. What is there already stays.
func (m *month) begin(now time.Time) {
	n := int(span/m.interval)/64 + 3
	if len(m.words) != n {
		m.words = make([]uint64, n)
	}
	slot := longrun.SlotAt(now, m.interval)
	if !m.begun {
		clear(m.words)
		m.newest, m.since, m.earliest, m.begun = slot, slot, slot, true
		return
	}
	m.advance(slot)
}

// advance forgets what the slots up to s take the place of.
func (m *month) advance(s longrun.Slot) {
	if from, to := m.newest>>6, s>>6; to-from >= longrun.Slot(len(m.words)) {
		clear(m.words)
	} else {
		for k := from + 1; k <= to; k++ {
			*m.word(k) = 0
		}
	}
	m.newest = max(m.newest, s)
}

// fill notes that a slot has a beat.
func (m *month) fill(s longrun.Slot) {
	if !m.begun {
		m.begin(s.Start(m.interval))
	}
	m.set(s)
}

// set fills a slot that the ring reaches. A beat of a time to come moves it on.
func (m *month) set(s longrun.Slot) {
	if s > m.newest {
		m.advance(s)
	}
	if s>>6 > m.newest>>6-longrun.Slot(len(m.words)) {
		*m.word(s >> 6) |= 1 << (s & 63)
	}
}

// word returns the place of the 64 slots from 64*k on.
func (m *month) word(k longrun.Slot) *uint64 {
	i := k % longrun.Slot(len(m.words))
	if i < 0 {
		i += longrun.Slot(len(m.words))
	}
	return &m.words[i]
}

// day takes a rollup.
func (m *month) day(r longrun.Rollup) {
	slots, err := coverage.Grid{Interval: m.interval}.Filled(r)
	if err != nil {
		return
	}
	if !m.begun {
		m.begin(r.To)
	}
	first := longrun.SlotAt(r.From, m.interval)
	for from, to := range slots.Runs() {
		for i := from; i < to; i++ {
			m.set(first + longrun.Slot(i))
		}
	}
	d := rolled{number: numberOf(r.From), known: true}
	for _, g := range r.Gaps {
		d.gaps[indexOf(g.Cause)]++
	}
	// One of long ago does not take a place of this month.
	if to := m.place(d.number); !to.known || to.number <= d.number {
		*to = d
	}
}

// place is where a day stands, by its number; which is below zero before 1970.
func (m *month) place(number int64) *rolled {
	n := int64(len(m.days))
	return &m.days[(number%n+n)%n]
}

func numberOf(t time.Time) int64 { return int64(longrun.SlotAt(t, day)) }

// indexOf is the place of a cause; the last one is for what is not known.
func indexOf(c longrun.Cause) int {
	for i, known := range causes {
		if c == known {
			return i
		}
	}
	return len(causes) - 1
}

// knows reports whether each slot since from is known, but for those that do not
// count.
func (m *month) knows(from longrun.Slot) bool {
	from = max(from, m.earliest)
	if !m.whole || from>>6 <= m.newest>>6-longrun.Slot(len(m.words)) { // a clock that was ahead took its place
		return false
	}
	for from < m.since {
		n := numberOf(from.Start(m.interval))
		if d := m.place(n); !d.known || d.number != n {
			return false
		}
		from = longrun.SlotAt(longrun.Slot(n+1).Start(day), m.interval)
	}
	return true
}

// windows are those that are known whole.
func (m *month) windows(now time.Time) []metrics.Window {
	out := make([]metrics.Window, 0, len(spans))
	end := longrun.SlotAt(now, m.interval)
	for _, w := range spans {
		from := longrun.SlotAt(now.Add(-w.long), m.interval)
		if !m.knows(from) {
			break
		}
		from = min(max(from, m.earliest), end)
		out = append(out, metrics.Window{Name: w.name, Expected: int64(end - from), Written: m.count(from, end)})
	}
	return out
}

// budget holds what is known against a target; nil where its window is not known whole.
func (m *month) budget(t longrun.Target, now time.Time) *metrics.Budget {
	end := longrun.SlotAt(now, m.interval)
	count := func(length time.Duration) budget.Count {
		from := min(max(longrun.SlotAt(now.Add(-length), m.interval), m.earliest), end)
		return budget.Count{Slots: int64(end - from), Missed: int64(end-from) - m.count(from, end)}
	}
	if t.Length() > span || !m.knows(longrun.SlotAt(now.Add(-t.Length()), m.interval)) {
		return nil
	}
	spans := budget.Spans()
	lately := make([]budget.Count, len(spans))
	for i, s := range spans {
		lately[i] = count(min(s.Length, t.Length()))
	}
	b := budget.NewBalance(t, count(t.Length()), lately, end.Start(m.interval), m.interval)
	out := &metrics.Budget{Window: t.Name(), Allowed: b.Allowed, Left: b.Left}
	for _, burn := range b.Burns {
		out.Burns = append(out.Burns, metrics.Burn{Span: burn.Span, Slots: burn.Slots, Missed: burn.Missed, Rate: burn.Count.Rate(t)})
	}
	return out
}

// gaps counts those of the days of the last month that are closed, and those of the
// time behind as unknown.
func (m *month) gaps(now time.Time) []metrics.Gaps {
	out := make([]metrics.Gaps, len(causes))
	for i, c := range causes {
		out[i].Cause = string(c)
	}
	if !m.whole {
		return nil
	}
	today, last := numberOf(now), int64(-1)
	for i := range m.days {
		d := &m.days[i]
		if !d.known || d.number >= today || d.number < today-int64(span/day) {
			continue
		}
		last = max(last, d.number)
		for c, n := range d.gaps {
			out[c].Count += n
		}
	}
	from := max(m.earliest, m.since)
	if last >= 0 {
		from = max(m.earliest, longrun.SlotAt(longrun.Slot(last+1).Start(day), m.interval))
	}
	out[len(causes)-1].Count += m.runs(from, longrun.SlotAt(now, m.interval))
	return out
}

// chunk returns the slots of [from, to) that lie in the 64 which s is of: bit i is
// slot s&^63+i, and mask has those that count.
func (m *month) chunk(s, to longrun.Slot) (word, mask uint64) {
	mask = ^uint64(0) << (s & 63)
	if left := to - s&^63; left < 64 {
		mask &= 1<<left - 1
	}
	return *m.word(s >> 6), mask
}

// count returns how many of the slots [from, to) are filled.
func (m *month) count(from, to longrun.Slot) (n int64) {
	to = min(to, m.newest+1)
	for s := from; s < to; s = (s | 63) + 1 {
		word, mask := m.chunk(s, to)
		n += int64(bits.OnesCount64(word & mask))
	}
	return n
}

// runs returns how many runs of empty slots there are in [from, to).
func (m *month) runs(from, to longrun.Slot) (n int64) {
	before := uint64(0) // whether the slot before was empty
	for s := from; s < to; s = (s | 63) + 1 {
		word, mask := m.chunk(s, to)
		if s > m.newest {
			word = 0
		}
		empty := ^word & mask
		n += int64(bits.OnesCount64(empty &^ (empty<<1 | before)))
		before = empty >> 63
	}
	return n
}
