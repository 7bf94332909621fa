package adminhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// silences answers GET silences, with active=true of those that hold now or
// begin later.
func (h *handler) silences(w http.ResponseWriter, r *http.Request) {
	p := newParams(r, "limit", "from", "to", "cursor", "active")
	active, now := p.yesNo("active"), h.clock.Now()
	answerPage(h, w, r, p, ledger.Silences, func(page ledger.Page) iter.Seq2[entry, error] {
		if active == nil {
			return entries(h.monitor.Ledger().Silences(r.Context(), page))
		}
		limit := page.Limit
		page.Limit = 0
		wanted := func(s longrun.Silence) bool { return s.Until.After(now) == *active }
		return entries(filtered(h.monitor.Ledger().Silences(r.Context(), page), wanted, limit))
	})
}

// silenceRequest is the body of POST silences.
type silenceRequest struct {
	// From is when it begins, by default now.
	From time.Time `json:"from"`
	// Until or Minutes is when it ends; one of them.
	Until   time.Time `json:"until"`
	Minutes float64   `json:"minutes"`
	// Rule and Target are what it silences, by default everything.
	Rule   longrun.Rule `json:"rule"`
	Target string       `json:"target"`
	By     string       `json:"by"`
	Reason string       `json:"reason"`
}

type silenceReply struct {
	Success bool     `json:"success"`
	Silence document `json:"silence"`
}

// postSilence answers POST silences.
func (h *handler) postSilence(w http.ResponseWriter, r *http.Request) {
	var body silenceRequest
	if !readBody(w, r, &body) {
		return
	}
	now := h.clock.Now().UTC().Truncate(time.Microsecond)
	if body.From.IsZero() {
		body.From = now
	}
	switch {
	case body.Minutes != 0 && !body.Until.IsZero():
		fail(w, http.StatusBadRequest, "minutes", "minutes: give until or minutes, not both")
		return
	case body.Minutes < 0 || body.Minutes > longrun.MaxSilence.Minutes():
		fail(w, http.StatusBadRequest, "minutes", fmt.Sprintf("minutes: is not between 0 and %.0f", longrun.MaxSilence.Minutes()))
		return
	case body.Minutes > 0:
		body.Until = body.From.Add(time.Duration(body.Minutes * float64(time.Minute)))
	}
	s := longrun.Silence{From: body.From, Until: body.Until, Rule: body.Rule, Target: body.Target, By: body.By, Reason: body.Reason}
	err := s.Validate()
	if err == nil && !s.Until.After(now) {
		err = errors.New("until is over already")
	}
	if err != nil {
		message := strings.ReplaceAll(err.Error(), "\n", "; ")
		field, _, _ := strings.Cut(message, " ")
		fail(w, http.StatusBadRequest, field, message)
		return
	}
	if s.By == "" {
		s.By = "admin API"
	}
	stored, err := h.monitor.Silence(r.Context(), s)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	h.replySilence(w, http.StatusCreated, stored)
}

// deleteSilence answers DELETE silences/{id}: the silence ends now. Its document
// stays.
func (h *handler) deleteSilence(w http.ResponseWriter, r *http.Request) {
	if p := newParams(r); p.err != nil {
		fail(w, http.StatusBadRequest, p.err.field, p.err.Error())
		return
	}
	s, err := h.monitor.EndSilence(r.Context(), r.PathValue("id"))
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		fail(w, http.StatusNotFound, "id", "no such silence")
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.replySilence(w, http.StatusOK, s)
	}
}

func (h *handler) replySilence(w http.ResponseWriter, status int, s longrun.Silence) {
	key := h.monitor.Ledger().Key(ledger.Silences, s.SilenceID)
	reply(w, status, silenceReply{Success: true, Silence: document{id: key.ID, path: key.String(), value: s}})
}

// readBody reads a JSON body that has no field but those of v, and answers with
// what is wrong with it.
func readBody(w http.ResponseWriter, r *http.Request, v any) bool {
	if p := newParams(r); p.err != nil {
		fail(w, http.StatusBadRequest, p.err.field, p.err.Error())
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more behind the object")
		}
	}
	if err == nil {
		return true
	}
	status := http.StatusBadRequest
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		status = http.StatusRequestEntityTooLarge
	}
	field := ""
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field = wrong.Field
	}
	fail(w, status, field, "the body is not what is expected: "+strings.TrimPrefix(err.Error(), "json: "))
	return false
}
