package adminhttp

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

const (
	defaultLimit = 20
	maxLimit     = 1000
)

// fieldError is a bad value of one parameter or field; an empty field is the
// whole.
type fieldError struct{ field, message string }

func (e fieldError) Error() string {
	if e.field == "" {
		return e.message
	}
	return e.field + ": " + e.message
}

// fieldErrors are all that is wrong with a request; none is a good one.
type fieldErrors []fieldError

// field names the first of them.
func (e fieldErrors) field() string {
	if len(e) == 0 {
		return ""
	}
	return e[0].field
}

func (e fieldErrors) Error() string {
	all := make([]string, len(e))
	for i, one := range e {
		all[i] = one.Error()
	}
	return strings.Join(all, "; ")
}

func (e *fieldErrors) add(field, message string) { *e = append(*e, fieldError{field, message}) }

// params reads a request's query, and remembers what is wrong with it.
type params struct {
	values url.Values
	bad    fieldErrors
}

// newParams refuses a name that the endpoint does not know, and what cannot be
// read: a misspelt filter must not silently mean everything.
func newParams(r *http.Request, known ...string) *params {
	values, err := url.ParseQuery(r.URL.RawQuery)
	p := &params{values: values}
	if err != nil {
		p.bad.add("", "the query cannot be read: "+err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			p.bad.add(name, fmt.Sprintf("unknown parameter; known are %v", known))
		} else if len(values[name]) > 1 {
			p.bad.add(name, "given more than once")
		}
	}
	return p
}

// noParams refuses any query, and reports whether there was none.
func noParams(w http.ResponseWriter, r *http.Request) bool {
	bad := newParams(r).bad
	if len(bad) > 0 {
		refuse(w, r, bad)
	}
	return len(bad) == 0
}

func (p *params) text(name string) string { return p.values.Get(name) }

// time reads an instant or a day; zero when it is not given.
func (p *params) time(name string) time.Time {
	text := p.text(name)
	if text == "" {
		return time.Time{}
	}
	if at := len(text) - len(" 02:00"); at > 0 && text[at] == ' ' {
		text = text[:at] + "+" + text[at+1:] // in a query a plus sign that is not written %2B is a blank
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		// Beyond these years a bound moved onto the grid could not be written.
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 && t.Year() < 9999 {
			return t.UTC()
		}
	}
	p.bad.add(name, "is no time, such as 2025-12-29T22:14:29Z or 2025-12-29")
	return time.Time{}
}

// window reads from and to. Without to it ends now, and without from it is as
// long as usual.
func (p *params) window(now time.Time, usual time.Duration) longrun.Window {
	w := longrun.Window{From: p.time("from"), To: p.time("to")}
	if w.To.IsZero() {
		w.To = now
	}
	if w.From.IsZero() {
		w.From = w.To.Add(-usual)
	}
	if w.From.IsZero() {
		p.bad.add("from", "is the first moment of the calendar, which stands for none")
	}
	if w.To.Before(w.From) {
		if p.text("to") == "" {
			p.bad.add("from", "lies in the future: it is "+longrun.ISO(now))
		} else {
			p.bad.add("to", "is before from")
		}
	}
	return w
}

func (p *params) limit() int {
	text := p.text("limit")
	if text == "" {
		return defaultLimit
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		p.bad.add("limit", fmt.Sprintf("must be a number from 1 to %d", maxLimit))
	}
	return n
}

// page reads what a list takes.
func (p *params) page() ledger.Page {
	page := ledger.Page{Desc: true, Limit: p.limit(), From: p.time("from"), To: p.time("to"), After: p.cursor()}
	if !page.From.IsZero() && !page.To.IsZero() && page.To.Before(page.From) {
		p.bad.add("to", "is before from")
	}
	return page
}

// yesNo reads true or false; nil when it is not given.
func (p *params) yesNo(name string) *bool {
	switch p.text(name) {
	case "":
		return nil
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	p.bad.add(name, "must be true or false")
	return nil
}

// rule reads the name of a rule; empty when it is not given.
func (p *params) rule(name string) longrun.RuleID {
	r := longrun.RuleID(p.text(name))
	if r != "" && !rules.Known(r) {
		p.bad.add(name, fmt.Sprintf("is no rule; there are %v", rules.Rules()))
	}
	return r
}
