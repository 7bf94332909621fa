package adminhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// list is the reply of every list: the documents stand under the name of their
// collection, as they always have.
type list struct {
	name       ledger.Collection
	documents  []document
	nextCursor string
}

// MarshalJSON implements json.Marshaler.
func (l list) MarshalJSON() ([]byte, error) {
	documents, err := json.Marshal(l.documents)
	if err != nil {
		return nil, err
	}
	if l.documents == nil {
		documents = []byte("[]")
	}
	next := ""
	if l.nextCursor != "" {
		next = fmt.Sprintf(",%q:%q", "nextCursor", l.nextCursor) // base64: nothing to escape
	}
	return fmt.Appendf(nil, "{%q:true,%q:%d,%q:%s%s}", "success", "count", len(l.documents), l.name, documents, next), nil
}

func (h *handler) heartbeats(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, ledger.Heartbeats, func(p ledger.Page) iter.Seq2[entry, error] {
		return entries(h.monitor.Ledger().Heartbeats(r.Context(), p))
	})
}

func (h *handler) runs(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, ledger.Runs, func(p ledger.Page) iter.Seq2[entry, error] {
		return entries(h.monitor.Ledger().Runs(r.Context(), p))
	})
}

func (h *handler) locks(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, ledger.Locks, func(p ledger.Page) iter.Seq2[entry, error] {
		return entries(ledger.List[lock.Row](r.Context(), h.monitor.Ledger(), ledger.Locks, p))
	})
}

// entry is a ledger.Entry of whatever type.
type entry struct {
	document document
	cursor   string
}

func entries[T any](seq iter.Seq2[ledger.Entry[T], error]) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for e, err := range seq {
			out := entry{document: document{id: e.Key.ID, path: e.Path(), value: e.Value}, cursor: cursorText(e.Cursor())}
			if _, ok := errors.AsType[*ledger.DocumentError](err); ok {
				// It is there, and hiding it would make the counts lie.
				out.document.value, out.document.err, err = nil, errors.New("the document does not decode"), nil
			}
			if !yield(out, err) {
				return
			}
		}
	}
}

// answerList answers with one page. It asks for one document more than it
// returns, to know whether there is a next page.
func answerList(h *handler, w http.ResponseWriter, r *http.Request, name ledger.Collection, read func(ledger.Page) iter.Seq2[entry, error]) {
	p := newParams(r, "limit", "from", "to", "cursor")
	answerPage(h, w, r, p, name, read)
}

// answerPage is answerList for parameters that are read already, more of them
// perhaps.
func answerPage(h *handler, w http.ResponseWriter, r *http.Request, p *params, name ledger.Collection, read func(ledger.Page) iter.Seq2[entry, error]) {
	page := p.page()
	if p.err != nil {
		fail(w, http.StatusBadRequest, p.err.field, p.err.Error())
		return
	}
	limit := page.Limit
	page.Limit++
	out := list{name: name}
	last := ""
	for e, err := range read(page) {
		if err != nil {
			h.storeFailed(w, r, err)
			return
		}
		if len(out.documents) == limit {
			out.nextCursor = last
			break
		}
		out.documents, last = append(out.documents, e.document), e.cursor
	}
	reply(w, http.StatusOK, out)
}
