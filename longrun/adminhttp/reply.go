package adminhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// reply writes a JSON body.
func reply(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"success":false,"error":"the reply could not be encoded"}`)
	}
	write(w, status, "application/json; charset=utf-8", append(data, '\n'))
}

// write writes a body of any type. Nothing here may be kept by a cache: it is the
// state of this moment.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone: nobody to tell
}

type failure struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
	Field   string `json:"field,omitempty"`
}

func fail(w http.ResponseWriter, status int, field, message string) {
	reply(w, status, failure{Error: message, Field: field})
}

// refuse answers for a request that makes no sense.
func refuse(w http.ResponseWriter, bad fieldErrors) {
	fail(w, http.StatusBadRequest, bad.field(), bad.Error())
}

// storeFailed answers for a store that did not: the reason goes to the log, the
// caller is told no internals.
func (h *handler) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(context.Cause(r.Context()), context.Canceled) {
		return // the caller has gone: nothing failed, and there is nobody to tell
	}
	h.logger.WarnContext(r.Context(), "admin request failed", "path", r.URL.Path, "error", err)
	fail(w, http.StatusServiceUnavailable, "", "the store does not answer")
}
