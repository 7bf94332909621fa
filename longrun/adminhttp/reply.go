package adminhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/store"
)

// reply writes a JSON body, in which what cannot be seen is escaped: it is read on
// terminals.
func reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"success":false,"error":"the reply could not be encoded"}`)
	}
	write(w, r, status, "application/json; charset=utf-8", append(visible.JSON(data), '\n'))
}

// write writes a body of any type. Nothing here may be kept by a cache: it is the
// state of this moment.
func write(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	send(w, r, body)
}

type failure struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
	Field   string `json:"field,omitempty"`
}

// fail answers that something could not be done: in JSON or, to a browser, as a
// page.
func fail(w http.ResponseWriter, r *http.Request, status int, field, message string) {
	if browses(r) {
		failPage(w, r, status, message)
		return
	}
	reply(w, r, status, failure{Error: message, Field: field})
}

// refuse answers for a request that makes no sense.
func refuse(w http.ResponseWriter, r *http.Request, bad fieldErrors) {
	fail(w, r, http.StatusBadRequest, bad.field(), bad.Error())
}

// storeFailed answers for a store that did not: the reason goes to the log, the
// caller is told no internals. What the store said of the request itself is not
// its failure.
func (h *handler) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(context.Cause(r.Context()), context.Canceled) {
		return // the caller has gone: nothing failed, and there is nobody to tell
	}
	h.logger.WarnContext(r.Context(), "admin request failed", "path", visible.Line(r.URL.Path, 200), "error", err)
	if errors.Is(err, store.ErrInvalid) {
		fail(w, r, http.StatusInternalServerError, "", "a document is not what its collection holds; the log says which")
		return
	}
	fail(w, r, http.StatusServiceUnavailable, "", "the store does not answer")
}
