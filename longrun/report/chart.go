package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// The room of all charts, in the units of their viewBox.
const (
	chartWidth = 1000
	chartLeft  = 120 // labels of rows
	namesLeft  = 236 // labels that have a rule and a target
	chartRight = 12
	axisHeight = 22
)

// A chart is drawn by svg. All shapes carry what they stand for
// as a title, which browsers show under the pointer and read aloud.
type chart struct {
	Label         string // of the whole, for those who do not see it
	Width, Height float64
	Rects         []rect
	Marks         []mark
	Lines         []line
	Texts         []label
}

type rect struct {
	X, Y, W, H float64
	Class      string
	Opacity    float64
	Title      string
}

// mark is a point: a dot, a cross or a ring.
type mark struct {
	X, Y  float64
	Class string
	Path  string // empty for a dot
	Title string
}

type line struct {
	X1, Y1, X2, Y2 float64
	Class          string
}

type label struct {
	X, Y   float64
	Anchor string
	Class  string
	Text   string
}

// scale puts times on the width of a chart.
type scale struct {
	w    longrun.Window
	left float64
}

func (s scale) x(t time.Time) float64 {
	whole := s.w.To.Sub(s.w.From)
	if whole <= 0 {
		return s.left
	}
	part := float64(t.Sub(s.w.From)) / float64(whole)
	return short(s.left + min(max(part, 0), 1)*(chartWidth-s.left-chartRight))
}

// short keeps two decimals, more than a screen has.
func short(v float64) float64 { return math.Round(v*100) / 100 }

// axis draws the time below a chart, with lines up through it.
func (c *chart) axis(s scale, top, bottom float64) {
	step, layout := tickStep(s.w.To.Sub(s.w.From))
	for t := s.w.From.Truncate(step); !t.After(s.w.To); t = t.Add(step) {
		if t.Before(s.w.From) {
			continue
		}
		x := s.x(t)
		c.Lines = append(c.Lines, line{X1: x, Y1: top, X2: x, Y2: bottom, Class: "grid"})
		anchor := "middle"
		if x > chartWidth-45 {
			anchor = "end"
		}
		c.Texts = append(c.Texts, label{X: x, Y: bottom + 15, Anchor: anchor, Class: "tick", Text: t.Format(layout)})
	}
}

// tickStep chooses how far the ticks are apart, so that there are about eight.
func tickStep(whole time.Duration) (step time.Duration, layout string) {
	const most = 9
	for _, step := range []time.Duration{
		time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	} {
		if whole/step <= most {
			if whole > 22*time.Hour {
				return step, "01-02 15:04"
			}
			return step, "15:04"
		}
	}
	for _, days := range []time.Duration{1, 2, 5, 7, 14, 30, 60, 90} {
		if whole/(days*day) <= most {
			return days * day, "2006-01-02"
		}
	}
	return whole / most, "2006-01-02"
}

// latencyChart draws the probes of each type over the window.
func latencyChart(r Report) *chart {
	const panel, head = 110, 18
	c := &chart{Label: "Latency of the probes over time, by type", Width: chartWidth}
	s := scale{r.counted(), chartLeft}
	for i, p := range r.Probes {
		top := float64(i*(panel+head+8)) + head
		bottom := top + panel
		greatest := ceiling(p)
		y := func(ms float64) float64 { return short(bottom - min(max(ms, 0)/greatest, 1)*panel) }
		c.Texts = append(c.Texts, label{X: chartLeft, Y: top - 6, Anchor: "start", Class: "name", Text: string(p.Type) + ", latency in ms"})
		for _, part := range []float64{0, 0.5, 1} {
			c.Lines = append(c.Lines, line{X1: chartLeft, Y1: y(part * greatest), X2: chartWidth - chartRight, Y2: y(part * greatest), Class: "grid"})
			v := part * greatest
			c.Texts = append(c.Texts, label{X: chartLeft - 8, Y: y(v) + 4, Anchor: "end", Class: "tick", Text: count(int64(math.Round(v)))})
		}
		if p.P50Ms != nil {
			c.Lines = append(c.Lines, line{X1: chartLeft, Y1: y(*p.P50Ms), X2: chartWidth - chartRight, Y2: y(*p.P50Ms), Class: "median"})
		}
		for _, point := range p.Points {
			c.Marks = append(c.Marks, probeMark(point, s, y, top))
		}
		c.Height = bottom + axisHeight
	}
	if len(r.Probes) > 0 {
		c.axis(s, head, c.Height-axisHeight)
	}
	return c
}

// ceiling is the top of a type's panel: a round number above its slowest.
func ceiling(p Probe) float64 {
	greatest := 1.0
	if p.MaxMs != nil {
		greatest = max(1, *p.MaxMs)
	}
	power := math.Pow(10, math.Floor(math.Log10(greatest)))
	for _, m := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		if m*power >= greatest {
			return m * power
		}
	}
	return 10 * power
}

// probeMark draws what passed as a dot at its latency, what failed as a cross at
// the top, and what could not be told as a ring there.
func probeMark(p longrun.ProbePoint, s scale, y func(float64) float64, top float64) mark {
	m := mark{X: s.x(p.TS), Y: short(top + 7), Class: strings.ToLower(string(p.Result)), Title: fmt.Sprintf("%s %s", stamp(p.TS), p.Result)}
	switch p.Result {
	case longrun.Pass:
		m.Y = y(p.Ms)
		m.Title += fmt.Sprintf(", %s ms", millis(&p.Ms))
	case longrun.Fail:
		m.Path = fmt.Sprintf("M%v %vl8 8m0 -8l-8 8", short(m.X-4), short(m.Y-4))
		m.Title += ", " + seen(p.Class)
	case longrun.Inconclusive:
		m.Path = fmt.Sprintf("M%v %va4 4 0 1 0 8 0a4 4 0 1 0 -8 0", short(m.X-4), m.Y)
		m.Title += ", " + seen(p.Class)
	}
	return m
}

// maxTimelines bounds the rows of the time line.
const maxTimelines = 40

// timelineChart draws the incidents, one row for each rule and target.
func timelineChart(r Report) *chart {
	const height = 22
	c := &chart{Label: "Incidents on a time line, by rule and target", Width: chartWidth}
	s := scale{longrun.Window{From: r.Window.CountedFrom, To: r.Repairs.To}, namesLeft}
	rows, hidden := map[string]int{}, map[string]bool{}
	for _, i := range r.Incidents.Listed {
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
			end, class, ended = *i.End, "over", stamp(*i.End)
		}
		x, to := s.x(i.Start), s.x(end)
		c.Rects = append(c.Rects, rect{
			X: x, Y: float64(row*height) + 4, W: max(short(to-x), 3), H: height - 8, Class: "incident " + class, Opacity: 1,
			Title: fmt.Sprintf("%s: %s to %s, %s. %s", seen(key), stamp(i.Start), ended, length(time.Duration(i.DurationSec*float64(time.Second))), seen(i.Summary)),
		})
	}
	bottom := float64(len(rows) * height)
	c.axis(s, 0, bottom)
	c.Height = bottom + axisHeight
	if len(hidden) > 0 {
		c.Height += height
		c.Texts = append(c.Texts, label{
			X: namesLeft, Y: c.Height - 7, Anchor: "start", Class: "tick",
			Text: fmt.Sprintf("And %s more rules and targets, which are in the table.", count(len(hidden))),
		})
	}
	return c
}

// cut shortens a label to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
