package report

import (
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// headline says in a sentence how the window was: what was missed first, and no
// percentage.
func (r Report) headline() string {
	c, v := r.Coverage, r.Judgement
	if !r.HasData() {
		return "Nothing is known of this window"
	}
	lost, known := r.length(c.Missed), r.length(c.Expected)
	missed := lost + " of " + known + " missed"
	if c.Missed == 0 {
		missed = "nothing missed in " + known
	}
	allowed := r.length(v.MayMiss) + " allowed"
	switch v.Outcome {
	case Fail:
		if v.Known < 1 {
			return fmt.Sprintf("Under the target: %s, of what is known so far; %s", missed, allowed)
		}
		return fmt.Sprintf("Under the target: %s, %s", missed, allowed)
	case SoFar:
		return fmt.Sprintf("Known for %s of %s so far: %s missed", known, figures.Length(r.Window.To.Sub(r.Window.From)), lostOrNothing(c.Missed, lost))
	case Pass, NoData:
	}
	return fmt.Sprintf("Within the target: %s, %s", missed, allowed)
}

func lostOrNothing(missed int, lost string) string {
	if missed == 0 {
		return "nothing"
	}
	return lost
}

// length is how long so many slots are.
func (r Report) length(slots int) string {
	return figures.Length(time.Duration(slots) * r.interval())
}

// lengthOrNone is how long so many slots are that are left.
func (r Report) lengthOrNone(slots int64) string {
	if slots <= 0 {
		return "nothing"
	}
	return r.length(int(slots))
}

// look is the class of the verdict and its mark: by form as well as by colour.
func (r Report) look() (class, mark string) {
	switch r.Judgement.Outcome {
	case Pass:
		return "well", "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM6.9 11.2L3.9 8.2l1.1-1.1 1.9 1.9 4.1-4.1 1.1 1.1z"
	case Fail:
		return "wrong", "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1zM5.3 4.2L4.2 5.3 6.9 8l-2.7 2.7 1.1 1.1L8 9.1l2.7 2.7 1.1-1.1L9.1 8l2.7-2.7-1.1-1.1L8 6.9z"
	case SoFar, NoData:
	}
	return "cannot", "M8 .6L15.4 8 8 15.4.6 8zM7.2 10.6v1.6h1.6v-1.6zM5.7 6.5h1.5c0-.6.3-.9.8-.9s.8.3.8.7c0 .9-1.6 1-1.6 2.6v.6h1.5v-.4c0-.9 1.6-1.2 1.6-2.9C10.3 5 9.4 4.2 8 4.2S5.7 5.1 5.7 6.5z"
}

// card is one of the numbers at the top of the page, with what it is of.
type card struct {
	Name, Value, Of string
	// Bad ones are loud.
	Bad bool
}

func (r Report) cards() []card {
	if !r.HasData() {
		return nil
	}
	c := r.Coverage
	cards := []card{{
		Name: "Missed", Value: r.length(c.Missed), Bad: c.Missed > 0,
		Of: fmt.Sprintf("of %s, %s allowed", r.length(c.Expected), r.length(r.Judgement.MayMiss)),
	}}
	if b := r.Budget; b != nil {
		left := card{Name: "Left", Value: r.lengthOrNone(b.All.Left), Of: "of " + r.length(int(b.All.Allowed)) + " allowed", Bad: b.All.Exhausted}
		if b.All.Left < 0 {
			left.Of += ", " + r.length(int(-b.All.Left)) + " too much"
		}
		if b.Planned.Slots > 0 {
			left.Of += "; " + r.lengthOrNone(b.Unplanned.Left) + " without planned maintenance"
		}
		cards = append(cards, left)
	}
	if longest, ok := r.longest(); ok {
		cards = append(cards, card{
			Name: "Longest gap", Value: figures.Length(longest.Duration()), Of: fmt.Sprintf("%s, %s; %s in all", figures.Stamp(longest.From), causeWords(longest.Cause), figures.Plural(r.Gaps.Count, "gap")),
		})
	}
	cards = append(
		cards,
		card{Name: "Coverage", Value: figures.Percent(c.Written, c.Expected), Of: fmt.Sprintf("%s of %s slots", figures.Count(c.Written), figures.Count(c.Expected))},
		r.goodCard(),
	)
	incidents := card{Name: "Incidents", Value: figures.Count(r.Incidents.Count), Of: "none open"}
	if r.Incidents.Open > 0 {
		incidents.Of = figures.Count(r.Incidents.Open) + " open"
	}
	if r.Repairs.MTTRMeanSec != nil {
		incidents.Of += ", " + r.repairWords()
	}
	return append(cards, incidents)
}

// goodCard tells of the slots that were written and healthy.
func (r Report) goodCard() card {
	c, sums := r.Coverage, r.Coverage.sums()
	g := card{Name: r.good(), Value: goodShare(sums), Of: fmt.Sprintf("written and healthy, of all %s", figures.Count(c.Expected))}
	switch {
	case sums.Judged() == 0:
		g.Of = fmt.Sprintf("of %s written slots it is not known", figures.Count(c.Unknown))
	case c.Unknown > 0:
		g.Of = fmt.Sprintf("written and healthy, of %s; of %s it is not known", figures.Count(sums.Judged()), figures.Count(c.Unknown))
	}
	return g
}

// repairWords say the mean and the median of MTTR, and of how many they are.
func (r Report) repairWords() string {
	rep := r.Repairs
	text := "MTTR " + figures.Span(rep.MTTRMeanSec) + " on average"
	if rep.Resolved < 2 {
		return text + ", of the 1 that is over"
	}
	return text + ", median " + figures.Span(rep.MTTRP50Sec) + ", of " + figures.Count(rep.Resolved) + " that are over"
}

// longest is the gap with the most missed slots.
func (r Report) longest() (longest longrun.Gap, ok bool) {
	for _, g := range r.Gaps.Listed {
		if g.Missed > longest.Missed {
			longest, ok = g, true
		}
	}
	return longest, ok
}

// windowLink leads to the report of another window.
type windowLink struct {
	To, Name string
	// Here is the one that is shown.
	Here bool
}

// windowLinks lead to the windows that are offered, and to the time before and after
// one that does not end now.
func (r Report) windowLinks(address func(string) string) []windowLink {
	w := r.Window
	ends := w.To.Equal(r.GeneratedAt)
	var links []windowLink
	for _, name := range WindowNames() {
		links = append(links, windowLink{To: address(name), Name: name, Here: ends && name == w.Name})
	}
	length := w.To.Sub(w.From)
	span := func(from time.Time) string {
		return from.Format(time.RFC3339Nano) + "/" + from.Add(length).Format(time.RFC3339Nano)
	}
	links = append(links, windowLink{To: address(span(w.From.Add(-length))), Name: "before"})
	if w.To.Before(r.GeneratedAt) {
		links = append(links, windowLink{To: address(span(w.To)), Name: "after"})
	}
	return links
}
