package adminhttp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	defaultLimit = 20
	maxLimit     = 1000
)

// fieldError is a bad value of one parameter.
type fieldError struct{ field, message string }

func (e *fieldError) Error() string { return e.field + ": " + e.message }

// params reads a request's query, and remembers the first thing that is wrong
// with it.
type params struct {
	values map[string][]string
	err    *fieldError
}

// newParams refuses a name that the endpoint does not know: a misspelt filter
// must not silently mean everything.
func newParams(r *http.Request, known ...string) *params {
	p := &params{values: r.URL.Query()}
	for name, values := range p.values {
		if !slices.Contains(known, name) {
			p.bad(name, fmt.Sprintf("unknown parameter; known are %v", known))
		} else if len(values) > 1 {
			p.bad(name, "given more than once")
		}
	}
	return p
}

func (p *params) bad(field, message string) {
	if p.err == nil {
		p.err = &fieldError{field, message}
	}
}

func (p *params) text(name string) string {
	if v := p.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// time reads an instant or a day; zero when it is not given.
func (p *params) time(name string) time.Time {
	text := p.text(name)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		// Beyond these years a bound moved onto the grid could not be written.
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 && t.Year() < 9999 {
			return t.UTC()
		}
	}
	p.bad(name, "is no time, such as 2025-12-29T22:14:29Z or 2025-12-29")
	return time.Time{}
}

func (p *params) limit() int {
	text := p.text("limit")
	if text == "" {
		return defaultLimit
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		p.bad("limit", fmt.Sprintf("must be a number from 1 to %d", maxLimit))
	}
	return n
}

// page reads what a list takes.
func (p *params) page() ledger.Page {
	page := ledger.Page{Desc: true, Limit: p.limit(), From: p.time("from"), To: p.time("to"), After: p.cursor()}
	if !page.From.IsZero() && !page.To.IsZero() && page.To.Before(page.From) {
		p.bad("to", "is before from")
	}
	return page
}

func (p *params) cursor() store.Cursor {
	text := p.text("cursor")
	if text == "" {
		return store.Cursor{}
	}
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || c.ID == "" {
		p.bad("cursor", "is not one that a list returned")
	}
	return store.Cursor{At: time.UnixMicro(c.At).UTC(), ID: c.ID}
}

// cursor is a place in a list as callers carry it; to them it is opaque.
type cursor struct {
	At int64  `json:"t"` // microseconds
	ID string `json:"i"`
}

func cursorText(c store.Cursor) string {
	data, err := json.Marshal(cursor{At: c.At.UnixMicro(), ID: c.ID})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}
