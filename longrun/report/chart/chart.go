package chart

import (
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

const day = 24 * time.Hour

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
