package chart

import (
	"fmt"
	"html/template"
	"math"

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

// The heights of a panel of probes.
const (
	panelTop    = laneHeight + 14
	panelHeight = 72.0
	panelBottom = panelTop + panelHeight
)

// Latency draws the probes over w, each type in a panel of its own: what passed as a
// dot at its latency, and above the latencies, in a lane of their own, what failed
// and what could not be told. Without a type there is no chart.
func Latency(w longrun.Window, types []Probes) template.HTML {
	if len(types) == 0 {
		return ""
	}
	d := &drawing{}
	s := scale{w}
	ticks := s.ticks()
	for _, p := range types {
		d.raw(`<p class="panel"><b>`)
		d.words(string(p.Type))
		d.raw("</b></p>\n")
		greatest := ceiling(p)
		y := func(ms float64) float64 { return panelBottom - min(max(ms, 0)/greatest, 1)*panelHeight }
		failed, untold := 0, 0
		for _, point := range p.Points {
			switch point.Result {
			case longrun.Fail:
				failed++
			case longrun.Inconclusive:
				untold++
			case longrun.Pass:
			}
		}
		d.open(panelBottom+18, fmt.Sprintf("Probes of %s over time: of %s that are drawn %s failed and %s could not be told", p.Type, figures.Count(len(p.Points)), figures.Count(failed), figures.Count(untold)))
		d.rect("band", 0, 100, 0, laneHeight, "")
		d.axis(ticks, panelBottom)
		for _, part := range []float64{0, 0.5, 1} {
			d.line("gl", 0, 100, y(part*greatest), y(part*greatest))
		}
		if p.P50Ms != nil {
			d.line("med", 0, 100, y(*p.P50Ms), y(*p.P50Ms))
		}
		for _, point := range p.Points {
			d.probe(point, s, y)
		}
		d.text("", 0, panelTop-3, "start", figures.Count(int64(math.Round(greatest)))+" ms")
		d.times(ticks, panelBottom+14)
		d.close()
	}
	return d.html()
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

// probe draws one of them: what passed at the height of its latency, the others in
// the lane.
func (d *drawing) probe(p longrun.ProbePoint, s scale, y func(float64) float64) {
	at, x := figures.Stamp(p.TS), s.x(p.TS)
	switch p.Result {
	case longrun.Pass:
		if !longrun.KnownMs(p.Ms) {
			return // nobody knows how long it took
		}
		d.dot("p", x, y(p.Ms), 2.5, fmt.Sprintf("%s passed, %s ms", at, figures.Millis(&p.Ms)))
	case longrun.Fail:
		d.cross("x", x, laneHeight/2, fmt.Sprintf("%s failed, %s", at, seen(p.Class)))
	case longrun.Inconclusive:
		d.dot("o", x, laneHeight/2, 4.5, fmt.Sprintf("%s could not be told, %s", at, seen(p.Class)))
	}
}
