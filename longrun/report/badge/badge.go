// Package badge draws the coverage of a window as a small picture, for a README or a
// wiki.
//
// It does not judge: the words and the colour are those of a report.Judgement. It
// is a picture of the moment at which it was made, and whoever keeps it keeps that:
// it says nothing of the time since. It has no script, no link, no font and no style
// from anywhere, and shows no text but numbers and a window's name.
package badge

import (
	"fmt"
	"html/template"
	"time"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

// The colours behind the words; white is read well on each, and they differ in how
// light they are as well as in their hue.
const (
	dark    = "#17202b"
	good    = "#0b664a"
	bad     = "#8c0a26"
	neutral = "#535e6c"
)

// Words returns what the badge says of the window: a mark, the coverage, and how
// that was. "Unknown" is where nothing is known of it.
func Words(r report.Report) string {
	c := r.Coverage
	if !r.HasData() {
		return "? unknown"
	}
	share := figures.Percent(c.Written, c.Expected)
	switch r.Judgement.Outcome {
	case report.Pass:
		return "✓ " + share
	case report.Fail:
		return "✕ " + share + ", under target"
	case report.SoFar:
		return "? " + share + " so far"
	case report.NoData:
	}
	return "? unknown"
}

// SVG returns the badge as an SVG document.
func SVG(r report.Report) []byte {
	label := "coverage"
	switch length := r.Window.To.Sub(r.Window.From); {
	case r.Window.Name != "":
		label += " " + r.Window.Name
	case length > 0:
		label += " " + figures.Length(length)
	}
	colour := map[report.Outcome]string{report.Pass: good, report.Fail: bad}[r.Judgement.Outcome]
	if colour == "" {
		colour = neutral
	}
	words := Words(r)
	left, right := width(label), width(words)
	title := fmt.Sprintf("%s: %s, at %s UTC", label, words, r.GeneratedAt.UTC().Truncate(time.Minute).Format("2006-01-02 15:04"))
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s"><title>%[2]s</title>`+
		`<rect width="%[3]d" height="20" fill="%[4]s"/><rect x="%[3]d" width="%[5]d" height="20" fill="%[6]s"/>`+
		`<g fill="#ffffff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">`+
		`<text x="6" y="14" textLength="%[7]d">%[8]s</text><text x="%[9]d" y="14" textLength="%[10]d">%[11]s</text></g></svg>`+"\n",
		left+right, escape(title), left, dark, right, colour, left-12, escape(label), left+6, right-12, escape(words))
}

// width is what a text needs, with some room on both sides: fonts differ, and
// textLength makes each fit.
func width(s string) int { return 12 + 7*utf8.RuneCountInString(s) }

func escape(s string) string { return template.HTMLEscapeString(s) }
