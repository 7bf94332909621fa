package chart

import (
	"fmt"
	"html/template"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// maxTimelines bounds the rows of the time line.
const maxTimelines = 40

// Incident is one incident on the time line.
type Incident struct {
	Rule   longrun.RuleID
	Target string
	Start  time.Time
	// End is nil while it is open; Lasted is then how long it has lasted.
	End     *time.Time
	Lasted  time.Duration
	Summary string
}

// Timeline draws the incidents on the time of w, one row for each rule and target.
// One that began before w, or is open, is cut at its edge. Without
// one there is no chart.
func Timeline(w longrun.Window, incidents []Incident) template.HTML {
	if len(incidents) == 0 {
		return ""
	}
	const height = 22
	c := &chart{Label: "Incidents on a time line, by rule and target", Width: chartWidth}
	s := scale{w, namesLeft}
	rows, hidden := map[string]int{}, map[string]bool{}
	for _, i := range incidents {
		key := string(i.Rule)
		if i.Target != "" {
			key += " " + i.Target
		}
		row, known := rows[key]
		if !known {
			if len(rows) == maxTimelines {
				hidden[key] = true
				continue
			}
			row = len(rows)
			rows[key] = row
			c.Texts = append(c.Texts, label{X: namesLeft - 8, Y: float64(row*height) + 15, Anchor: "end", Class: "tick", Text: cut(seen(key), 34)})
		}
		end, class, ended := s.w.To, "open", "open"
		if i.End != nil {
			end, class, ended = *i.End, "over", figures.Stamp(*i.End)
		}
		x, to := s.x(i.Start), s.x(end)
		c.Rects = append(c.Rects, rect{
			X: x, Y: float64(row*height) + 4, W: max(short(to-x), 3), H: height - 8, Class: "incident " + class, Opacity: 1,
			Title: fmt.Sprintf("%s: %s to %s, %s. %s", seen(key), figures.Stamp(i.Start), ended, figures.Length(i.Lasted), seen(i.Summary)),
		})
	}
	bottom := float64(len(rows) * height)
	c.axis(s, 0, bottom)
	c.Height = bottom + axisHeight
	if len(hidden) > 0 {
		c.Height += height
		c.Texts = append(c.Texts, label{
			X: namesLeft, Y: c.Height - 7, Anchor: "start", Class: "tick",
			Text: fmt.Sprintf("And %s more rules and targets, which are in the table.", figures.Count(len(hidden))),
		})
	}
	return c.svg()
}

// cut shortens a label to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
