package chart

import (
	"html/template"
	"strconv"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// drawing is written by hand, since a year has thousands of shapes, for each of
// which a template would take its time; whatever a document may have put into a
// text is escaped here. Places on the width are in per cent and heights in pixels,
// so that neither text nor strokes change their size with the screen.
type drawing struct{ b []byte }

// html is what was drawn.
func (d *drawing) html() template.HTML { return template.HTML(d.b) } //nolint:gosec // escaped below

// raw writes markup.
func (d *drawing) raw(markup string) { d.b = append(d.b, markup...) }

// words writes a text.
func (d *drawing) words(s string) { d.raw(template.HTMLEscapeString(seen(s))) }

func (d *drawing) attr(name, value string) {
	if value = strings.TrimSpace(value); value == "" {
		return
	}
	d.raw(" " + name + `="`)
	d.words(value)
	d.raw(`"`)
}

func (d *drawing) number(name string, v float64) {
	d.b = append(d.b, ' ')
	d.b = append(d.b, name...)
	d.b = append(d.b, `="`...)
	d.b = strconv.AppendFloat(d.b, short(v), 'f', -1, 64)
	d.b = append(d.b, '"')
}

func (d *drawing) share(name string, v float64) {
	d.number(name, v)
	d.b = append(d.b[:len(d.b)-1], `%"`...)
}

// open begins a chart, whose label says what it shows to those who do not see it;
// one without a label is for the eye alone.
func (d *drawing) open(height float64, label string) {
	d.raw(`<svg class="c"`)
	if height > 0 {
		d.number("height", height)
	}
	if label == "" {
		d.raw(" aria-hidden=\"true\">\n")
		return
	}
	d.raw(` role="img"`)
	d.attr("aria-label", label)
	d.raw(">\n")
}

func (d *drawing) close() { d.raw("</svg>\n") }

// end closes an element, with what it stands for as a title, which browsers show
// under the pointer and read aloud.
func (d *drawing) end(element, title string) {
	if title == "" {
		d.raw("/>\n")
		return
	}
	d.raw("><title>")
	d.words(title)
	d.raw("</title></" + element + ">\n")
}

func (d *drawing) rect(class string, x, width, y, height float64, title string) {
	d.raw("<rect")
	d.attr("class", class)
	d.share("x", x)
	d.number("y", y)
	d.share("width", width)
	d.number("height", height)
	d.end("rect", title)
}

// bar is a rect whose heights too are in per cent.
func (d *drawing) bar(class string, x, width, y, height float64) {
	d.raw("<rect")
	d.attr("class", class)
	d.share("x", x)
	d.share("y", y)
	d.share("width", width)
	d.share("height", height)
	d.end("rect", "")
}

func (d *drawing) line(class string, x1, x2, y1, y2 float64) {
	d.raw("<line")
	d.attr("class", class)
	d.share("x1", x1)
	d.share("x2", x2)
	d.number("y1", y1)
	d.number("y2", y2)
	d.raw("/>\n")
}

func (d *drawing) text(class string, x, y float64, anchor, s string) {
	d.raw("<text")
	d.attr("class", class)
	d.share("x", x)
	d.number("y", y)
	d.attr("text-anchor", anchor)
	d.raw(">")
	d.words(s)
	d.raw("</text>\n")
}

func (d *drawing) dot(class string, x, y, radius float64, title string) {
	d.raw("<circle")
	d.attr("class", class)
	d.share("cx", x)
	d.number("cy", y)
	d.number("r", radius)
	d.end("circle", title)
}

// cross is drawn around its place, whatever the width is.
func (d *drawing) cross(class string, x, y float64, title string) {
	d.raw("<svg")
	d.share("x", x)
	d.number("y", y)
	d.raw(` overflow="visible"><path class="` + class + `" d="M-4 -4l8 8m0 -8l-8 8"`)
	d.end("path", title)
	d.b = append(d.b[:len(d.b)-1], "</svg>\n"...)
}

// maxText is how long one text of a chart is, in characters.
const maxText = 2000

// seen is what is shown of a text that may stem from a document.
func seen(s string) string { return visible.Line(s, maxText) }
