package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// A section of the report, as Markdown and HTML both show it: paragraphs, and a
// table that may be empty.
type section struct {
	ID, Title string
	Lines     []string
	Head      []string
	Rows      [][]string
	// Tail are the lines below the table.
	Tail []string
	// Chart is drawn above the table, in HTML only.
	Chart string
	// Open is how many rows HTML shows without being asked; the others are folded.
	Open int
}

// title is the headline. A name such as "7d" says which days these are only where
// they are the last ones.
func (r Report) title() string {
	if r.Window.Name != "" && r.Window.To.Equal(r.GeneratedAt) {
		return "Longrun report: " + r.Window.Name
	}
	return "Longrun report: " + figures.Stamp(r.Window.From) + " to " + figures.Stamp(r.Window.To)
}

// sections are all parts in their order, as they may be shown.
func (r Report) sections() []section {
	var all []section
	if r.Evidence != nil {
		all = append(all, r.evidenceSection())
	}
	if r.HasData() && r.Window.CountedTo.Sub(r.Window.CountedFrom) > monthsFrom {
		all = append(all, r.monthsSection())
	}
	all = append(all, r.gapsSection())
	if r.Budget != nil {
		all = append(all, r.budgetSection())
	}
	all = append(all,
		r.coverageSection(), r.incidentsSection(), r.probesSection(), r.instancesSection(),
		r.leftOutSection(), r.windowSection(), r.derivationsSection(),
	)
	for _, s := range all {
		for _, texts := range append(slices.Clone(s.Rows), s.Lines, s.Head, s.Tail) {
			for i := range texts {
				texts[i] = seen(texts[i])
			}
		}
	}
	return all
}

func (r Report) windowSection() section {
	w := r.Window
	counted := "nothing"
	if r.HasData() {
		counted = fmt.Sprintf("%s to %s (%s)", figures.Stamp(w.CountedFrom), figures.Stamp(w.CountedTo), figures.Length(w.CountedTo.Sub(w.CountedFrom)))
	}
	earliest := "nothing"
	if w.Earliest != nil {
		earliest = figures.Stamp(*w.Earliest)
	}
	rolled, whole, cut := sources(r)
	rows := [][]string{
		{"Asked for", fmt.Sprintf("%s to %s (%s)", figures.Stamp(w.From), figures.Stamp(w.To), figures.Length(w.To.Sub(w.From)))},
		{"Counted", counted},
		{"First moment known", earliest},
		{"Interval", figures.Length(r.interval())},
		{"Read from", fmt.Sprintf("%s rollups; the beats of %s whole days, and of %s that the window cuts", figures.Count(rolled), figures.Count(whole), figures.Count(cut))},
		{"Made", figures.Stamp(r.GeneratedAt)},
	}
	if r.InstanceID != "" || r.CommitHash != "" {
		rows = append(rows, []string{"Made by", name(r.InstanceID) + ", commit " + orDash(r.CommitHash)})
	}
	return section{ID: "window", Title: "Window", Lines: []string{"All times are UTC."}, Head: []string{"", ""}, Rows: rows, Open: len(rows)}
}

