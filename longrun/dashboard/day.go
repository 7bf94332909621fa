package dashboard

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

// lane is a row of the last day.
type lane struct {
	Name, Sum string
	Chart     template.HTML
}

type dayView struct {
	Unread bool
	Lanes  []lane
	Clock  template.HTML
	Key    template.HTML
	Gaps   []gapLine
	More   int
	Date   string
}

// gapLine is one gap.
type gapLine struct{ When, Missed, Cause, After, Date string }

func (k *known) day() longrun.Window {
	return longrun.Window{From: k.At.Add(-24 * time.Hour), To: k.At}
}

func (k *known) dayView() dayView {
	w := k.day()
	v := dayView{Date: k.At.Format(time.DateOnly), Clock: chart.Clock(w), Key: chart.Key(k.Slots.Explain(chart.InSlots, chart.InIncidents, chart.InProbes)...)}
	if k.Err != nil {
		v.Unread = true
		return v
	}
	c := k.Slots.Count(w)
	sum := figures.Count(c.Missed) + " missed of " + figures.Count(c.Expected)
	health := figures.Count(c.Unhealthy) + " not healthy"
	if c.Unknown > 0 {
		health += ", of " + figures.Count(c.Unknown) + " it is not known"
	}
	v.Lanes = append(v.Lanes, lane{map[bool]string{true: "Minutes", false: "Slots"}[k.Status.Interval == time.Minute], sum, chart.Strip(
		"Slots of the last 24 hours: "+sum+", "+health, w, k.Slots)})
	var incidents []chart.Incident
	open := 0
	for _, i := range k.Survey.Summary.Incidents {
		if i.End != nil && i.End.Before(w.From) {
			continue
		}
		if i.End == nil {
			open++
		}
		incidents = append(incidents, chart.Incident{Rule: i.Rule, Target: i.Target, Start: i.Start, End: i.End, Lasted: i.Incident().Duration(k.At)})
	}
	sum = plural(len(incidents), "incident", "incidents") + ", " + figures.Count(open) + " open"
	v.Lanes = append(v.Lanes, lane{"Incidents", sum, chart.IncidentLane(sum+" in the last 24 hours", w, incidents)})
	for _, t := range k.byType(w) {
		v.Lanes = append(v.Lanes, lane{probeWord(t.Type), t.sum(), chart.ProbeLane(probeWord(t.Type)+" probes: "+t.sum(), w, t.Points)})
	}
	gaps := k.Survey.Summary.Coverage.Gaps
	for i := len(gaps) - 1; i >= 0 && gaps[i].To.After(w.From); i-- {
		if len(v.Gaps) == maxGapLines {
			v.More++
			continue
		}
		v.Gaps = append(v.Gaps, k.gapLine(gaps[i]))
	}
	return v
}

// maxGapLines is how many gaps of a day stand below it.
const maxGapLines = 8

func (k *known) gapLine(g longrun.Gap) gapLine {
	l := gapLine{
		When: k.clock(g.From) + " to " + clockOf(g.To, g.From), Missed: slotWord(g.Missed, k.Status.Interval), Cause: causeWord(g.Cause), Date: g.From.UTC().Format(time.DateOnly),
	}
	if g.Before != "" && g.After != "" && g.Before != g.After {
		l.After = visible.Line(g.After, 60) + " took over from " + visible.Line(g.Before, 60)
	}
	return l
}

// probesOfType are the probes of one type, those of all its names together.
type probesOfType struct {
	Type                     longrun.ProbeType
	Points                   []longrun.ProbePoint
	Passed, Failed, Untold   int
	Usual, Mean, Slowest     *float64 // of the Timed, which passed and have a latency
	Timed                    int
	Last                     *longrun.ProbePoint
	Next                     time.Time
	Name                     string
	Running, Named, AnyNamed bool
}

func (t *probesOfType) sum() string {
	if len(t.Points) == 0 {
		return "no probe in 24 h"
	}
	s := figures.Count(t.Passed) + " of " + figures.Count(len(t.Points)) + " passed"
	if t.Failed > 0 {
		s += ", " + figures.Count(t.Failed) + " failed"
	}
	if t.Untold > 0 {
		s += ", " + figures.Count(t.Untold) + " could not be told"
	}
	return s
}

