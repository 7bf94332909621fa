package adminhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxAhead is how far ahead a silence may begin: more is a slip of the pen.
const maxAhead = 366 * 24 * time.Hour

// silenceRequest is the body of POST silences.
type silenceRequest struct {
	// From is when it begins, by default now.
	From time.Time `json:"from"`
	// Until or Minutes is when it ends; one of them.
	Until   time.Time `json:"until"`
	Minutes float64   `json:"minutes"`
	// Rule and Target are what it silences, by default everything.
	Rule   longrun.RuleID `json:"rule"`
	Target string         `json:"target"`
	By     string         `json:"by"`
	Reason string         `json:"reason"`
}

// postSilence answers POST silences.
func (h *handler) postSilence(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	fields, ok := request.Fields(w, r)
	if !ok {
		return
	}
	s, bad := newSilence(fields, stored(h.clock.Now()))
	if len(bad) > 0 {
		request.Refuse(w, r, bad)
		return
	}
	stored, err := h.monitor.Silence(r.Context(), s)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	h.replySilence(w, r, http.StatusCreated, stored)
}

// newSilence reads what is asked for. A field that is null is as good as missing.
func newSilence(fields map[string]json.RawMessage, now time.Time) (longrun.Silence, request.Errors) {
	var body silenceRequest
	var bad request.Errors
	maps.DeleteFunc(fields, func(_ string, value json.RawMessage) bool { return string(value) == "null" })
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		request.SetField(&body, name, fields[name], &bad)
	}
	if len(bad) > 0 {
		return longrun.Silence{}, bad
	}
	_, until := fields["until"]
	_, minutes := fields["minutes"]
	if body.From.IsZero() {
		body.From = now
	}
	switch {
	case body.From.After(now.Add(maxAhead)):
		bad.Add("from", "lies more than a year ahead")
	case minutes && until:
		bad.Add("minutes", "give until or minutes, not both")
	case minutes && !(body.Minutes > 0 && body.Minutes <= longrun.MaxSilence.Minutes()):
		bad.Add("minutes", fmt.Sprintf("is not above 0 and at most %.0f", longrun.MaxSilence.Minutes()))
	case minutes:
		body.Until = body.From.Add(time.Duration(body.Minutes * float64(time.Minute)))
	}
	if len(bad) > 0 {
		return longrun.Silence{}, bad
	}
	s := longrun.Silence{From: stored(body.From), Until: stored(body.Until), Rule: body.Rule, Target: body.Target, By: body.By, Reason: body.Reason}
	bad = request.Named(rules.ValidateSilence(s))
	if len(bad) == 0 && !s.Until.After(now) {
		bad.Add("until", "is over already")
	}
	for i := range bad {
		if minutes && bad[i].Field == "until" {
			bad[i].Field = "minutes" // which it was made of
		}
	}
	if s.By == "" {
		s.By = "admin API"
	}
	return s, bad
}

// stored is a time as a store keeps it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// deleteSilence answers DELETE silences/{id}: the silence ends now, if it has not
// ended before. Its document stays.
func (h *handler) deleteSilence(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	s, err := h.monitor.EndSilence(r.Context(), r.PathValue("id"))
	_, mangled := errors.AsType[*ledger.DocumentError](err)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		reply.Fail(w, r, http.StatusNotFound, "id", "no such silence")
	case mangled:
		undecodable(w, r)
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.replySilence(w, r, http.StatusOK, s)
	}
}

func (h *handler) replySilence(w http.ResponseWriter, r *http.Request, status int, s longrun.Silence) {
	key := h.monitor.Ledger().Key(ledger.Silences, s.SilenceID)
	reply.JSON(w, r, status, reply.One{Name: "silence", Document: reply.Document{ID: key.ID, Path: key.String(), Value: s}})
}
