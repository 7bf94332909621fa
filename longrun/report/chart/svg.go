package chart

import (
	"html/template"
	"strconv"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// svg draws the chart. It is written by hand, since a year has thousands of
// shapes, for each of which the page's template would take its time; whatever a
// document may have put into a text is escaped here.
func (c *chart) svg() template.HTML {
	b := make([]byte, 0, 1024+160*(len(c.Rects)+len(c.Marks)+len(c.Texts)+len(c.Lines)))
	attr := func(name string, v float64) {
		b = append(b, ' ')
		b = append(b, name...)
		b = append(b, `="`...)
		b = strconv.AppendFloat(b, v, 'f', -1, 64)
		b = append(b, '"')
	}
	text := func(before, s, after string) {
		b = append(b, before...)
		b = append(b, template.HTMLEscapeString(seen(s))...)
		b = append(b, after...)
	}
	text(`<svg viewBox="0 0 `, strconv.FormatFloat(c.Width, 'f', -1, 64)+" "+strconv.FormatFloat(short(c.Height), 'f', -1, 64), `" role="img"`)
	text(` aria-label="`, c.Label, "\">\n")
	for _, l := range c.Lines {
		b = append(b, "<line"...)
		attr("x1", l.X1)
		attr("y1", l.Y1)
		attr("x2", l.X2)
		attr("y2", l.Y2)
		text(` class="`, l.Class, "\"/>\n")
	}
	for _, r := range c.Rects {
		b = append(b, "<rect"...)
		attr("x", r.X)
		attr("y", r.Y)
		attr("width", r.W)
		attr("height", r.H)
		if r.Opacity != 1 {
			attr("opacity", r.Opacity)
		}
		text(` class="`, r.Class, `">`)
		text("<title>", r.Title, "</title></rect>\n")
	}
	for _, m := range c.Marks {
		if m.Path != "" {
			text(`<path d="`, m.Path, `"`)
			text(` class="`, m.Class, `">`)
			text("<title>", m.Title, "</title></path>\n")
			continue
		}
		b = append(b, "<circle"...)
		attr("cx", m.X)
		attr("cy", m.Y)
		b = append(b, ` r="3"`...)
		text(` class="`, m.Class, `">`)
		text("<title>", m.Title, "</title></circle>\n")
	}
	for _, t := range c.Texts {
		b = append(b, "<text"...)
		attr("x", t.X)
		attr("y", t.Y)
		text(` text-anchor="`, t.Anchor, `"`)
		text(` class="`, t.Class, `">`)
		text("", t.Text, "</text>\n")
	}
	return template.HTML(append(b, "</svg>"...)) //nolint:gosec // escaped above
}

// maxText is how long one text of a chart is, in characters.
const maxText = 2000

// seen is what is shown of a text that may stem from a document.
func seen(s string) string { return visible.Line(s, maxText) }
