package chart

import (
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

const day = 24 * time.Hour

// scale puts times on the width of a chart, in per cent.
type scale struct{ w longrun.Window }

func (s scale) x(t time.Time) float64 {
	whole := s.w.To.Sub(s.w.From)
	if whole <= 0 {
		return 0
	}
	return 100 * min(max(float64(t.Sub(s.w.From))/float64(whole), 0), 1)
}

// short keeps three decimals, more than a screen has.
func short(v float64) float64 { return math.Round(v*1000) / 1000 }

// tick is a time that is written below a chart.
type tick struct {
	at   float64
	text string
	// minor ones are left out where there is little room.
	minor bool
}

func (t tick) class() string {
	if t.minor {
		return "t2"
	}
	return ""
}

// anchor keeps a label at the edge of the chart inside of it.
func (t tick) anchor() string {
	switch {
	case t.at < 4:
		return "start"
	case t.at > 93:
		return "end"
	}
	return "middle"
}

// ticks are the round times within a window, some eight of them, every second of
// which is a minor one.
func (s scale) ticks() []tick {
	step, layout := tickStep(s.w.To.Sub(s.w.From))
	var all []tick
	for t := s.w.From.Truncate(step); !t.After(s.w.To); t = t.Add(step) {
		if !t.Before(s.w.From) {
			all = append(all, tick{at: s.x(t), text: t.Format(layout), minor: len(all)%2 == 1})
		}
	}
	return all
}

// tickStep chooses how far the ticks are apart, so that there are about eight.
func tickStep(whole time.Duration) (step time.Duration, layout string) {
	const most = 8
	for _, step := range []time.Duration{
		time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour,
	} {
		if whole/step <= most {
			return step, "15:04"
		}
	}
	for _, days := range []time.Duration{1, 2, 5, 7, 14, 30, 60, 90} {
		if whole/(days*day) <= most {
			if whole > 200*day {
				return days * day, "2006-01"
			}
			return days * day, "01-02"
		}
	}
	return whole / most, "2006-01"
}

// axis draws the ticks as lines through a chart.
func (d *drawing) axis(ticks []tick, bottom float64) {
	for _, t := range ticks {
		d.line("gl "+t.class(), t.at, t.at, 0, bottom)
	}
}

// times writes the ticks.
func (d *drawing) times(ticks []tick, y float64) {
	for _, t := range ticks {
		d.text(t.class(), t.at, y, t.anchor(), t.text)
	}
}
