package budget

import (
	"sort"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Budget holds the slots of a window against a target.
type Budget struct {
	// Target is what they are held to.
	Target longrun.Target `json:"target"`
	// From and To are what counts of the window, and IntervalSec is the length of its
	// slots in seconds.
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	IntervalSec int64     `json:"intervalSec"`
	// Known says that From is as long before To as the target's length. Otherwise what
	// is allowed is that of what is known so far.
	Known bool `json:"known"`
	// All has every slot that counts, Planned those that begin in planned maintenance,
	// and Unplanned the others: its slots and missed and those of Planned add up to All's.
	All       Balance `json:"all"`
	Unplanned Balance `json:"unplanned"`
	Planned   Count   `json:"planned"`
}

// Balance is what a target allows of so many slots, and what of that is used. Always
// Allowed = Missed + Left.
type Balance struct {
	Count
	// Allowed is how many slots may be missed and the target is met, and Left how many
	// more may be: under 0 where the target is missed already.
	Allowed int64 `json:"allowed"`
	Left    int64 `json:"left"`
	// Exhausted says that something was missed, and that nothing is left.
	Exhausted bool `json:"exhausted"`
	// Burns are how fast it went in the last hours, for each of Spans.
	Burns []Burn `json:"burns"`
}

// Count counts slots.
type Count struct {
	// Slots counts them, and Missed those of them that were missed.
	Slots  int64 `json:"slots"`
	Missed int64 `json:"missed"`
}

// Less is c without o, which is a part of it.
func (c Count) Less(o Count) Count { return Count{c.Slots - o.Slots, c.Missed - o.Missed} }

// Plus is c and o, which have no slot in common.
func (c Count) Plus(o Count) Count { return Count{c.Slots + o.Slots, c.Missed + o.Missed} }

// Of holds all that c counts against the target. Planned are the times of planned
// maintenance as longrun.Settings.Planned gives them: in order, and apart. It costs some
// 10 ns for each of them, however long the window is.
func Of(t longrun.Target, c longrun.Coverage, planned []longrun.Window) Budget {
	return of(t, c, c.From, planned)
}

// Last is Of the last part of c, as long as the target's window: all of c where that is
// not longer.
func Last(t longrun.Target, c longrun.Coverage, planned []longrun.Window) Budget {
	from := c.End().Add(-t.Length())
	if from.Before(c.From) {
		from = c.From
	}
	return of(t, c, from, planned)
}

func of(t longrun.Target, c longrun.Coverage, from time.Time, planned []longrun.Window) Budget {
	b := Budget{Target: t, From: from, To: c.End(), IntervalSec: c.IntervalSec}
	b.Known = c.HasData() && b.To.Sub(from) >= t.Length()
	n := newCounter(c, planned)
	var all, unplanned [len(spans)]Count
	for i, s := range spans {
		since := b.To.Add(-s.Length)
		if since.Before(from) {
			since = from
		}
		lately := longrun.Window{From: since, To: b.To}
		all[i] = n.all(lately)
		unplanned[i] = all[i].Less(n.planned(lately))
	}
	whole := longrun.Window{From: from, To: b.To}
	every := n.all(whole)
	b.Planned = n.planned(whole)
	interval := time.Duration(c.IntervalSec) * time.Second
	b.All = NewBalance(t, every, all[:], b.To, interval)
	b.Unplanned = NewBalance(t, every.Less(b.Planned), unplanned[:], b.To, interval)
	return b
}

// NewBalance is that of what was counted by end, and lately of each of Spans, in their
// order; of those that are left out, nothing is known.
func NewBalance(t longrun.Target, whole Count, lately []Count, end time.Time, interval time.Duration) Balance {
	b := Balance{Count: whole, Allowed: t.MayMiss(whole.Slots), Burns: []Burn{}}
	b.Left = b.Allowed - b.Missed
	b.Exhausted = b.Missed > 0 && b.Left <= 0
	for i := range min(len(lately), len(spans)) {
		b.Burns = append(b.Burns, newBurn(t, spans[i], lately[i], b.Left, end, interval))
	}
	return b
}

// counter counts slots by the gaps between them: those of a year that is well in no
// time.
type counter struct {
	from, end longrun.Slot // that count
	interval  time.Duration
	gaps      []longrun.Gap
	times     []longrun.Window // of planned maintenance
}

func newCounter(c longrun.Coverage, planned []longrun.Window) counter {
	n := counter{interval: time.Duration(c.IntervalSec) * time.Second, gaps: c.Gaps, times: planned}
	if longrun.ValidateInterval(n.interval) == nil && c.HasData() {
		n.from, n.end = longrun.SlotAt(c.From, n.interval), longrun.SlotAt(c.End(), n.interval)
	}
	return n
}

// all counts the slots that begin in w.
func (n *counter) all(w longrun.Window) (c Count) {
	if n.from == n.end {
		return c
	}
	from, to := max(longrun.SlotCeil(w.From, n.interval), n.from), min(longrun.SlotCeil(w.To, n.interval), n.end)
	if from >= to {
		return c
	}
	c.Slots = int64(to - from)
	first := sort.Search(len(n.gaps), func(i int) bool { return longrun.SlotAt(n.gaps[i].To, n.interval) > from })
	for _, g := range n.gaps[first:] {
		begin, end := longrun.SlotAt(g.From, n.interval), longrun.SlotAt(g.To, n.interval)
		if begin >= to {
			break
		}
		c.Missed += int64(min(end, to) - max(begin, from))
	}
	return c
}

// planned counts those of w that begin in planned maintenance.
func (n *counter) planned(w longrun.Window) (c Count) {
	for _, t := range n.times {
		if t.From.Before(w.From) {
			t.From = w.From
		}
		if t.To.After(w.To) {
			t.To = w.To
		}
		c = c.Plus(n.all(t))
	}
	return c
}
