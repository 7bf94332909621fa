package adminhttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/patience"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report/table"
)

// list is a collection as a table: how it is read, what is wanted of it (nil wants
// everything), and how a document becomes a row.
type list[T any] struct {
	name    ledger.Collection
	columns table.Row
	read    reader[T]
	wanted  func(T) bool
	row     func(T) table.Row
}

// answerTable answers with a list as CSV, row by row as it is read: it is never
// whole in memory. It asks for one document more than it writes, to know whether
// there are more.
//
// A store that fails before the first row is answered like anywhere; one that fails
// later cuts the connection, so that nobody takes a part for the whole.
func answerTable[T any](h *handler, w http.ResponseWriter, r *http.Request, p *request.Params, l list[T]) {
	page := p.Rows(h.clock.Now(), table.MaxRows)
	if len(p.Bad) > 0 {
		request.Refuse(w, r, p.Bad)
		return
	}
	most := page.Limit
	page.Limit++
	if l.wanted != nil {
		page.Limit = 0 // how many are to be read is not known
	}
	out := &lateWriter{open: func() io.Writer { return stream(w, r, string(l.name)) }}
	t := table.NewWriter(out, l.columns, most)
	rows, last := 0, ""
	for e, err := range l.read(r.Context(), page) {
		_, mangled := errors.AsType[*ledger.DocumentError](err)
		switch {
		case mangled:
			t.Undecodable()
			continue
		case err != nil:
			h.tableFailed(w, r, out, err)
			return
		case l.wanted != nil && !l.wanted(e.Value):
			continue
		}
		if rows == most {
			t.More("ask for cursor=" + last)
			break
		}
		if !t.Add(l.row(e.Value)) {
			break // the caller has gone
		}
		rows, last = rows+1, request.CursorText(e.Cursor())
	}
	if err := t.Close(); err != nil {
		panic(http.ErrAbortHandler) // the caller has gone, or is too slow
	}
}

// gaps answers with the gaps of a window as CSV.
func (h *handler) gaps(w http.ResponseWriter, r *http.Request, c longrun.Coverage, undecodable int64) {
	t := table.NewWriter(stream(w, r, "gaps"), table.GapColumns(), 0)
	for range undecodable {
		t.Undecodable()
	}
	for i, g := range c.Gaps {
		if !t.Add(table.Gap(g)) {
			t.More(fmt.Sprintf("%d gaps are left out; ask for a shorter window", len(c.Gaps)-i))
			break
		}
	}
	if err := t.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// tableFailed ends a table whose store did not answer.
func (h *handler) tableFailed(w http.ResponseWriter, r *http.Request, out *lateWriter, err error) {
	if out.to == nil {
		h.storeFailed(w, r, err)
		return
	}
	if r.Context().Err() == nil || patience.Of(r.Context()) != nil {
		h.logger.WarnContext(r.Context(), "a table was cut off", "path", visible.Line(r.URL.Path, 200), "error", err)
	}
	panic(http.ErrAbortHandler)
}

// stream begins a table that is sent while it is read. Its reader has to take it as
// fast as the store is to answer.
func stream(w http.ResponseWriter, r *http.Request, name string) io.Writer {
	out := reply.Stream(w, r, "text/csv; charset=utf-8; header=present", "longwatch-"+name+".csv")
	p := patience.Of(r.Context())
	if p == nil {
		return out
	}
	return heard{out, p}
}

// heard is a writer during whose waiting the store says nothing, and is not to blame.
type heard struct {
	io.Writer
	patience *patience.Context
}

func (h heard) Write(b []byte) (int, error) {
	n, err := h.Writer.Write(b)
	h.patience.Hear()
	return n, err
}

// lateWriter is opened when there is something to write.
type lateWriter struct {
	open func() io.Writer
	to   io.Writer
}

func (l *lateWriter) Write(b []byte) (int, error) {
	if l.to == nil {
		l.to = l.open()
	}
	return l.to.Write(b)
}
