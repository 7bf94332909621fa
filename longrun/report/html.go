package report

import (
	_ "embed" // the page
	"fmt"
	"html/template"
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

var page = template.Must(template.New("page").Parse(pageText))

// HTML returns the report as one page that needs nothing else: no script, no
// style sheet, no font and no picture from anywhere. It is light or dark as the
// reader's screen is, and prints. Whatever the documents say is text in it, of
// characters that are seen, and not much of it.
func (r Report) HTML() ([]byte, error) {
	type part struct {
		section
		Chart template.HTML
	}
	data := struct {
		Title, Verdict, Class, Target string
		Cards                         [][2]string
		Parts                         []part
	}{
		Title: r.title(), Verdict: seen(r.Judgement.Text), Class: strings.ToLower(strings.ReplaceAll(string(r.Judgement.Outcome), " ", "-")),
		Target: seen("Target: " + figures.Share(r.Judgement.Target) + " (" + r.Judgement.Basis + ")."),
		Cards:  r.cards(),
	}
	for _, s := range r.sections() {
		p := part{section: s}
		switch {
		case !r.HasData():
		case s.Chart == "heat":
			p.Chart = r.heat()
		case s.Chart == "latency":
			p.Chart = r.latency()
		case s.Chart == "timeline":
			p.Chart = r.timeline()
		}
		data.Parts = append(data.Parts, p)
	}
	var b strings.Builder
	if err := page.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return []byte(b.String()), nil
}

// cards are the numbers at the top of the page.
func (r Report) cards() [][2]string {
	if !r.HasData() {
		return nil
	}
	c := r.Coverage
	cards := [][2]string{
		{"coverage", figures.Percent(c.Written, c.Expected)},
		{"missed slots", figures.Count(c.Missed)},
		{"gaps", figures.Count(r.Gaps.Count)},
		{"availability", figures.Percent(c.Healthy, c.Written)},
	}
	if c.Drift != nil {
		cards = append(cards, [2]string{"drift P95", figures.Secs(c.Drift.P95Sec)})
	}
	return append(cards, [2]string{"incidents", figures.Count(r.Incidents.Count)}, [2]string{"MTTR", figures.Span(r.Repairs.MTTRMeanSec)})
}

// heat draws the slots of each day.
func (r Report) heat() template.HTML {
	days := make([]chart.Day, 0, len(r.Days))
	for _, d := range r.Days {
		filled, errFilled := coverage.ParseBitmap(d.Slots)
		unhealthy, errUnhealthy := coverage.ParseBitmap(d.Unhealthy)
		if errFilled != nil || errUnhealthy != nil {
			continue // they were made here
		}
		days = append(days, chart.Day{From: d.From, Filled: filled, Unhealthy: unhealthy})
	}
	return chart.Heat(r.counted(), r.interval(), days)
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
