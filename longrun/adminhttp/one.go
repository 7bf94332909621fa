package adminhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// one is the reply of one document, which stands under its name.
type one struct {
	name     string
	document document
}

// MarshalJSON implements json.Marshaler.
func (o one) MarshalJSON() ([]byte, error) {
	d, err := json.Marshal(o.document)
	return fmt.Appendf(nil, "{%q:true,%q:%s}", "success", o.name, d), err
}

// undecodable answers for a document that is there and is not what its
// collection holds.
func undecodable(w http.ResponseWriter, r *http.Request) {
	fail(w, r, http.StatusInternalServerError, "", "the document does not decode")
}

// incident answers GET incidents/{id}: where messages link to.
func (h *handler) incident(w http.ResponseWriter, r *http.Request) {
	if !noParams(w, r) {
		return
	}
	e, err := h.book(r.Context()).Incident(r.Context(), r.PathValue("id"))
	answerOne(h, w, r, "incident", e, err, func() { fail(w, r, http.StatusNotFound, "id", "no such incident") })
}

// rollup answers GET rollups/{day}.
func (h *handler) rollup(w http.ResponseWriter, r *http.Request) {
	if !noParams(w, r) {
		return
	}
	day, err := longrun.ParseRollupID(r.PathValue("day"))
	if err != nil {
		refuse(w, r, fieldErrors{{"day", "is no day, such as 2025-12-29"}})
		return
	}
	e, err := h.book(r.Context()).Rollup(r.Context(), day)
	answerOne(h, w, r, "rollup", e, err, func() {
		name, now := longrun.RollupID(day), h.clock.Now()
		message := name + " has no rollup: none was made yet, or nothing is known of the day"
		if end := longrun.DayOf(day).To; end.After(now) {
			message = fmt.Sprintf("%s is not over, and has no rollup before: it is %s", name, longrun.ISO(now))
		}
		fail(w, r, http.StatusNotFound, "day", message)
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
		reply(w, r, http.StatusOK, one{name, documentOf(e, false)})
	}
}
