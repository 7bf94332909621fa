package reply

import (
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// The forms of a report, as format names them.
const (
	AsJSON     = "json"
	AsMarkdown = "markdown"
	AsHTML     = "html"
)

// AsCSV is the form of a list as a table, which is only given where format asks for
// it.
const AsCSV = "csv"

// Formats are the forms of a report; the first one is that of whoever does not
// care.
func Formats() []string { return []string{AsJSON, AsMarkdown, AsHTML} }

// FormatNames names the forms in text, where it has a %s.
func FormatNames(text string) string { return fmt.Sprintf(text, strings.Join(Formats(), ", ")) }

// MediaType is what HTTP calls a form.
func MediaType(format string) string {
	if format == AsJSON {
		return "application/json"
	}
	return "text/" + format
}

// Negotiate returns the form that an Accept header likes best, and whether it
// takes any. Of those that it likes the same the first of Formats is taken, which
// is also for a header that is missing.
func Negotiate(accept []string) (format string, ok bool) {
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return AsJSON, true
	}
	best := 0.0
	for _, f := range Formats() {
		if q := quality(header, MediaType(f)); q > best {
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
