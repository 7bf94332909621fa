package budget

import (
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Span is a time up to now over which a burn is taken.
type Span struct {
	Name   string
	Length time.Duration
}

const day = 24 * time.Hour

var spans = [...]Span{{"1h", time.Hour}, {"6h", 6 * time.Hour}, {"3d", 3 * day}} //nolint:gochecknoglobals // a table, never changed

// Spans are the times over which burns are taken, the shortest first: 1 h, 6 h and 3 d.
func Spans() []Span { return append([]Span(nil), spans[:]...) }

// Burn is how fast the budget went in the last hours.
type Burn struct {
	// Span is the name of one of Spans. Its slots are those that count: fewer where less
	// is known.
	Span string `json:"span"`
	Count
	// Rate is Missed / Slots, against what the target lets of a million: at 1 the budget
	// of a window is gone at its end, at 2 in half the time. Null without slots.
	Rate *float64 `json:"rate"`
	// ExhaustedAt is when nothing is left if it goes on at this burn: null where it is
	// at most 1, where nothing is left now, and without slots. What leaves the window
	// until then, and so is given back, is not counted: it is the earliest such time.
	ExhaustedAt *time.Time `json:"exhaustedAt"`
}

func newBurn(t longrun.Target, s Span, c Count, left int64, end time.Time, interval time.Duration) Burn {
	b := Burn{Span: s.Name, Count: c}
	if c.Slots <= 0 {
		return b
	}
	rate := c.Rate(t)
	b.Rate = &rate
	if left > 0 && c.Over(t, 1) {
		slots := (left*c.Slots + c.Missed - 1) / c.Missed
		at := end.Add(time.Duration(slots) * interval)
		b.ExhaustedAt = &at
	}
	return b
}

// Rate is how fast c spends the budget of a target; see Burn. It is 0 without slots,
// and for people: what is to be decided, Over decides.
func (c Count) Rate(t longrun.Target) float64 {
	if c.Slots <= 0 {
		return 0
	}
	return float64(c.Missed*1_000_000) / float64(c.Slots*t.PerMillion())
}

// Over reports whether c spends the budget more than so many times as fast as the
// target lets: exactly, for a factor of three decimals up to 1,000, and as many slots
// as three days can have.
func (c Count) Over(t longrun.Target, times float64) bool {
	thousandths := int64(math.Round(times * 1000))
	return c.Missed*1_000_000*1000 > c.Slots*t.PerMillion()*thousandths
}
