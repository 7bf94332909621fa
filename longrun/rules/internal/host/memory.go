package host

import (
	"math"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Memory is what one process used in each hour of the last two days: the median of
// what its beats say. It is told of them in the order in which they were made; what
// comes late or twice is passed over. It has a kilobyte, whatever the interval, and is for one
// goroutine.
type Memory struct {
	interval time.Duration
	stride   longrun.Slot // each so many slots one counts
	want     int          // how many those are in an hour
	last     longrun.Slot
	begun    bool

	hour    int64 // that goes on, in hours since 1970
	samples [maxSamples]int64
	n       int

	medians [hoursKept]int64 // a ring: of hour h at h mod hoursKept …
	of      [hoursKept]int64 // … if it is that hour's
}

const (
	maxSamples = 64
	hoursKept  = 49
)

// NewMemory returns a Memory of a process that nothing is known of.
func NewMemory(interval time.Duration) *Memory {
	m := &Memory{interval: interval}
	perHour := int64(time.Hour / interval)
	m.stride = longrun.Slot(max((perHour+maxSamples-1)/maxSamples, 1))
	m.want = int(max(perHour/int64(m.stride), 1))
	m.Forget()
	return m
}

// Forget forgets everything.
func (m *Memory) Forget() {
	m.begun, m.n = false, 0
	for i := range m.of {
		m.of[i] = math.MinInt64
	}
}

// Note takes what a beat says.
func (m *Memory) Note(at time.Time, bytes int64) {
	slot := longrun.SlotAt(at, m.interval)
	if bytes <= 0 || slot%m.stride != 0 {
		return
	}
	hour := hourOf(at)
	if m.begun && (hour-m.hour > hoursKept || m.hour-hour > hoursKept) {
		m.Forget() // a clock was wrong, or nothing is left of what was known
	}
	if m.begun && slot <= m.last {
		return
	}
	if m.begun && hour != m.hour {
		m.close()
	}
	m.begun, m.last, m.hour = true, slot, hour
	if m.n < maxSamples {
		m.samples[m.n] = bytes
		m.n++
	}
}

// close is called when an hour is over. One of which too little is known is not
// known.
func (m *Memory) close() {
	if 2*m.n >= m.want {
		slices.Sort(m.samples[:m.n])
		i := place(m.hour)
		m.medians[i], m.of[i] = m.samples[m.n/2], m.hour
	}
	m.n = 0
}

// at returns the median of an hour.
func (m *Memory) at(hour int64) (int64, bool) {
	i := place(hour)
	return m.medians[i], m.of[i] == hour
}

func place(hour int64) int64 { return (hour%hoursKept + hoursKept) % hoursKept }

func hourOf(t time.Time) int64 {
	s := t.Unix()
	return (s - (s%3600+3600)%3600) / 3600
}

// trend is how the last day compares with the one before.
type trend struct {
	pairs, rising int     // hours of the last day of which the same is known a day before
	perDay        float64 // the median of what they differ by, in bytes
	top           int64   // the most that an hour of the last day used
	newest        int64   // what the last hour used; 0 where that is not known
}

// trend looks at the 24 hours that are over at now.
func (m *Memory) trend(now time.Time) (t trend) {
	var diffs [24]int64
	h := hourOf(now)
	for i := h - 24; i < h; i++ {
		used, known := m.at(i)
		if !known {
			continue
		}
		t.top = max(t.top, used)
		if i == h-1 {
			t.newest = used
		}
		if before, known := m.at(i - 24); known {
			diffs[t.pairs] = used - before
			t.pairs++
			if used > before {
				t.rising++
			}
		}
	}
	if t.pairs > 0 {
		d := diffs[:t.pairs]
		slices.Sort(d)
		t.perDay = (float64(d[(t.pairs-1)/2]) + float64(d[t.pairs/2])) / 2
	}
	return t
}
