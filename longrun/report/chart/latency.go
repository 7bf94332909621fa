package chart

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// Probes are the probes of one type.
type Probes struct {
	Type longrun.ProbeType
	// P50Ms is drawn as a line across, and MaxMs chooses the scale; nil where
	// none passed.
	P50Ms, MaxMs *float64
	Points       []longrun.ProbePoint
}

// Latency draws the probes over w, each type in a panel of its own. Without a type
// there is no chart.
func Latency(w longrun.Window, types []Probes) template.HTML {
	if len(types) == 0 {
		return ""
	}
	const panel, head = 110, 18
	c := &chart{Label: "Latency of the probes over time, by type", Width: chartWidth}
	s := scale{w, chartLeft}
	for i, p := range types {
		top := float64(i*(panel+head+8)) + head
		bottom := top + panel
		greatest := ceiling(p)
		y := func(ms float64) float64 { return short(bottom - min(max(ms, 0)/greatest, 1)*panel) }
		c.Texts = append(c.Texts, label{X: chartLeft, Y: top - 6, Anchor: "start", Class: "name", Text: string(p.Type) + ", latency in ms"})
		for _, part := range []float64{0, 0.5, 1} {
			c.Lines = append(c.Lines, line{X1: chartLeft, Y1: y(part * greatest), X2: chartWidth - chartRight, Y2: y(part * greatest), Class: "grid"})
			v := part * greatest
			c.Texts = append(c.Texts, label{X: chartLeft - 8, Y: y(v) + 4, Anchor: "end", Class: "tick", Text: figures.Count(int64(math.Round(v)))})
		}
		if p.P50Ms != nil {
			c.Lines = append(c.Lines, line{X1: chartLeft, Y1: y(*p.P50Ms), X2: chartWidth - chartRight, Y2: y(*p.P50Ms), Class: "median"})
		}
		for _, point := range p.Points {
			c.Marks = append(c.Marks, probeMark(point, s, y, top))
		}
		c.Height = bottom + axisHeight
	}
	c.axis(s, head, c.Height-axisHeight)
	return c.svg()
}

// ceiling is the top of a type's panel: a round number above its slowest.
func ceiling(p Probes) float64 {
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
	m := mark{X: s.x(p.TS), Y: short(top + 7), Class: strings.ToLower(string(p.Result)), Title: fmt.Sprintf("%s %s", figures.Stamp(p.TS), p.Result)}
	switch p.Result {
	case longrun.Pass:
		m.Y = y(p.Ms)
		m.Title += fmt.Sprintf(", %s ms", figures.Millis(&p.Ms))
	case longrun.Fail:
		m.Path = fmt.Sprintf("M%v %vl8 8m0 -8l-8 8", short(m.X-4), short(m.Y-4))
		m.Title += ", " + seen(p.Class)
	case longrun.Inconclusive:
		m.Path = fmt.Sprintf("M%v %va4 4 0 1 0 8 0a4 4 0 1 0 -8 0", short(m.X-4), m.Y)
		m.Title += ", " + seen(p.Class)
	}
	return m
}
