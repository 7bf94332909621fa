package adminhttp

import (
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// The forms of a report, as format names them.
const (
	jsonFormat     = "json"
	markdownFormat = "markdown"
	htmlFormat     = "html"
)

// formats are the forms of a report; the first one is that of whoever does not
// care.
func formats() []string { return []string{jsonFormat, markdownFormat, htmlFormat} }

func formatNames(text string) string { return fmt.Sprintf(text, strings.Join(formats(), ", ")) }

func mediaType(format string) string {
	if format == jsonFormat {
		return "application/json"
	}
	return "text/" + format
}

// format reads the name of a form; empty when it is not given.
func (p *params) format() string {
	name := p.text("format")
	for _, known := range formats() {
		if name == known || name == "" {
			return name
		}
	}
	p.bad.add("format", formatNames("is none of %s"))
	return ""
}

// negotiate returns the form that an Accept header likes best, and whether it
// takes any. Of those that it likes the same the first of formats is taken, which
// is also for a header that is missing.
func negotiate(accept []string) (format string, ok bool) {
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return jsonFormat, true
	}
	best := 0.0
	for _, f := range formats() {
		if q := quality(header, mediaType(f)); q > best {
			best, format = q, f
		}
	}
	return format, best > 0
}

// quality is how much an Accept header likes a media type, 0 to 1: what its most
// specific range that takes the type says. A range that makes no sense is passed
// over.
func quality(header, wanted string) (q float64) {
	family, _, _ := strings.Cut(wanted, "/")
	specific := 0
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		rank := 0
		switch name {
		case wanted:
			rank = 3
		case family + "/*":
			rank = 2
		case "*/*":
			rank = 1
		}
		if rank <= specific {
			continue
		}
		weight := 1.0
		if text, given := parameters["q"]; given {
			weight, err = strconv.ParseFloat(text, 64)
			if err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
		}
		specific, q = rank, weight
	}
	return q
}
