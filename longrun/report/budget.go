package report

import (
	"fmt"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
)

// budgetOf holds what counts against the target of the window, if there is one.
func budgetOf(asked longrun.Window, c longrun.Coverage, o Options) *budget.Budget {
	t, ok := targetOf(o.Targets, asked.To.Sub(asked.From))
	if !ok || !c.HasData() {
		return nil
	}
	planned := longrun.Settings{Maintenance: o.Maintenance}.Planned(longrun.Window{From: c.From, To: c.End()})
	b := budget.Of(t, c, planned)
	return &b
}

// budgetSection says what is allowed, used and left, and how fast it goes.
func (r Report) budgetSection() section {
	b := r.Budget
	s := section{ID: "budget", Title: "Error budget", Lines: []string{r.balanceLine(b.All)}}
	if !b.Known {
		s.Lines = append(s.Lines, fmt.Sprintf("Known are %s of %s so far: what may be missed is that of what is known.", r.length(int(b.All.Slots)), figures.Length(b.Target.Length())))
	}
	balances := []budget.Balance{b.All}
	s.Head = []string{"", "All slots"}
	if b.Planned.Slots > 0 {
		balances = append(balances, b.Unplanned)
		s.Head = append(s.Head, "Without planned maintenance")
		s.Lines = append(s.Lines, fmt.Sprintf("Planned maintenance, as the settings are now: %s, of which %s missed. Without it: %s",
			r.slotsAndTime(b.Planned.Slots), were(b.Planned.Missed), r.balanceLine(b.Unplanned)))
	}
	row := func(name string, cell func(budget.Balance) string) {
		cells := []string{name}
		for _, balance := range balances {
			cells = append(cells, cell(balance))
		}
		s.Rows = append(s.Rows, cells)
	}
	row("Allowed", func(b budget.Balance) string { return r.slotsAndTime(b.Allowed) + " of " + figures.Count(b.Slots) })
	row("Missed", func(b budget.Balance) string { return r.slotsAndTime(b.Missed) })
	row("Left", func(b budget.Balance) string { return r.left(b) })
	for i, burn := range b.All.Burns {
		row("Burn over "+spanWords(burn.Span), func(b budget.Balance) string { return r.burnWords(b, b.Burns[i]) })
	}
	s.Tail = []string{"At a burn of 1 the budget of a window is gone at its end. A date is the earliest that goes with the burn: what leaves the window until then is given back, and is not counted."}
	s.Open = len(s.Rows)
	return s
}

// balanceLine is a sentence such as "46 min missed in 30 d, of 3 h 36 min allowed by
// 99.5 %: 2 h 50 min left", with its full stop.
func (r Report) balanceLine(b budget.Balance) string {
	lost := r.length(int(b.Missed))
	if b.Missed == 0 {
		lost = "nothing"
	}
	text := fmt.Sprintf("%s missed in %s, of %s allowed by %s", lost, r.length(int(b.Slots)), r.length(int(b.Allowed)), percentOf(r.Budget.Target))
	switch {
	case b.Left > 0:
		return text + fmt.Sprintf(": %s left.", r.length(int(b.Left)))
	case b.Left < 0:
		return text + fmt.Sprintf(": %s too much.", r.length(int(-b.Left)))
	}
	return text + ": nothing left."
}

func percentOf(t longrun.Target) string { return strconv.FormatFloat(t.Percent, 'f', -1, 64) + " %" }

func were(n int64) string {
	if n == 1 {
		return "1 was"
	}
	return figures.Count(n) + " were"
}

// slotsAndTime are so many, and how long they are.
func (r Report) slotsAndTime(n int64) string {
	return figures.Plural(int(n), "slot") + " (" + r.length(int(n)) + ")"
}

func (r Report) left(b budget.Balance) string {
	switch {
	case b.Left < 0:
		return "none, " + r.slotsAndTime(-b.Left) + " too many are missed"
	case b.Left == 0:
		return "none"
	}
	return r.slotsAndTime(b.Left)
}

// spanWords are the name of a span with a space.
func spanWords(name string) string { return name[:len(name)-1] + " " + name[len(name)-1:] }

func (r Report) burnWords(b budget.Balance, burn budget.Burn) string {
	if burn.Rate == nil {
		return "–"
	}
	text := fmt.Sprintf("%s: %s of %s missed", rateWords(r.Budget.Target, burn.Count), figures.Count(burn.Missed), figures.Plural(int(burn.Slots), "slot"))
	switch {
	case burn.ExhaustedAt != nil:
		text += "; if it goes on so, nothing is left from " + figures.Stamp(*burn.ExhaustedAt) + " on"
	case b.Exhausted:
		text += "; nothing is left now"
	}
	return text
}

// rateWords is the rate of a burn, cut to hundredths.
func rateWords(t longrun.Target, c budget.Count) string {
	hundredths := c.Missed * 100_000_000 / (c.Slots * t.PerMillion())
	return strconv.FormatFloat(float64(hundredths)/100, 'f', -1, 64)
}

// budgetDerivations say how the budget is found again.
func budgetDerivations(r Report, beats, source string) []Derivation {
	b := r.Budget
	if b == nil {
		return nil
	}
	list := []Derivation{
		{
			Number: "allowed", Value: figures.Count(b.All.Allowed), Source: "the settings and expected", Query: "–",
			Formula: fmt.Sprintf("floor(%d × %d / 1,000,000): by a target of %s a million slots may miss %d", b.All.Slots, b.Target.PerMillion(), percentOf(b.Target), b.Target.PerMillion()),
		},
		{Number: "left", Value: figures.Count(b.All.Left), Source: "the two above", Query: "–", Formula: fmt.Sprintf("%d allowed − %d missed", b.All.Allowed, b.All.Missed)},
	}
	if b.Planned.Slots > 0 {
		list = append(list, Derivation{
			Number: "left without planned maintenance", Value: figures.Count(b.Unplanned.Left), Source: "the settings and " + source, Query: beats,
			Formula: fmt.Sprintf("floor((%d − %d) × %d / 1,000,000) − (%d − %d): without the slots that begin in maintenance of everything", b.All.Slots, b.Planned.Slots, b.Target.PerMillion(), b.All.Missed, b.Planned.Missed),
		})
	}
	for _, burn := range b.All.Burns {
		if burn.Rate == nil {
			continue
		}
		d := Derivation{
			Number: "burn over " + burn.Span, Value: rateWords(b.Target, burn.Count), Source: source,
			Formula: fmt.Sprintf("(%d missed / %d slots) / (%d / 1,000,000)", burn.Missed, burn.Slots, b.Target.PerMillion()),
			Query:   fmt.Sprintf("as missed, of the last %s before %s", figures.Plural(int(burn.Slots), "slot"), b.To.Format(time.RFC3339Nano)),
		}
		if burn.ExhaustedAt != nil {
			d.Formula += fmt.Sprintf("; nothing left: %s + ceil(%d left × %d / %d) slots", b.To.Format(time.RFC3339Nano), b.All.Left, burn.Slots, burn.Missed)
		}
		list = append(list, d)
	}
	return list
}
