package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
)

// monthsFrom is how long a window must be to be told by its months.
const monthsFrom = 32 * day

// month is what counts of a UTC month.
type month struct {
	name                      string
	expected, missed, healthy int
	hit                       int // days with missed slots
	worst                     Day
}

// months are those of the window, the newest first.
func (r Report) months() []month {
	var all []month
	for _, d := range slices.Backward(r.Days) {
		name := d.From.Format("2006-01")
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, month{name: name})
		}
		m := &all[len(all)-1]
		m.expected, m.missed, m.healthy = m.expected+d.Expected, m.missed+d.Missed, m.healthy+d.Healthy
		if d.Missed > 0 {
			m.hit++
		}
		if d.Missed > m.worst.Missed {
			m.worst = d
		}
	}
	return all
}

func (r Report) monthsSection() section {
	s := section{
		ID: "months", Title: "Months", Chart: "calendar",
		Lines: []string{"The newest first. A bar is a day: the taller, the more of it was missed, and one slot is a quarter of the whole already."},
		Head:  []string{"Month", "Missed", "Slots", "Coverage", r.good(), "Days with gaps", "Worst day"},
	}
	for _, m := range r.months() {
		worst := "–"
		if m.missed > 0 {
			worst = fmt.Sprintf("%s, %s", m.worst.Date, figures.Length(time.Duration(m.worst.Missed)*r.interval()))
		}
		s.Rows = append(s.Rows, []string{
			m.name, figures.Length(time.Duration(m.missed) * r.interval()), fmt.Sprintf("%s of %s", figures.Count(m.missed), figures.Count(m.expected)),
			figures.Percent(m.expected-m.missed, m.expected), figures.Percent(m.healthy, m.expected), figures.Count(m.hit), worst,
		})
	}
	return s
}
