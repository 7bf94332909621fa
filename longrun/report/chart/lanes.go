package chart

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// laneTick is how far the lines of a day's lanes are apart; each second one is left
// out where there is little room.
const laneTick = 3 * time.Hour

// lanePart is where in w a time lies, in per cent.
func lanePart(w longrun.Window, t time.Time) float64 {
	return min(max(float64(t.Sub(w.From))/float64(w.To.Sub(w.From)), 0), 1) * 100
}

// laneTicks yields the ticks of w with their places.
func laneTicks(w longrun.Window, yield func(t time.Time, x float64, fine string)) {
	for t := w.From.UTC().Truncate(laneTick).Add(laneTick); t.Before(w.To); t = t.Add(laneTick) {
		fine := ""
		if t.Hour()%6 != 0 {
			fine = " t2"
		}
		yield(t, lanePart(w, t), fine)
	}
}

// grid draws the lines of the lanes.
func (d *drawing) grid(w longrun.Window, height float64) {
	if w.To.Sub(w.From) > 3*day {
		return
	}
	laneTicks(w, func(_ time.Time, x float64, fine string) {
		d.b = append(d.b, `<line class="gl`...)
		d.b = append(d.b, fine...)
		d.b = append(d.b, '"')
		d.attr("x1", x, "%")
		d.attr("x2", x, "%")
		d.b = append(d.b, ` y1="0"`...)
		d.attr("y2", height, "")
		d.b = append(d.b, "/>"...)
	})
}

// Clock draws the times below lanes of w, a day or so, in UTC.
func Clock(w longrun.Window) template.HTML {
	d := newDrawing("", 16)
	laneTicks(w, func(t time.Time, x float64, fine string) {
		if x < 2 || x > 98 {
			return // it would be cut
		}
		d.b = append(d.b, `<text y="12" text-anchor="middle"`...)
		d.attr("x", x, "%")
		if fine != "" {
			d.b = append(d.b, ` class="t2"`...)
		}
		d.b = append(d.b, '>')
		d.b = t.AppendFormat(d.b, "15:04")
		d.b = append(d.b, "</text>"...)
	})
	return d.svg()
}

// maxLaneIncidents is how many rows a lane of incidents has.
const maxLaneIncidents = 4

// IncidentLane draws incidents on the time w, the newest maxLaneIncidents of them, a
// row each: rect.inc, with w where it was a warning that is over.
func IncidentLane(label string, w longrun.Window, incidents []Incident) template.HTML {
	incidents = incidents[max(0, len(incidents)-maxLaneIncidents):]
	height := float64(max(18, 12*len(incidents)))
	d := newDrawing(label, height)
	d.grid(w, height)
	for i, in := range incidents {
		class, end, state := "inc w", w.To, "over"
		if in.End != nil {
			end = *in.End
		} else {
			class, state = "inc", "open"
		}
		left := lanePart(w, in.Start)
		width := max(lanePart(w, end)-left, 0.4)
		name := string(in.Rule)
		if in.Target != "" {
			name += " " + in.Target
		}
		d.rect(class, min(left, 99.6), float64(12*i+2), width, 8, fmt.Sprintf("%s since %s, %s, %s", name, figures.Stamp(in.Start), figures.Length(in.Lasted), state))
	}
	return d.svg()
}

// ProbeLane draws which probes did not pass: path.x where one failed, circle.o where
// it could not be told.
func ProbeLane(label string, w longrun.Window, points []longrun.ProbePoint) template.HTML {
	d := newDrawing(label, 18)
	d.grid(w, 18)
	for _, p := range points {
		if p.Result != longrun.Pass && !p.TS.Before(w.From) && p.TS.Before(w.To) {
			d.bad(w, p)
		}
	}
	return d.svg()
}

// bad draws a probe that failed or could not be told.
func (d *drawing) bad(w longrun.Window, p longrun.ProbePoint) {
	if p.Result == longrun.Fail {
		d.b = append(d.b, `<svg y="0" width="1" height="18" overflow="visible"`...)
		d.attr("x", lanePart(w, p.TS), "%")
		d.b = append(d.b, `><path class="x" d="M-4 5l8 8m0-8l-8 8"`...)
		d.end("path", figures.Stamp(p.TS)+" failed: "+p.Class)
		d.b = append(d.b, "</svg>"...)
		return
	}
	d.b = append(d.b, `<circle class="o" cy="9" r="4.5"`...)
	d.attr("cx", lanePart(w, p.TS), "%")
	d.end("circle", figures.Stamp(p.TS)+" could not be told: "+p.Class)
}

// maxDots is how many probes that passed are drawn one by one; of more, the slowest
// of each stretch.
const maxDots = 300

// Latencies draws how long the probes took that passed: circle.p at its latency,
// line.med at usual (nil: not known), and above them those that did not pass.
func Latencies(label string, w longrun.Window, usual *float64, points []longrun.ProbePoint) template.HTML {
	const top, bottom = 20.0, 53.0
	slowest := 1.0
	for _, p := range points {
		if p.Result == longrun.Pass {
			slowest = max(slowest, p.Ms)
		}
	}
	y := func(ms float64) float64 { return bottom - 2 - min(max(ms, 0)/slowest, 1)*(bottom-top-4) }
	d := newDrawing(label, bottom+1)
	for _, at := range []float64{top - 3, bottom} {
		d.line("gl", at)
	}
	if usual != nil {
		d.line("med", y(*usual))
	}
	passed := 0
	for _, p := range points {
		if p.Result == longrun.Pass && p.Ms >= 0 {
			passed++
		}
	}
	stretch := max(1, int(math.Ceil(float64(passed)/maxDots)))
	var worst *longrun.ProbePoint
	seenOf := 0
	dot := func() {
		if worst != nil {
			d.b = append(d.b, `<circle class="p" r="2"`...)
			d.attr("cx", lanePart(w, worst.TS), "%")
			d.attr("cy", y(worst.Ms), "")
			d.b = append(d.b, "/>"...)
		}
		worst, seenOf = nil, 0
	}
	for i := range points {
		p := &points[i]
		switch {
		case p.TS.Before(w.From) || !p.TS.Before(w.To):
		case p.Result != longrun.Pass:
			d.bad(w, *p)
		case p.Ms >= 0:
			if worst == nil || p.Ms > worst.Ms {
				worst = p
			}
			if seenOf++; seenOf >= stretch {
				dot()
			}
		}
	}
	dot()
	return d.svg()
}

// line draws one across the whole width.
func (d *drawing) line(class string, y float64) {
	d.b = append(d.b, `<line class="`...)
	d.b = append(d.b, class...)
	d.b = append(d.b, `" x1="0" x2="100%"`...)
	d.attr("y1", y, "")
	d.attr("y2", y, "")
	d.b = append(d.b, "/>"...)
}