// byType counts the probes of w by type: those that were made, and those that are
// configured.
func (k *known) byType(w longrun.Window) (out []*probesOfType) {
	of := func(t longrun.ProbeType) *probesOfType {
		for _, p := range out {
			if p.Type == t {
				return p
			}
		}
		out = append(out, &probesOfType{Type: t})
		return out[len(out)-1]
	}
	for i := range k.Status.Probes {
		p := &k.Status.Probes[i]
		t := of(p.Type)
		t.Running = t.Running || p.Running
		if !p.Due.IsZero() && (t.Next.IsZero() || p.Due.Before(t.Next)) {
			t.Next = p.Due
		}
	}
	for i := range k.Survey.Summary.Probes {
		tally := &k.Survey.Summary.Probes[i]
		t := of(tally.Type)
		for _, p := range tally.Points {
			if p.TS.Before(w.From) || !p.TS.Before(w.To) {
				continue
			}
			switch p.Result {
			case longrun.Pass:
				t.Passed++
			case longrun.Fail:
				t.Failed++
			case longrun.Inconclusive:
				t.Untold++
			}
			t.Points = append(t.Points, p)
		}
	}
	for _, t := range out {
		slices.SortStableFunc(t.Points, func(a, b longrun.ProbePoint) int { return a.TS.Compare(b.TS) })
		var ms []float64
		for _, p := range t.Points {
			if p.Result == longrun.Pass && longrun.KnownMs(p.Ms) {
				ms = append(ms, p.Ms)
			}
		}
		if len(ms) > 0 {
			slices.Sort(ms)
			mean := 0.0
			for _, v := range ms {
				mean += v / float64(len(ms))
			}
			t.Usual, t.Mean, t.Slowest, t.Timed = &ms[(len(ms)-1)/2], &mean, &ms[len(ms)-1], len(ms)
		}
		if n := len(t.Points); n > 0 {
			t.Last = &t.Points[n-1]
		}
	}
	return out
}

// probeLine is what is said of the probes of one type.
type probeLine struct {
	Name, Sum, Last, Usual, Shape, Tone string
	Bad                                 bool
	Chart                               template.HTML
}

func (k *known) probesView() (lines []probeLine) {
	w := k.day()
	for _, t := range k.byType(w) {
		l := probeLine{Name: probeWord(t.Type), Sum: t.sum(), Shape: "ask", Tone: "mute", Last: "No probe in the last 24 hours."}
		if t.Last != nil {
			l.Chart = chart.LatencyLane("", w, chart.Probes{Type: t.Type, P50Ms: t.Usual, MaxMs: t.Slowest, Points: t.Points})
			switch t.Last.Result {
			case longrun.Pass:
				l.Shape, l.Tone, l.Last = "ok", "ok", "Passed at "+k.clock(t.Last.TS)+" in "+milliseconds(t.Last.Ms)+"."
			case longrun.Fail:
				l.Shape, l.Tone, l.Bad, l.Last = "x", "bad", true, "Failed at "+k.clock(t.Last.TS)+": "+visible.Line(t.Last.Class, 80)+"."
			case longrun.Inconclusive:
				l.Last = "Could not be told at " + k.clock(t.Last.TS) + ": " + visible.Line(t.Last.Class, 80) + "."
			}
		}
		if t.Usual != nil {
			l.Usual = "Usual: " + milliseconds(*t.Usual) + ", the median of " + figures.Count(t.Timed) + " that passed; " + milliseconds(*t.Mean) + " on average."
		}
		switch {
		case t.Running:
			l.Usual += " One is under way."
		case !t.Next.IsZero():
			l.Usual += " Next at " + k.clock(t.Next) + "."
		}
		lines = append(lines, l)
	}
	return lines
}

func milliseconds(ms float64) string {
	if ms < 0 {
		return "an unknown time"
	}
	return fmt.Sprintf("%.2g s", ms/1000)
}
