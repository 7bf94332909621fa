package chart

import (
	"html/template"
	"math"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Lanes are charts of one time, to stand below each other: they have no text, and one
// Clock below them all. The label of each is what it shows to who does not see it.

// laneHeight is how high the lane of what did not pass is, and of each lane but that
// of the slots.
const laneHeight = 22.0

// Strip draws the slots of w as one row, 36 pixels high.
func Strip(label string, w longrun.Window, s Slots) template.HTML {
	d := &drawing{}
	d.open(36, label)
	d.axis(scale{w}.ticks(), 36)
	if s.Interval > 0 && w.From.Before(w.To) {
		d.row(s, w, w, band{y: 8, height: 28, over: 7})
	}
	d.close()
	return d.html()
}

// Clock draws the times below lanes of w, in UTC.
func Clock(w longrun.Window) template.HTML {
	d := &drawing{}
	d.open(16, "")
	d.times(scale{w}.ticks(), 12)
	d.close()
	return d.html()
}

// maxLaneIncidents is how many rows a lane of incidents has.
const maxLaneIncidents = 4

// IncidentLane draws incidents on the time of w as Timeline does, the newest
// maxLaneIncidents of them, a row each without a name.
func IncidentLane(label string, w longrun.Window, incidents []Incident) template.HTML {
	incidents = incidents[max(0, len(incidents)-maxLaneIncidents):]
	height := float64(max(18, 13*len(incidents)))
	d := &drawing{}
	s := scale{w}
	d.open(height, label)
	d.axis(s.ticks(), height)
	for i, in := range incidents {
		d.incident(in, s, float64(13*i+2))
	}
	d.close()
	return d.html()
}

// ProbeLane draws which probes did not pass.
func ProbeLane(label string, w longrun.Window, points []longrun.ProbePoint) template.HTML {
	d := &drawing{}
	s := scale{w}
	d.open(laneHeight, label)
	d.axis(s.ticks(), laneHeight)
	for _, p := range points {
		if p.Result != longrun.Pass && within(p, w) {
			d.probe(p, s, nil)
		}
	}
	d.close()
	return d.html()
}

func within(p longrun.ProbePoint, w longrun.Window) bool {
	return !p.TS.Before(w.From) && p.TS.Before(w.To)
}

// maxDots is how many probes that passed are drawn one by one in a lane; of more, the
// slowest of each stretch.
const maxDots = 300

// LatencyLane draws the probes of one type as Latency does, in 54 pixels and without
// times: those that passed at their latency, and above them those that did not.
func LatencyLane(label string, w longrun.Window, p Probes) template.HTML {
	const top, bottom = laneHeight + 2, 53.0
	d := &drawing{}
	s := scale{w}
	greatest := ceiling(p)
	y := func(ms float64) float64 { return bottom - 2 - min(max(ms, 0)/greatest, 1)*(bottom-top-4) }
	d.open(bottom+1, label)
	d.rect("band", 0, 100, 0, laneHeight, "")
	d.line("gl", 0, 100, bottom, bottom)
	if p.P50Ms != nil {
		d.line("med", 0, 100, y(*p.P50Ms), y(*p.P50Ms))
	}
	passed := 0
	for _, point := range p.Points {
		if point.Result == longrun.Pass {
			passed++
		}
	}
	stretch := max(1, int(math.Ceil(float64(passed)/maxDots)))
	var slowest *longrun.ProbePoint
	seenOf := 0
	flush := func() {
		if slowest != nil {
			d.probe(*slowest, s, y)
		}
		slowest, seenOf = nil, 0
	}
	for i := range p.Points {
		point := &p.Points[i]
		switch {
		case !within(*point, w):
		case point.Result != longrun.Pass:
			d.probe(*point, s, y)
		default:
			if slowest == nil || point.Ms > slowest.Ms {
				slowest = point
			}
			if seenOf++; seenOf >= stretch {
				flush()
			}
		}
	}
	flush()
	d.close()
	return d.html()
}
