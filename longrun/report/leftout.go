package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// maxRestore is how much is shown of a declared restore, in characters.
const maxRestore = 1200

// maxReasons bounds the lines about single days.
const maxReasons = 20

// leftOut says in sentences what is not in the numbers, and what was not
// trusted.
func leftOut(s ledger.Survey, r Report) []string {
	lines := windowLines(s, r)
	for _, other := range s.OtherIntervals {
		if other%s.Interval == 0 {
			continue // each beat fills exactly what it covers
		}
		lines = append(lines, fmt.Sprintf("A run in the window had slots of %s, and all is counted in slots of %s, which are filled where one of those reaches into them: gaps shorter than that do not all show. Ask with an interval of %s to see them.",
			figures.Length(other), figures.Length(s.Interval), figures.Length(coverage.Finest(other, s.Interval))))
	}
	lines = append(lines, dayLines(s)...)
	for _, r := range s.Restores {
		lines = append(lines, "A restore was declared: "+visible.Line(r.String(), maxRestore)+".")
	}
	for _, path := range s.Mangled {
		lines = append(lines, "The document "+path+" does not decode: it is in no number.")
	}
	if n := s.Summary.Undecodable - int64(len(s.Mangled)); n > 0 {
		lines = append(lines, fmt.Sprintf("%s documents do not decode, the rollups say or this list has no room for: they are in no number.", figures.Count(n)))
	}
	for _, id := range s.Unread {
		lines = append(lines, "Incident "+id+" was open when its day was rolled up, and its document is gone: it is shown as open.")
	}
	if o := s.Summary.Truncated; o != (longrun.Truncated{}) {
		lines = append(lines, fmt.Sprintf("Rollups had no room for the causes of %s gaps, the latencies of %s probes, %s lines of instances and %s incidents. The slots, the probes' counts and the drift are all there.",
			figures.Count(o.Gaps), figures.Count(o.Points), figures.Count(o.Instances), figures.Count(o.Incidents)))
	}
	if r.Coverage.Written > 0 && r.Coverage.Healthy == 0 && r.Coverage.Unknown == 0 {
		lines = append(lines, "Not one beat says that the host was healthy. Beats of the original system never do: they do not know the word.")
	}
	for _, p := range r.Probes {
		if p.ByHand > 0 {
			lines = append(lines, fmt.Sprintf("%s %s probes were asked for by hand, of which %s passed: they are in no rate and no latency.", figures.Count(p.ByHand), p.Named(), figures.Count(p.ByHandPass)))
		}
	}
	if lines == nil {
		return []string{}
	}
	return lines
}

// windowLines say what of the window as it was asked for does not count.
func windowLines(s ledger.Survey, r Report) (lines []string) {
	if s.Asked.To.After(s.Now) {
		lines = append(lines, fmt.Sprintf("The window ends in the future, at %s: it is counted up to now.", figures.Stamp(s.Asked.To)))
	}
	switch {
	case s.Earliest == nil:
		return append(lines, "Nothing was ever stored: there is nothing to say of any window.")
	case !s.Earliest.Before(s.Asked.To):
		return append(lines, fmt.Sprintf("The window ends before anything is known: the first moment is %s.", figures.Stamp(*s.Earliest)))
	case !r.HasData():
		return append(lines, "No slot of the window is over yet.")
	case s.Window.From.After(s.Asked.From):
		lines = append(lines, fmt.Sprintf("Nothing is known before %s: %s at the beginning of the window do not count.", figures.Stamp(*s.Earliest), figures.Length(s.Window.From.Sub(s.Asked.From))))
	case s.Asked.From.Sub(s.Window.From) >= s.Interval:
		lines = append(lines, fmt.Sprintf("The window begins inside a day that is pruned, which counts whole: from %s.", figures.Stamp(s.Window.From)))
	case s.Window.From.Before(s.Asked.From):
		lines = append(lines, fmt.Sprintf("The window begins inside a slot, which counts whole: from %s.", figures.Stamp(s.Window.From)))
	}
	if end := s.Summary.Coverage.End(); end.Before(s.Window.To) && s.Now.Sub(end) < s.Interval {
		lines = append(lines, fmt.Sprintf("The slot that began at %s is not over: it does not count.", figures.Stamp(end)))
	} else if end.Sub(s.Asked.To) >= s.Interval {
		lines = append(lines, fmt.Sprintf("The window ends inside a day that is pruned, which counts whole: to %s.", figures.Stamp(end)))
	} else if end.After(s.Asked.To) {
		lines = append(lines, fmt.Sprintf("The window ends inside a slot, which counts whole: to %s.", figures.Stamp(end)))
	}
	return lines
}

// dayLines say which days were not read from their rollups, those with the same
// reason in one line.
func dayLines(s ledger.Survey) (lines []string) {
	if len(s.Days) == 0 {
		return nil
	}
	var pruned []string
	for _, d := range s.Days {
		if d.Pruned {
			pruned = append(pruned, d.Date)
		}
	}
	if len(pruned) > 0 {
		lines = append(lines, fmt.Sprintf("Old documents of %s, %s to %s, were pruned: what they said is in %s/%s, and nowhere else.",
			figures.Plural(len(pruned), "day"), pruned[0], pruned[len(pruned)-1], s.Root, ledger.Rollups))
	}
	var reasons []string
	days := map[string][]string{}
	for _, d := range s.Days {
		for _, why := range []string{d.Reason, d.Differs} {
			if why == "" {
				continue
			}
			if d.Differs == why {
				why = "does not agree with its rollup: " + why
			} else {
				why = "was read from its beats: " + why
			}
			if days[why] == nil {
				reasons = append(reasons, why)
			}
			days[why] = append(days[why], d.Date)
		}
	}
	for i, why := range reasons {
		if i == maxReasons {
			lines = append(lines, fmt.Sprintf("And %d more reasons of that kind.", len(reasons)-i))
			break
		}
		of := days[why]
		switch {
		case len(of) == 1:
			lines = append(lines, fmt.Sprintf("The day %s %s.", of[0], why))
		default:
			lines = append(lines, fmt.Sprintf("Each of %d days, %s to %s, %s.", len(of), of[0], slices.Max(of), why))
		}
	}
	return lines
}

// sources counts the days by where they were read.
func sources(r Report) (rolled, whole, cut int) {
	for _, d := range r.Days {
		switch {
		case d.Source == ledger.FromRollup:
			rolled++
		case d.Reason != "":
			whole++
		default:
			cut++
		}
	}
	return rolled, whole, cut
}

// until is the end of what probes and incidents are counted to.
func until(s ledger.Survey) time.Time {
	if s.Window.To.After(s.Now) {
		return s.Now
	}
	return s.Window.To
}