func (r Report) coverageSection() section {
	c, sums := r.Coverage, r.Coverage.sums()
	s := section{ID: "coverage", Title: "Slot by slot", Chart: "heat", Open: 10}
	if !r.HasData() {
		s.Lines = []string{"No slot of the window counts, so there is no number."}
		return s
	}
	s.Lines = []string{"No number stands for another: was there a beat, did the host call itself healthy in it, and was it on time."}
	s.Head = []string{"Number", "Value", "From"}
	s.Rows = [][]string{
		{"Coverage", figures.Percent(c.Written, c.Expected), fmt.Sprintf("%s written / %s expected slots; %s missed", figures.Count(c.Written), figures.Count(c.Expected), figures.Count(c.Missed))},
		{r.good(), goodShare(sums), fmt.Sprintf("%s written and healthy / %s expected slots", figures.Count(c.Healthy), figures.Count(c.Expected-c.Unknown))},
		{"Healthy while seen", knownShare(c.Healthy, sums.Known()), fmt.Sprintf("%s healthy / %s written slots; what was missed is not in it", figures.Count(c.Healthy), figures.Count(sums.Known()))},
	}
	if c.Unknown > 0 {
		s.Rows[1][2] += "; those of which it is not known are not in it"
		s.Rows[2][2] += ", nor what is not known"
		if sums.Known() == 0 {
			s.Rows[1][2], s.Rows[2][2] = "no beat says whether the host was healthy", "no beat says it"
		}
		s.Rows = append(s.Rows, []string{"Health not known", figures.Count(c.Unknown), "written slots whose beats do not say whether the host was healthy: of the original system, or made before the settings were read"})
	}
	if d := c.Drift; d != nil {
		s.Rows = append(s.Rows, []string{
			"Drift", driftP95(*d), driftFrom(*d, c.DriftMeanSec),
		})
	}
	s.Rows = append(s.Rows, []string{"Late beats", figures.Count(c.Late), "made in their slot and written after it, when the store was back"})
	if c.Extra > 0 {
		s.Rows = append(s.Rows, []string{"Extra beats", figures.Count(c.Extra), "in a slot that had one: they fill nothing"})
	}
	if r.Judgement.Outcome == Pass && c.Good != nil && *c.Good < r.Judgement.Target {
		s.Tail = []string{fmt.Sprintf("The verdict is about coverage. The %s, %s, are below the same target of %s.", strings.ToLower(r.good()), goodShare(sums), figures.Share(r.Judgement.Target))}
	}
	return s
}

// good is the name of the slots that were written and healthy.
func (r Report) good() string {
	if r.interval() == time.Minute {
		return "Good minutes"
	}
	return "Good slots"
}

// minDrift is how many beats a percentile of the drift needs: the first beat of a
// start is made when it starts, and is no drift by itself.
const minDrift = 20

func driftP95(d longrun.Drift) string {
	if d.Beats < minDrift {
		return "n too small"
	}
	return "P95 " + figures.Secs(d.P95Sec)
}

// driftFrom says what the percentiles of the drift are of.
func driftFrom(d longrun.Drift, mean *float64) string {
	if d.Beats < minDrift {
		return figures.Plural(d.Beats, "beat") + ", of which the first of a start is made when it starts"
	}
	return fmt.Sprintf("how long after their slot's start beats were made (n = %s): mean %s, median %s, P90 %s, P95 %s, at most %s",
		figures.Count(d.Beats), figures.Span(mean), figures.Secs(d.P50Sec), figures.Secs(d.P90Sec), figures.Secs(d.P95Sec), figures.Secs(d.MaxSec))
}

func (r Report) gapsSection() section {
	g := r.Gaps
	s := section{ID: "gaps", Title: "Gaps", Open: 5}
	if g.Count == 0 {
		s.Lines = []string{"None: each slot that counts has a beat."}
		if !r.HasData() {
			s.Lines = []string{"No slot counts."}
		}
		return s
	}
	causes := make([]string, 0, len(g.Causes))
	for _, c := range g.Causes {
		causes = append(causes, fmt.Sprintf("%s %s with %s slots", figures.Count(c.Gaps), causeWords(c.Cause), figures.Count(c.Missed)))
	}
	s.Lines = []string{fmt.Sprintf("%s, %s missed slots in all. By cause: %s. The longest first.", figures.Plural(g.Count, "gap"), figures.Count(g.Missed), strings.Join(causes, "; "))}
	s.Head = []string{"From", "To", "Missed", "Length", "Cause", "Before", "After"}
	worst := slices.Clone(g.Listed)
	slices.SortStableFunc(worst, func(a, b longrun.Gap) int { return cmp.Compare(b.Missed, a.Missed) })
	for _, gap := range worst {
		s.Rows = append(s.Rows, []string{
			figures.Stamp(gap.From), figures.Stamp(gap.To), figures.Count(gap.Missed), figures.Length(gap.Duration()), causeWords(gap.Cause),
			r.beside(gap.Before, gap.From), r.beside(gap.After, gap.To),
		})
	}
	if g.MoreGaps > 0 {
		s.Tail = []string{fmt.Sprintf("And %s more, none of them longer, with %s missed slots.", figures.Count(g.MoreGaps), figures.Count(g.MoreMissed))}
	}
	return s
}

