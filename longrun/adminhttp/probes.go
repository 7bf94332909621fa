package adminhttp

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// probes answers GET probes, of one type where that is asked for. Limit counts
// what is returned; to find it, others may be read.
func (h *handler) probes(w http.ResponseWriter, r *http.Request) {
	p := newParams(r, "limit", "from", "to", "cursor", "type")
	kind := longrun.ProbeType(p.text("type"))
	if kind != "" && kind.Validate() != nil {
		p.bad("type", "is no probe type, such as outbound")
	}
	answerPage(h, w, r, p, ledger.Probes, func(page ledger.Page) iter.Seq2[entry, error] {
		if kind == "" {
			return entries(h.monitor.Ledger().Probes(r.Context(), page))
		}
		limit := page.Limit
		page.Limit = 0
		wanted := func(p longrun.Probe) bool { return p.Type == kind }
		return entries(filtered(h.monitor.Ledger().Probes(r.Context(), page), wanted, limit))
	})
}

type probeReply struct {
	Success bool     `json:"success"`
	Probe   document `json:"probe"`
}

// runProbe answers POST probes/{type}/run. It takes as long as the probe does;
// a caller that goes away ends nothing.
func (h *handler) runProbe(w http.ResponseWriter, r *http.Request) {
	if p := newParams(r); p.err != nil {
		fail(w, http.StatusBadRequest, p.err.field, p.err.Error())
		return
	}
	kind := longrun.ProbeType(r.PathValue("type"))
	probe, err := h.monitor.RunProbe(r.Context(), kind)
	var not *monitor.NotLeadingError
	switch {
	case errors.Is(err, monitor.ErrUnknownProbe):
		fail(w, http.StatusNotFound, "type", "no such probe is configured")
	case errors.As(err, &not):
		reply(w, http.StatusConflict, struct {
			failure
			Holder string `json:"holder"`
		}{failure{Error: "this instance does not lead; ask the holder"}, not.Holder})
	case errors.Is(err, monitor.ErrProbeTaken):
		fail(w, http.StatusConflict, "", "a probe was made in this second already")
	case errors.Is(err, context.Canceled): // the caller has gone
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.logger.InfoContext(r.Context(), "probe made over the admin API", "type", string(kind), "result", string(probe.Result), "remote", hostOnly(r.RemoteAddr))
		key := h.monitor.Ledger().Key(ledger.Probes, probe.ProbeKey)
		reply(w, http.StatusOK, probeReply{Success: true, Probe: document{id: key.ID, path: key.String(), value: probe}})
	}
}
