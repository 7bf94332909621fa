package request

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	defaultLimit = 20
	maxLimit     = 1000
)

// PageParams are the parameters of every list, and more.
func PageParams(more ...string) []string {
	return append([]string{"limit", "window", "from", "to", "cursor"}, more...)
}

func (p *Params) limit(usual, most int) int {
	text := p.Text("limit")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		p.Bad.Add("limit", fmt.Sprintf("must be a number from 1 to %d", most))
	}
	return n
}

// Page reads what a list takes, whose window may be open at either end.
func (p *Params) Page(now time.Time) ledger.Page { return p.page(now, defaultLimit, maxLimit) }

// Rows reads what a list takes that is written as a table, of which most rows are
// usual and the most.
func (p *Params) Rows(now time.Time, most int) ledger.Page { return p.page(now, most, most) }

func (p *Params) page(now time.Time, usual, most int) ledger.Page {
	page := ledger.Page{Desc: true, Limit: p.limit(usual, most), After: p.cursor()}
	if p.Text("window") != "" {
		w := p.Window(now, 0)
		page.From, page.To = w.From, w.To
		return page
	}
	page.From, page.To = p.Time("from"), p.Time("to")
	if !page.From.IsZero() && !page.To.IsZero() && page.To.Before(page.From) {
		p.Bad.Add("to", "is before from")
	}
	return page
}

// cursor is a place in a list as callers carry it; to them it is opaque.
type cursor struct {
	At int64  `json:"t"` // microseconds
	ID string `json:"i"`
}

// CursorText is where a list is to go on, for nextCursor.
func CursorText(c store.Cursor) string {
	data, err := json.Marshal(cursor{At: c.At.UnixMicro(), ID: c.ID})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// cursor reads where a list is to go on; zero when it is not given. Only a place
// that a document can have is one: another could be more than a store can bear.
func (p *Params) cursor() store.Cursor {
	text := p.Text("cursor")
	if text == "" {
		return store.Cursor{}
	}
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	at := time.UnixMicro(c.At).UTC()
	if err == nil {
		err = store.Key{Collection: "any", ID: c.ID}.Validate()
	}
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		p.Bad.Add("cursor", "is not one that a list returned")
	}
	return store.Cursor{At: at, ID: c.ID}
}
