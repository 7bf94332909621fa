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

// Timeline draws the incidents on the time of w, one row for each rule and target:
// those that are open solid, those that are over as an outline. One that began
// before w, or is open, is cut at its edge. Without one there is no chart.
func Timeline(w longrun.Window, incidents []Incident) template.HTML {
	if len(incidents) == 0 {
		return ""
	}
	const height = 30
	rows, hidden := map[string]int{}, map[string]bool{}
	names := make([]string, 0, min(len(incidents), maxTimelines))
	for _, i := range incidents {
		name := i.name()
		if _, known := rows[name]; known {
			continue
		}
		if len(names) == maxTimelines {
			hidden[name] = true
			continue
		}
		rows[name] = len(names)
		names = append(names, name)
	}
	d := &drawing{}
	s := scale{w}
	ticks := s.ticks()
	bottom := float64(len(names) * height)
	whole := bottom + 18
	if len(hidden) > 0 {
		whole += 18
	}
	d.open(whole, "Incidents on a time line, by rule and target")
	d.axis(ticks, bottom)
	for row, name := range names {
		d.text("", 0, float64(row*height)+12, "start", cut(seen(name), 44))
	}
	for _, i := range incidents {
		row, shown := rows[i.name()]
		if !shown {
			continue
		}
		d.incident(i, s, float64(row*height)+17)
	}
	d.times(ticks, bottom+14)
	if len(hidden) > 0 {
		d.text("", 0, whole-4, "start", fmt.Sprintf("And %s more rules and targets, which are in the table.", figures.Count(len(hidden))))
	}
	d.close()
	return d.html()
}

// incident draws one, 9 pixels high.
func (d *drawing) incident(i Incident, s scale, y float64) {
	end, class, ended := s.w.To, "inc", "open"
	if i.End != nil {
		end, class, ended = *i.End, "inc w", figures.Stamp(*i.End)
	}
	x := min(s.x(i.Start), 99.4)
	said := fmt.Sprintf("%s: %s to %s, %s", seen(i.name()), figures.Stamp(i.Start), ended, figures.Length(i.Lasted))
	if i.Summary != "" {
		said += ". " + seen(i.Summary)
	}
	d.rect(class, x, max(s.x(end)-x, 0.6), y, 9, said)
}

// name tells the rows apart.
func (i Incident) name() string {
	if i.Target == "" {
		return string(i.Rule)
	}
	return string(i.Rule) + " " + i.Target
}

// cut shortens a label to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