// causeWords says a cause as people do.
func causeWords(c longrun.Cause) string {
	switch c {
	case longrun.Stall:
		return "process frozen"
	case longrun.StoreDown:
		return "database away"
	case longrun.Ongoing:
		return "still going on"
	case longrun.Unknown, "":
		return "not known"
	case longrun.Restart, longrun.Deploy, longrun.Crash:
	}
	return string(c)
}

// beside names the writer beside a gap. At the window's edge there may be none.
func (r Report) beside(id string, edge time.Time) string {
	if id == "" && (edge.Equal(r.Window.CountedFrom) || edge.Equal(r.Window.CountedTo)) {
		return "–"
	}
	return name(id)
}

func (r Report) instancesSection() section {
	in := r.Instances
	s := section{ID: "instances", Title: "Instances", Open: 3}
	if in.Count == 0 {
		s.Lines = []string{"None wrote a beat."}
		return s
	}
	line := figures.Plural(in.Count, "instance") + " wrote the beats"
	if in.Unnamed {
		line += ", one of them without a name: beats that name no instance count as one"
	}
	s.Lines = []string{line + "."}
	s.Head = []string{"Instance", "Commit", "Epochs", "First beat", "Last beat", "Beats"}
	for _, p := range in.Listed {
		s.Rows = append(s.Rows, []string{name(p.InstanceID), orDash(p.CommitHash), epochs(p), figures.Stamp(p.First), figures.Stamp(p.Last), figures.Count(p.Beats)})
	}
	if in.More > 0 {
		s.Tail = []string{fmt.Sprintf("And %s more lines with %s beats.", figures.Count(in.More), figures.Count(in.MoreBeats))}
	}
	return s
}

// epochs shows the leases of an instance; the original system had none.
func epochs(p longrun.InstanceStats) string {
	switch {
	case p.EpochFrom == 0 && p.EpochTo == 0:
		return "–"
	case p.EpochFrom == p.EpochTo:
		return fmt.Sprint(p.EpochTo)
	}
	return fmt.Sprintf("%d to %d", p.EpochFrom, p.EpochTo)
}

func (r Report) probesSection() section {
	s := section{ID: "probes", Title: "Probes", Chart: "latency", Open: 6}
	if len(r.Probes) == 0 {
		s.Lines = []string{"None in this window. That is no pass: nobody tried whether a message arrives."}
		return s
	}
	s.Lines = []string{"Latencies are of the probes that passed and have one, of which there are as many as are timed, in milliseconds. The rate is PASS / (PASS + FAIL); what could not be told is neither."}
	s.Head = []string{"Type", "n", "PASS", "FAIL", "Inconclusive", "Rate", "Timed", "Mean", "Median", "P90", "P95", "Max", "Not passed, by class"}
	listed := listedProbes(r.Probes)
	if left := len(r.Probes) - len(listed); left > 0 {
		s.Lines = append(s.Lines, fmt.Sprintf("Of %d probes those are listed that passed least often; each of the other %d passed at least as often as the last of them. All are in the JSON.", len(r.Probes), left))
	}
	for _, p := range listed {
		at := func(v *float64) string {
			switch {
			case v != nil:
				return figures.Millis(v)
			case p.Latencies == 0:
				return "–"
			}
			return "n too small"
		}
		s.Rows = append(s.Rows, []string{
			p.Named().String(), figures.Count(p.N), figures.Count(p.Pass), figures.Count(p.Fail), figures.Count(p.Inconclusive), figures.Percent(p.Pass, p.Pass+p.Fail),
			figures.Count(p.Latencies), figures.Millis(p.AvgMs), at(p.P50Ms), at(p.P90Ms), at(p.P95Ms), figures.Millis(p.MaxMs), classes(p.Classes),
		})
	}
	return s
}

func classes(list []longrun.ClassCount) string {
	parts := make([]string, 0, len(list))
	for _, c := range list {
		parts = append(parts, figures.Count(c.N)+" "+c.Class)
	}
	return orDash(strings.Join(parts, ", "))
}

