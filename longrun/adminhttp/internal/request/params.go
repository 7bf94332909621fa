package request

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/report"
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
	t, err := report.ParseTime(text)
	if err != nil {
		p.Bad.Add(name, err.Error())
	}
	return t
}

// Window reads window, from and to, as report.Ask does. Where nothing is given it
// is as long as usual, up to now.
func (p *Params) Window(now time.Time, usual time.Duration) longrun.Window {
	if len(p.Bad) > 0 {
		return longrun.Window{}
	}
	w, err := report.Ask{Window: p.Text("window"), From: p.Text("from"), To: p.Text("to")}.Read(now, usual)
	if wrong, ok := errors.AsType[*report.WindowError](err); ok {
		p.Bad.Add(wrong.Part, wrong.Reason)
	}
	return w
}

// Format reads format, one of those given; empty when it is not given.
func (p *Params) Format(known ...string) string {
	name := p.Text("format")
	if name != "" && !slices.Contains(known, name) {
		p.Bad.Add("format", "is none of "+strings.Join(known, ", "))
	}
	return name
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
