package chart

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// heat is the grid of the heat map: rows of time cut into cells, each cell one or
// more slots.
type heat struct {
	row, cell time.Duration
	layout    string // of a row's label
	height    float64
}

// heatOf chooses the grid: hours in minutes for up to two days, else days in ten
// minutes. Where slots are longer than that, a cell is a slot.
func heatOf(w longrun.Window, interval time.Duration) heat {
	h := heat{row: time.Hour, cell: max(time.Minute, interval), layout: "01-02 15:04", height: 14}
	if w.To.Sub(w.From) > 2*day || interval >= time.Hour {
		h.row, h.cell, h.layout = day, max(10*time.Minute, interval), "2006-01-02"
		switch rows := w.To.Sub(w.From) / day; {
		case rows > 200:
			h.height = 3
		case rows > 60:
			h.height = 7
		}
	}
	if w.To.Sub(w.From) <= 6*h.row {
		h.height = 24
	}
	if h.row%h.cell != 0 { // an interval such as 27 s: cells are then as long as they come
		h.cell = h.row / max(1, h.row/h.cell)
	}
	return h
}

// cellCount is what one cell holds.
type cellCount struct{ expected, missed, unhealthy int }

func (c cellCount) class() (class string, opacity float64) {
	switch {
	case c.expected == 0:
		return "", 0
	case c.missed == c.expected:
		return "missed", 1
	case c.missed > 0:
		// A single missed slot shows, however many there are in the cell.
		return "missed", math.Round((0.45+0.5*float64(c.missed)/float64(c.expected))*20) / 20
	case c.unhealthy > 0:
		return "unhealthy", 1
	}
	return "filled", 1
}

// heatTop is the room that the label of the first row needs above it.
const heatTop = 6

// Day are the slots of a UTC day, or of the part of it that counts.
type Day struct {
	// From is the start of the first slot.
	From time.Time
	// Filled and Unhealthy have a bit for each slot from there on: those with a
	// beat, and those of them in which the host did not call itself healthy.
	Filled, Unhealthy *coverage.Bitmap
}

// within returns which of a day's slots begin in w, as [begin, end).
func (d Day) within(w longrun.Window, interval time.Duration) (begin, end int) {
	before := func(t time.Time) int {
		return min(max(int((t.Sub(d.From)+interval-1)/interval), 0), d.Filled.Len())
	}
	return before(w.From), before(w.To)
}

// Heat draws the slots of w, which are as long as interval: each row an hour or a
// day, each cell one or more slots. Slots that do not begin in w are not drawn, and
// without any time there is no chart.
func Heat(w longrun.Window, interval time.Duration, days []Day) template.HTML {
	if interval <= 0 || !w.From.Before(w.To) {
		return ""
	}
	h := heatOf(w, interval)
	c := &chart{Label: "Slots by day and time of day: filled, unhealthy and missed", Width: chartWidth}
	first := w.From.Truncate(h.row)
	rows := int((w.To.Sub(first) + h.row - 1) / h.row)
	perRow := int(h.row / h.cell)
	cells := make([]cellCount, rows*perRow)
	for _, d := range days {
		begin, end := d.within(w, interval)
		// Without a division for each: a year has half a million slots.
		from := d.From.Add(time.Duration(begin) * interval).Sub(first)
		k := int(from / h.cell)
		left := time.Duration(k+1)*h.cell - from // of the cell, from the slot on
		for i := begin; i < end; i++ {
			for ; left <= 0; left += h.cell {
				k++
			}
			left -= interval
			cell := &cells[min(k, len(cells)-1)]
			cell.expected++
			switch {
			case !d.Filled.Has(i):
				cell.missed++
			case d.Unhealthy.Has(i):
				cell.unhealthy++
			}
		}
	}
	for row := range rows {
		start := first.Add(time.Duration(row) * h.row)
		y := heatTop + float64(row)*h.height
		c.heatRow(h, start, y, cells[row*perRow:(row+1)*perRow])
		if h.height >= 12 || start.Day() == 1 {
			c.Texts = append(c.Texts, label{X: chartLeft - 8, Y: y + h.height/2 + 4, Anchor: "end", Class: "tick", Text: start.Format(h.layout)})
		}
	}
	c.heatAxis(h, heatTop+float64(rows)*h.height)
	return c.svg()
}

// heatRow draws the cells of a row, those that look the same as one.
func (c *chart) heatRow(h heat, start time.Time, y float64, cells []cellCount) {
	width := float64(chartWidth-chartLeft-chartRight) / float64(len(cells))
	for from := 0; from < len(cells); {
		class, opacity := cells[from].class()
		var sum cellCount
		to := from
		for ; to < len(cells); to++ {
			if other, faint := cells[to].class(); other != class || faint != opacity {
				break
			}
			sum.expected += cells[to].expected
			sum.missed += cells[to].missed
			sum.unhealthy += cells[to].unhealthy
		}
		if class != "" {
			begin, end := start.Add(time.Duration(from)*h.cell), start.Add(time.Duration(to)*h.cell)
			title := fmt.Sprintf("%s to %s: %s, all of them filled", figures.Stamp(begin), end.Format("15:04"), figures.Plural(sum.expected, "slot"))
			switch {
			case sum.missed > 0:
				title = fmt.Sprintf("%s to %s: %s of %s missed", figures.Stamp(begin), end.Format("15:04"), figures.Count(sum.missed), figures.Plural(sum.expected, "slot"))
			case sum.unhealthy > 0:
				title = fmt.Sprintf("%s to %s: %s of %s unhealthy", figures.Stamp(begin), end.Format("15:04"), figures.Count(sum.unhealthy), figures.Plural(sum.expected, "slot"))
			}
			c.Rects = append(c.Rects, rect{
				X: short(chartLeft + float64(from)*width), Y: short(y), W: short(float64(to-from) * width), H: short(h.height - min(1, h.height/8)),
				Class: class, Opacity: opacity, Title: title,
			})
		}
		from = to
	}
}

// heatAxis draws the time of the hour or of the day.
func (c *chart) heatAxis(h heat, bottom float64) {
	parts, text := 6, func(i int) string { return fmt.Sprintf(":%02d", i*10) }
	if h.row == day {
		parts, text = 8, func(i int) string { return fmt.Sprintf("%02d:00", i*3) }
	}
	for i := range parts + 1 {
		x := short(chartLeft + float64(i)*(chartWidth-chartLeft-chartRight)/float64(parts))
		anchor := "middle"
		if i == parts {
			anchor = "end"
		}
		c.Lines = append(c.Lines, line{X1: x, Y1: bottom, X2: x, Y2: bottom + 4, Class: "grid"})
		c.Texts = append(c.Texts, label{X: x, Y: bottom + 15, Anchor: anchor, Class: "tick", Text: text(i)})
	}
	c.Height = bottom + axisHeight
}
