package adminhttp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report/table"
	"github.com/seed-13dc028d/longwatch/store"
)

// reader streams a page of a collection.
type reader[T any] func(context.Context, ledger.Page) iter.Seq2[ledger.Entry[T], error]

func (h *handler) heartbeats(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, request.NewParams(r, request.PageParams()...), ledger.Heartbeats, h.book(r.Context()).Heartbeats, nil)
}

func (h *handler) runs(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, request.NewParams(r, request.PageParams()...), ledger.Runs, h.book(r.Context()).Runs, nil)
}

func (h *handler) locks(w http.ResponseWriter, r *http.Request) {
	book := h.book(r.Context())
	answerList(h, w, r, request.NewParams(r, request.PageParams()...), ledger.Locks, func(ctx context.Context, p ledger.Page) iter.Seq2[ledger.Entry[lock.Row], error] {
		return ledger.List[lock.Row](ctx, book, ledger.Locks, p)
	}, nil)
}

// probes answers GET probes, of one type or name where that is asked for. Limit
// counts what is returned; to find it, others may be read.
func (h *handler) probes(w http.ResponseWriter, r *http.Request) {
	p := request.NewParams(r, request.PageParams("type", "name", "format")...)
	kind, name := longrun.ProbeType(p.Text("type")), p.Text("name")
	if kind != "" && kind.Validate() != nil {
		p.Bad.Add("type", "is no probe type, such as outbound")
	}
	if (longrun.NamedProbe{Type: longrun.Outbound, Name: name}).Validate() != nil {
		p.Bad.Add("name", "is no probe's name, such as ops-1")
	}
	var wanted func(longrun.Probe) bool
	if kind != "" || name != "" {
		wanted = func(p longrun.Probe) bool {
			return (kind == "" || p.Type == kind) && (name == "" || p.Name == name)
		}
	}
	if p.Format(reply.AsJSON, reply.AsCSV) == reply.AsCSV {
		answerTable(h, w, r, p, list[longrun.Probe]{ledger.Probes, table.ProbeColumns(), h.book(r.Context()).Probes, wanted, table.Probe})
		return
	}
	answerList(h, w, r, p, ledger.Probes, h.book(r.Context()).Probes, wanted)
}

// incidents answers GET incidents, with open=true or false of those that are
// open or over, with rule and target of theirs. Limit counts what is returned; to
// find it, others may be read.
func (h *handler) incidents(w http.ResponseWriter, r *http.Request) {
	p := request.NewParams(r, request.PageParams("open", "rule", "target", "format")...)
	open, rule, target := p.YesNo("open"), p.Rule("rule"), p.Text("target")
	var wanted func(longrun.Incident) bool
	if open != nil || rule != "" || target != "" {
		wanted = func(i longrun.Incident) bool {
			return (open == nil || i.Open() == *open) && (rule == "" || i.Rule == rule) && (target == "" || i.Target == target)
		}
	}
	if p.Format(reply.AsJSON, reply.AsCSV) == reply.AsCSV {
		answerTable(h, w, r, p, list[longrun.Incident]{ledger.Incidents, table.IncidentColumns(), h.book(r.Context()).Incidents, wanted, table.Incident})
		return
	}
	answerList(h, w, r, p, ledger.Incidents, h.book(r.Context()).Incidents, wanted)
}

// outbox answers GET outbox: the messages that were decided, and what became of
// them.
func (h *handler) outbox(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, request.NewParams(r, request.PageParams()...), ledger.Outbox, decided(h.book(r.Context()).Notices), nil)
}

// maxOutbox is how many messages are listed, those that are due last.
const maxOutbox = 5000

// decided pages through messages by when they were decided. By when they are due, as
// they lie in the store, one that is tried again meanwhile would be passed over, or be
// there twice.
func decided(notices reader[longrun.Notice]) reader[longrun.Notice] {
	type one struct {
		ledger.Entry[longrun.Notice]
		err error
	}
	return func(ctx context.Context, page ledger.Page) iter.Seq2[ledger.Entry[longrun.Notice], error] {
		return func(yield func(ledger.Entry[longrun.Notice], error) bool) {
			var all []one
			for e, err := range notices(ctx, ledger.Page{Desc: true, Limit: maxOutbox}) {
				if _, mangled := errors.AsType[*ledger.DocumentError](err); err != nil && !mangled {
					yield(e, err)
					return
				}
				if !e.Value.Created.IsZero() {
					e.At = e.Value.Created.UTC()
				}
				if (page.From.IsZero() || !e.At.Before(page.From)) && (page.To.IsZero() || e.At.Before(page.To)) {
					all = append(all, one{e, err})
				}
			}
			slices.SortFunc(all, func(a, b one) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Key.ID, a.Key.ID)) })
			for _, m := range all {
				after := page.After
				if !after.IsZero() && cmp.Or(m.At.Compare(after.At), cmp.Compare(m.Key.ID, after.ID)) >= 0 {
					continue
				}
				if !yield(m.Entry, m.err) {
					return
				}
			}
		}
	}
}

