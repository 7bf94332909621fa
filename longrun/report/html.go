package report

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"strings"
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
		Target: seen("Target: " + share(r.Judgement.Target) + " (" + r.Judgement.Basis + ")."),
		Cards:  r.cards(),
	}
	for _, s := range r.sections() {
		p := part{section: s}
		switch {
		case !r.HasData():
		case s.Chart == "heat":
			p.Chart = heatChart(r).svg()
		case s.Chart == "latency" && len(r.Probes) > 0:
			p.Chart = latencyChart(r).svg()
		case s.Chart == "timeline" && len(r.Incidents.Listed) > 0:
			p.Chart = timelineChart(r).svg()
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
		{"coverage", percent(c.Written, c.Expected)},
		{"missed slots", count(c.Missed)},
		{"gaps", count(r.Gaps.Count)},
		{"availability", percent(c.Healthy, c.Written)},
	}
	if c.Drift != nil {
		cards = append(cards, [2]string{"drift P95", secs(c.Drift.P95Sec)})
	}
	return append(cards, [2]string{"incidents", count(r.Incidents.Count)}, [2]string{"MTTR", span(r.Repairs.MTTRMeanSec)})
}