func (r Report) incidentsSection() section {
	in, rep := r.Incidents, r.Repairs
	s := section{ID: "incidents", Title: "Incidents, MTTR, MTBF", Chart: "timeline", Open: 5}
	if in.Count == 0 {
		s.Lines = []string{"None began in this window or lasted into it, so there is no MTTR and no MTBF."}
		return s
	}
	line := fmt.Sprintf("%s; began in the window: %s, over: %s, open: %s.",
		figures.Plural(in.Count, "incident"), figures.Count(rep.Incidents), figures.Count(rep.Resolved), figures.Count(rep.Open))
	if earlier := int64(in.Count) - rep.Incidents; earlier > 0 { // else one that is open still would be said by nobody
		open := int64(in.Open) - rep.Open
		line += fmt.Sprintf(" Began before it, and lasted into it: %s, over: %s, open: %s.", figures.Count(earlier), figures.Count(earlier-open), figures.Count(open))
	}
	s.Lines = []string{line}
	if rep.Resolved > 0 {
		at := func(v *float64, least int64) string {
			if rep.Resolved < least {
				return "n too small"
			}
			return figures.Span(v)
		}
		s.Lines = append(s.Lines, fmt.Sprintf("MTTR, how long the trouble of those took that began in the window and are over (n = %s): mean %s, median %s, P90 %s, P95 %s.", figures.Count(rep.Resolved),
			figures.Span(rep.MTTRMeanSec), at(rep.MTTRP50Sec, 2), at(rep.MTTRP90Sec, 10), at(rep.MTTRP95Sec, 20)))
	}
	if rep.MTBFSec != nil {
		median := "n too small"
		if rep.Incidents >= 2 {
			median = figures.Span(rep.MTBFMedianSec)
		}
		s.Lines = append(s.Lines, fmt.Sprintf("MTBF (n = %s that began in the window): mean %s, the time without any incident divided by their number; median %s, of the times without any before each of them; %s lay in at least one.",
			figures.Count(rep.Incidents), figures.Span(rep.MTBFSec), median, figures.Span(&rep.TroubleSec)))
	}
	s.Head = []string{"Began", "Lasted", "Rule", "Target", "Severity", "Ended", "What was seen", "Incident"}
	s.Lines[0] += " The newest first."
	for _, i := range slices.Backward(in.Listed) {
		end, lasted := "open", figures.Length(time.Duration(i.DurationSec*float64(time.Second)))
		if i.End != nil {
			end = figures.Stamp(*i.End)
		}
		s.Rows = append(s.Rows, []string{figures.Stamp(i.Start), lasted, string(i.Rule), orDash(i.Target), orDash(string(i.Severity)), end, orDash(i.Summary), i.IncidentID})
	}
	if in.More > 0 {
		s.Tail = []string{fmt.Sprintf("And %s older ones.", figures.Count(in.More))}
	}
	return s
}

func (r Report) leftOutSection() section {
	s := section{ID: "left-out", Title: "Left out, or not trusted", Lines: slices.Clone(r.LeftOut)}
	if len(r.LeftOut) == 0 {
		s.Lines = []string{"Nothing."}
	}
	return s
}

func (r Report) derivationsSection() section {
	s := section{ID: "derivations", Title: "How to find each number again"}
	if len(r.Derivations) == 0 {
		s.Lines = []string{"There is no number."}
		return s
	}
	s.Lines = []string{"From the documents alone, with nothing but a console of the database. floor(unix(ts) / interval) is the slot of a beat."}
	s.Head = []string{"Number", "Value", "Formula and inputs", "Collection", "Query"}
	for _, d := range r.Derivations {
		s.Rows = append(s.Rows, []string{d.Number, d.Value, d.Formula, d.Source, d.Query})
	}
	return s
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// name shows an instance ID.
func name(id string) string {
	if id == "" {
		return "(no name)"
	}
	return id
}

// maxText is how long one text of a report is, in characters.
const maxText = 2000

// seen is what is shown of a text that may stem from a document: nothing that
// moves a cursor, hides, or turns the reading direction round, and not much.
func seen(s string) string { return visible.Line(s, maxText) }
