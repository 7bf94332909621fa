package live

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/window"
)

// ListFlags are those of every list.
type ListFlags struct {
	DoorFlags    `embed:""`
	OutputFlags  `embed:""`
	window.Flags `embed:""`

	Limit int `default:"20" placeholder:"N" help:"How many, the newest first; 20 unless given."`
}

// query is what the list is asked with. That server reads the window, by its own clock.
func (f ListFlags) query() (url.Values, error) {
	q := url.Values{"limit": {strconv.Itoa(f.Limit)}}
	return q, f.Query(q, time.Now())
}

// page is a page of a list as the API returns it, under whatever name.
type page[T any] struct {
	raw   map[string]any
	items []T
	more  bool
}

// list asks for a page and shows it, one line for each document.
func list[T any](ctx context.Context, f ListFlags, out io.Writer, name string, more url.Values, head []string, row func(T) []string) error {
	query, err := f.query()
	if err != nil {
		return err
	}
	maps.Copy(query, more)
	d, err := f.open(ctx, false)
	if err != nil {
		return err
	}
	defer d.end()
	p, err := ask[T](ctx, d, name, query)
	if err != nil {
		return err
	}
	return p.show(f.OutputFlags, out, name, head, row)
}

func ask[T any](ctx context.Context, d *door, name string, query url.Values) (page[T], error) {
	var raw map[string]json.RawMessage
	p := page[T]{raw: map[string]any{}}
	if err := d.ask(ctx, http.MethodGet, "/"+name, query, nil, &raw); err != nil {
		return p, err
	}
	for key, value := range raw {
		if key != "success" {
			p.raw[key] = value
		}
	}
	if err := json.Unmarshal(raw[name], &p.items); err != nil {
		return p, err
	}
	var cursor string
	_ = json.Unmarshal(raw["nextCursor"], &cursor) // null where there is none
	p.more = cursor != ""
	return p, nil
}

func (p page[T]) show(f OutputFlags, out io.Writer, name string, head []string, row func(T) []string) error {
	return f.show(out, p.raw, func(s *sheet) {
		if len(p.items) == 0 {
			s.row("no " + name)
			return
		}
		s.row(head...)
		for _, item := range p.items {
			s.row(row(item)...)
		}
		if p.more {
			s.row("… and more: give --limit, or a --window")
		}
	})
}
