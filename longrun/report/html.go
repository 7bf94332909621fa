package report

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

//go:embed page.html
var pageText string

//go:embed page.css
var ownStyle string

// style is the page's one style sheet.
func style() string { return chart.Style() + ownStyle }

var page = template.Must(template.New("page").Parse(strings.Replace(pageText, "/*style*/", style(), 1)))

// PageOptions are what a page may be told; nil means the defaults.
type PageOptions struct {
	// Window returns the address of the report of another window, such as "7d" or
	// FROM/TO, relative to the page; what it has of the window must be escaped as in a
	// query, or it is left out. Default: the page leads nowhere.
	Window func(window string) string
	// Icon is the address of a picture for the browser's tab, relative to the page.
	// Default: none.
	Icon string
	// Home is the address of the page that this one belongs to, relative to it.
	// Default: none, and no link to it.
	Home string
	// Table returns the address of a list of the same window as CSV, "gaps",
	// "incidents" or "probes", relative to the page; empty where there is none.
	// Default: the page leads nowhere.
	Table func(name string) string
}

// Policy is what a page of HTML may do, as a Content-Security-Policy: apply its own
// style sheet, and nothing else.
func Policy() string {
	sum := sha256.Sum256([]byte(style()))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src 'self'; base-uri 'none'; form-action 'none'"
}

// HTML returns the report as one page that needs nothing else: no script, no
// style sheet, no font and no picture from anywhere, and no link to anywhere. It is
// light or dark as the reader's screen is, fits a telephone's, and prints. Whatever
// the documents say is text in it, of characters that are seen, and not much of it.
func (r Report) HTML() ([]byte, error) { return r.Page(nil) }

// part is a section as the page shows it.
type part struct {
	section
	Chart  template.HTML
	Key    template.HTML
	Shown  [][]cell
	Folded [][]cell
	// Fold says what is folded.
	Fold string
	// Table leads to the same as CSV; empty where nothing does.
	Table string
}

var unit = regexp.MustCompile(`(\d+) (d|h|min|s)\b`)

// together is a text whose numbers stay on one line with their units.
func together(s string) template.HTML {
	return template.HTML(unit.ReplaceAllString(template.HTMLEscapeString(s), "<span>$1 $2</span>")) //nolint:gosec // it is escaped
}

// cell is one of a table, with the name of its column, which narrow screens show
// beside it.
type cell struct{ Name, Text string }

// Page is HTML with links to other windows and to tables, for whoever serves it.
func (r Report) Page(o *PageOptions) ([]byte, error) {
	opt := PageOptions{}
	if o != nil {
		opt = *o
	}
	data := struct {
		Policy, Title, Home, Icon, Class, Mark, Verdict, Target string
		Windows                                                 []windowLink
		Cards                                                   []card
		Headline                                                template.HTML
		Parts                                                   []part
	}{
		Policy: Policy(), Title: r.title(), Home: opt.Home, Icon: opt.Icon, Headline: together(r.headline()), Verdict: seen(r.Judgement.Text),
		Target: seen("Target: " + figures.Share(r.Judgement.Target) + " (" + r.Judgement.Basis + ")."),
		Cards:  r.cards(),
	}
	data.Class, data.Mark = r.look()
	if opt.Window != nil {
		data.Windows = r.windowLinks(opt.Window)
	}
	for _, s := range r.sections() {
		data.Parts = append(data.Parts, r.part(s, opt))
	}
	var b strings.Builder
	if err := page.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return []byte(b.String()), nil
}

