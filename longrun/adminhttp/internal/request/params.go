package request

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// Params reads a request's query, and remembers what is wrong with it.
type Params struct {
	// Bad is all that was found wrong so far.
	Bad Errors

	values url.Values
}

// NewParams refuses a name that the endpoint does not know, and what cannot be
// read: a misspelt filter must not silently mean everything.
func NewParams(r *http.Request, known ...string) *Params {
	values, err := url.ParseQuery(r.URL.RawQuery)
	p := &Params{values: values}
	if err != nil {
		p.Bad.Add("", "the query cannot be read: "+err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			p.Bad.Add(name, fmt.Sprintf("unknown parameter; known are %v", known))
		} else if len(values[name]) > 1 {
			p.Bad.Add(name, "given more than once")
		}
	}
	return p
}

// NoParams refuses any query, and reports whether there was none.
func NoParams(w http.ResponseWriter, r *http.Request) bool {
	bad := NewParams(r).Bad
	if len(bad) > 0 {
		Refuse(w, r, bad)
	}
	return len(bad) == 0
}

// Text is a parameter as it was sent; empty when it is not given.
func (p *Params) Text(name string) string { return p.values.Get(name) }

// Time reads an instant or a day; zero when it is not given.
func (p *Params) Time(name string) time.Time {
	text := p.Text(name)
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
	p.Bad.Add(name, "is no time, such as 2025-12-29T22:14:29Z or 2025-12-29")
	return time.Time{}
}

// Window reads from and to. Without to it ends now, and without from it is as
// long as usual.
func (p *Params) Window(now time.Time, usual time.Duration) longrun.Window {
	w := longrun.Window{From: p.Time("from"), To: p.Time("to")}
	if w.To.IsZero() {
		w.To = now
	}
	if w.From.IsZero() {
		w.From = w.To.Add(-usual)
	}
	if w.From.IsZero() {
		p.Bad.Add("from", "is the first moment of the calendar, which stands for none")
	}
	if w.To.Before(w.From) {
		if p.Text("to") == "" {
			p.Bad.Add("from", "lies in the future: it is "+longrun.ISO(now))
		} else {
			p.Bad.Add("to", "is before from")
		}
	}
	return w
}

// YesNo reads true or false; nil when it is not given.
func (p *Params) YesNo(name string) *bool {
	switch p.Text(name) {
	case "":
		return nil
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	p.Bad.Add(name, "must be true or false")
	return nil
}

// Rule reads the name of a rule; empty when it is not given.
func (p *Params) Rule(name string) longrun.RuleID {
	r := longrun.RuleID(p.Text(name))
	if r != "" && !rules.Known(r) {
		p.Bad.Add(name, fmt.Sprintf("is no rule; there are %v", rules.Rules()))
	}
	return r
}
