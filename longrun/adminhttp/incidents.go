package adminhttp

import (
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// incidents answers GET incidents, with open=true or false of those that are
// open or over, with rule and target of theirs. Limit counts what is returned; to
// find it, others may be read.
func (h *handler) incidents(w http.ResponseWriter, r *http.Request) {
	p := newParams(r, "limit", "from", "to", "cursor", "open", "rule", "target")
	open, rule, target := p.yesNo("open"), p.rule("rule"), p.text("target")
	wanted := func(i longrun.Incident) bool {
		return (open == nil || i.Open() == *open) && (rule == "" || i.Rule == rule) && (target == "" || i.Target == target)
	}
	answerPage(h, w, r, p, ledger.Incidents, func(page ledger.Page) iter.Seq2[entry, error] {
		if open == nil && rule == "" && target == "" {
			return entries(h.monitor.Ledger().Incidents(r.Context(), page))
		}
		limit := page.Limit
		page.Limit = 0
		return entries(filtered(h.monitor.Ledger().Incidents(r.Context(), page), wanted, limit))
	})
}

// filtered passes on at most limit documents that are wanted. One that does not
// decode is not.
func filtered[T any](seq iter.Seq2[ledger.Entry[T], error], wanted func(T) bool, limit int) iter.Seq2[ledger.Entry[T], error] {
	return func(yield func(ledger.Entry[T], error) bool) {
		for e, err := range seq {
			if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled || err == nil && !wanted(e.Value) {
				continue
			}
			if limit--; !yield(e, err) || limit == 0 {
				return
			}
		}
	}
}

type incidentReply struct {
	Success  bool     `json:"success"`
	Incident document `json:"incident"`
}

// incident answers GET incidents/{id}: where messages link to.
func (h *handler) incident(w http.ResponseWriter, r *http.Request) {
	if p := newParams(r); p.err != nil {
		fail(w, http.StatusBadRequest, p.err.field, p.err.Error())
		return
	}
	e, err := h.monitor.Ledger().Incident(r.Context(), r.PathValue("id"))
	_, mangled := errors.AsType[*ledger.DocumentError](err)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		fail(w, http.StatusNotFound, "id", "no such incident")
	case mangled:
		fail(w, http.StatusInternalServerError, "", "the document does not decode")
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		reply(w, http.StatusOK, incidentReply{Success: true, Incident: document{id: e.Key.ID, path: e.Path(), value: e.Value}})
	}
}

// outbox answers GET outbox: the messages that were decided, and what became of
// them.
func (h *handler) outbox(w http.ResponseWriter, r *http.Request) {
	answerList(h, w, r, ledger.Outbox, func(p ledger.Page) iter.Seq2[entry, error] {
		return entries(h.monitor.Ledger().Notices(r.Context(), p))
	})
}

// yesNo reads true or false; nil when it is not given.
func (p *params) yesNo(name string) *bool {
	switch p.text(name) {
	case "":
		return nil
	case "true":
		yes := true
		return &yes
	case "false":
		no := false
		return &no
	}
	p.bad(name, "must be true or false")
	return nil
}

// rule reads the name of a rule; empty when it is not given.
func (p *params) rule(name string) longrun.Rule {
	r := longrun.Rule(p.text(name))
	if r != "" && !r.Known() {
		p.bad(name, fmt.Sprintf("is no rule; there are %v", longrun.Rules()))
	}
	return r
}