// part puts a section into the form that the page shows.
func (r Report) part(s section, opt PageOptions) part {
	p := part{section: s}
	rows := make([][]cell, 0, len(s.Rows))
	for _, row := range s.Rows {
		cells := make([]cell, len(row))
		for i, text := range row {
			cells[i] = cell{s.Head[i], text}
		}
		rows = append(rows, cells)
	}
	open := min(s.Open, len(rows))
	if len(rows)-open <= 2 && open > 0 {
		open = len(rows) // a fold for two is no shorter
	}
	p.Shown, p.Folded = rows[:open], rows[open:]
	p.Fold = figures.Plural(len(p.Folded), "row")
	if open > 0 {
		p.Fold = "And " + figures.Count(len(p.Folded)) + " more"
	}
	if !r.HasData() {
		return p
	}
	switch s.Chart {
	case "calendar":
		p.Chart, p.Key = chart.Calendar(r.drawn(monthOf), r.slots(), nil), chart.Key(r.slots().Explain(chart.InCalendar)...)
	case "heat":
		if r.Window.CountedTo.Sub(r.Window.CountedFrom) <= heatUpTo {
			p.Chart, p.Key = chart.Heat(r.drawn(dayOf), r.slots(), nil), chart.Key(r.slots().Explain(chart.InSlots)...)
		}
	case "latency":
		p.Chart, p.Key = r.latency(), chart.Key(chart.InLatencies, chart.InProbes)
	case "timeline":
		p.Chart, p.Key = r.timeline(), chart.Key(chart.InIncidents)
	}
	if opt.Table != nil && slices.Contains([]string{"gaps", "incidents", "probes"}, s.ID) {
		p.Table = opt.Table(s.ID)
	}
	return p
}

// heatUpTo is how long a window may be to be drawn slot by slot, a row for each day.
const heatUpTo = 93 * day

// drawn is the time that a chart of slots shows: what counts, and of what was asked
// for before it, of which nothing is known, no more than one row.
func (r Report) drawn(row func(time.Time) time.Time) longrun.Window {
	w := r.counted()
	if start := row(w.From); r.Window.From.Before(w.From) {
		w.From = start
		if start.Before(r.Window.From) {
			w.From = r.Window.From.Truncate(r.interval())
		}
	}
	return w
}

func dayOf(t time.Time) time.Time { return longrun.DayOf(t).From }

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// slots are those of its days, one after the other.
func (r Report) slots() chart.Slots {
	s := chart.Slots{Interval: r.interval(), From: r.Window.CountedFrom}
	n := 0
	for _, d := range r.Days {
		n += d.Expected
	}
	s.Filled, s.Healthy = coverage.NewBitmap(n), coverage.NewBitmap(n)
	at := 0
	for _, d := range r.Days {
		filled, errFilled := coverage.ParseBitmap(d.Slots)
		unhealthy, errUnhealthy := coverage.ParseBitmap(d.Unhealthy)
		if errFilled == nil && errUnhealthy == nil { // they were made here
			for i := range min(filled.Len(), unhealthy.Len(), d.Expected) {
				if filled.Has(i) {
					s.Filled.Set(at + i)
					if !unhealthy.Has(i) {
						s.Healthy.Set(at + i)
					}
				}
			}
		}
		if unknown, err := coverage.ParseBitmap(d.UnknownSlots); err == nil {
			if s.Unknown == nil {
				s.Unknown = coverage.NewBitmap(n)
			}
			for from, to := range unknown.Runs() {
				for i := from; i < to; i++ {
					s.Unknown.Set(at + i)
				}
			}
		}
		at += d.Expected
	}
	return s
}

// latency draws the probes of each type, those of all its names together.
func (r Report) latency() template.HTML {
	types := make([]chart.Probes, 0, len(r.Probes))
	for _, p := range r.Probes {
		last := len(types) - 1
		if last < 0 || types[last].Type != p.Type {
			types = append(types, chart.Probes{Type: p.Type, P50Ms: p.P50Ms, MaxMs: p.MaxMs, Points: p.Points})
			continue
		}
		t := &types[last]
		t.P50Ms = nil // of all together nobody knows it
		t.Points = slices.Concat(t.Points, p.Points)
		if t.MaxMs == nil || p.MaxMs != nil && *p.MaxMs > *t.MaxMs {
			t.MaxMs = p.MaxMs
		}
	}
	return chart.Latency(r.counted(), types)
}

// timeline draws the incidents that are listed.
func (r Report) timeline() template.HTML {
	incidents := make([]chart.Incident, 0, len(r.Incidents.Listed))
	for _, i := range r.Incidents.Listed {
		incidents = append(incidents, chart.Incident{
			Rule: i.Rule, Target: i.Target, Start: i.Start, End: i.End,
			Lasted: time.Duration(i.DurationSec * float64(time.Second)), Summary: i.Summary,
		})
	}
	return chart.Timeline(longrun.Window{From: r.Window.CountedFrom, To: r.Repairs.To}, incidents)
}
