package adminhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// list is the reply of every list: the documents stand under the name of their
// collection, as they always have.
type list struct {
	name       ledger.Collection
	documents  []json.RawMessage
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

// reader streams a page of a collection.
type reader[T any] func(context.Context, ledger.Page) iter.Seq2[ledger.Entry[T], error]

func (h *handler) heartbeats(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, newParams(r, pageParams()...), ledger.Heartbeats, h.book(r.Context()).Heartbeats, nil)
}

func (h *handler) runs(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, newParams(r, pageParams()...), ledger.Runs, h.book(r.Context()).Runs, nil)
}

func (h *handler) locks(w http.ResponseWriter, r *http.Request) {
	book := h.book(r.Context())
	answerList(h, w, r, newParams(r, pageParams()...), ledger.Locks, func(ctx context.Context, p ledger.Page) iter.Seq2[ledger.Entry[lock.Row], error] {
		return ledger.List[lock.Row](ctx, book, ledger.Locks, p)
	}, nil)
}

// probes answers GET probes, of one type where that is asked for. Limit counts
// what is returned; to find it, others may be read.
func (h *handler) probes(w http.ResponseWriter, r *http.Request) {
	p := newParams(r, pageParams("type")...)
	kind := longrun.ProbeType(p.text("type"))
	if kind != "" && kind.Validate() != nil {
		p.bad.add("type", "is no probe type, such as outbound")
	}
	var wanted func(longrun.Probe) bool
	if kind != "" {
		wanted = func(p longrun.Probe) bool { return p.Type == kind }
	}
	answerList(h, w, r, p, ledger.Probes, h.book(r.Context()).Probes, wanted)
}

// incidents answers GET incidents, with open=true or false of those that are
// open or over, with rule and target of theirs. Limit counts what is returned; to
// find it, others may be read.
func (h *handler) incidents(w http.ResponseWriter, r *http.Request) {
	p := newParams(r, pageParams("open", "rule", "target")...)
	open, rule, target := p.yesNo("open"), p.rule("rule"), p.text("target")
	var wanted func(longrun.Incident) bool
	if open != nil || rule != "" || target != "" {
		wanted = func(i longrun.Incident) bool {
			return (open == nil || i.Open() == *open) && (rule == "" || i.Rule == rule) && (target == "" || i.Target == target)
		}
	}
	answerList(h, w, r, p, ledger.Incidents, h.book(r.Context()).Incidents, wanted)
}

// outbox answers GET outbox: the messages that were decided, and what became of
// them.
func (h *handler) outbox(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, newParams(r, pageParams()...), ledger.Outbox, h.book(r.Context()).Notices, nil)
}

// silences answers GET silences, with active=true of those that hold now or
// begin later.
func (h *handler) silences(w http.ResponseWriter, r *http.Request) {
	p := newParams(r, pageParams("active")...)
	var wanted func(longrun.Silence) bool
	if active, now := p.yesNo("active"), h.clock.Now(); active != nil {
		wanted = func(s longrun.Silence) bool { return s.Until.After(now) == *active }
	}
	answerList(h, w, r, p, ledger.Silences, h.book(r.Context()).Silences, wanted)
}

// rollups answers GET rollups: the days that are over, as they are kept.
func (h *handler) rollups(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, newParams(r, pageParams()...), ledger.Rollups, h.book(r.Context()).Rollups, nil)
}

// maxPage is where a page ends whatever its limit: a document may have a megabyte.
const maxPage = 8 << 20

// pageParams are the parameters of every list, and more.
func pageParams(more ...string) []string {
	return append([]string{"limit", "from", "to", "cursor"}, more...)
}

// answerList answers with one page of what is wanted: nil wants everything, a
// document that does not decode too. It asks for one document more than it
// returns, to know whether there is a next page.
func answerList[T any](h *handler, w http.ResponseWriter, r *http.Request, p *params, name ledger.Collection, read reader[T], wanted func(T) bool) {
	page := p.page()
	if len(p.bad) > 0 {
		refuse(w, r, p.bad)
		return
	}
	limit := page.Limit
	page.Limit++
	if wanted != nil {
		page.Limit = 0 // how many are to be read is not known
	}
	out := list{name: name}
	last, size := "", 0
	for e, err := range read(r.Context(), page) {
		_, mangled := errors.AsType[*ledger.DocumentError](err)
		switch {
		case err != nil && !mangled:
			h.storeFailed(w, r, err)
			return
		case wanted != nil && (mangled || !wanted(e.Value)):
			continue
		}
		text, err := json.Marshal(documentOf(e, mangled))
		if err != nil {
			h.logger.ErrorContext(r.Context(), "a document has no JSON", "path", visible.Line(e.Path(), 200), "error", err)
			fail(w, r, http.StatusInternalServerError, "", "a document could not be shown")
			return
		}
		if size += len(text); len(out.documents) == limit || size > maxPage && len(out.documents) > 0 {
			out.nextCursor = last
			break
		}
		out.documents, last = append(out.documents, text), cursorText(e.Cursor())
	}
	reply(w, r, http.StatusOK, out)
}