// silences answers GET silences, with active=true of those that hold now or
// begin later.
func (h *handler) silences(w http.ResponseWriter, r *http.Request) {
	p := request.NewParams(r, request.PageParams("active")...)
	var wanted func(longrun.Silence) bool
	if active, now := p.YesNo("active"), h.clock.Now(); active != nil {
		wanted = func(s longrun.Silence) bool { return s.Until.After(now) == *active }
	}
	answerList(h, w, r, p, ledger.Silences, h.book(r.Context()).Silences, wanted)
}

// rollups answers GET rollups: the days that are over, as they are kept.
func (h *handler) rollups(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, request.NewParams(r, request.PageParams()...), ledger.Rollups, h.book(r.Context()).Rollups, nil)
}

// maxPage is where a page ends whatever its limit: a document may have a megabyte.
const maxPage = 8 << 20

// answerList answers with one page of what is wanted: nil wants everything, a
// document that does not decode too. It asks for one document more than it
// returns, to know whether there is a next page.
func answerList[T any](h *handler, w http.ResponseWriter, r *http.Request, p *request.Params, name ledger.Collection, read reader[T], wanted func(T) bool) {
	page := p.Page(h.clock.Now())
	if len(p.Bad) > 0 {
		request.Refuse(w, r, p.Bad)
		return
	}
	limit := page.Limit
	page.Limit++
	if wanted != nil {
		page.Limit = 0 // how many are to be read is not known
	}
	out := reply.List{Name: name}
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
		text, err := json.Marshal(reply.DocumentOf(e, mangled))
		if err != nil {
			h.logger.ErrorContext(r.Context(), "a document has no JSON", "path", visible.Line(e.Path(), 200), "error", err)
			reply.Fail(w, r, http.StatusInternalServerError, "", "a document could not be shown")
			return
		}
		if size += len(text); len(out.Documents) == limit || size > maxPage && len(out.Documents) > 0 {
			out.NextCursor = last
			break
		}
		out.Documents, last = append(out.Documents, text), request.CursorText(e.Cursor())
	}
	reply.JSON(w, r, http.StatusOK, out)
}

// incident answers GET incidents/{id}: where messages link to.
func (h *handler) incident(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	e, err := h.book(r.Context()).Incident(r.Context(), r.PathValue("id"))
	answerOne(h, w, r, "incident", e, err, func() { reply.Fail(w, r, http.StatusNotFound, "id", "no such incident") })
}

// rollup answers GET rollups/{day}.
func (h *handler) rollup(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	day, err := longrun.ParseRollupID(r.PathValue("day"))
	if err != nil {
		request.Refuse(w, r, request.Errors{{Field: "day", Message: "is no day, such as 2025-12-29"}})
		return
	}
	e, err := h.book(r.Context()).Rollup(r.Context(), day)
	answerOne(h, w, r, "rollup", e, err, func() {
		name, now := longrun.RollupID(day), h.clock.Now()
		message := name + " has no rollup: none was made yet, or nothing is known of the day"
		if end := longrun.DayOf(day).To; end.After(now) {
			message = fmt.Sprintf("%s is not over, and has no rollup before: it is %s", name, longrun.ISO(now))
		}
		reply.Fail(w, r, http.StatusNotFound, "day", message)
	})
}

// answerOne answers with one document, or with missing where there is none.
func answerOne[T any](h *handler, w http.ResponseWriter, r *http.Request, name string, e ledger.Entry[T], err error, missing func()) {
	_, mangled := errors.AsType[*ledger.DocumentError](err)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		missing()
	case mangled:
		undecodable(w, r)
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		reply.JSON(w, r, http.StatusOK, reply.One{Name: name, Document: reply.DocumentOf(e, false)})
	}
}

// undecodable answers for a document that is there and is not what its
// collection holds.
func undecodable(w http.ResponseWriter, r *http.Request) {
	reply.Fail(w, r, http.StatusInternalServerError, "", "the document does not decode")
}
