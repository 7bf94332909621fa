package live

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// windowFlags say which time to look at; the API reads them as longctl report does.
type windowFlags struct {
	Window string `placeholder:"WINDOW" help:"Only so long until now: 1h, 36h, 7d …, or FROM/TO, each a day or a time."`
	From   string `placeholder:"TIME" help:"Only from then on: 2025-12-29 or 2025-12-29T22:00:00Z."`
	To     string `placeholder:"TIME" help:"Only before then."`
	Limit  int    `default:"20" placeholder:"N" help:"How many, the newest first; 20 unless given."`
}

func (f windowFlags) query() url.Values {
	q := url.Values{"limit": {strconv.Itoa(f.Limit)}}
	for name, value := range map[string]string{"window": f.Window, "from": f.From, "to": f.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// ListFlags are those of every list.
type ListFlags struct {
	DoorFlags   `embed:""`
	OutputFlags `embed:""`
	windowFlags `embed:""`
}

// page is a page of a list as the API returns it, under whatever name.
type page[T any] struct {
	raw   map[string]any
	items []T
	more  bool
}

// list asks for a page and shows it, one line for each document.
func list[T any](ctx context.Context, f ListFlags, out io.Writer, name string, query url.Values, head []string, row func(T) []string) error {
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
