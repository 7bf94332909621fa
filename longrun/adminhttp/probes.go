package adminhttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed-13dc028d/longwatch/internal/entry"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// runProbe answers POST probes/{type}/run, of one name where that is asked for. It
// takes as long as the probe does; a caller that goes away ends nothing.
func (h *handler) runProbe(w http.ResponseWriter, r *http.Request) {
	p := request.NewParams(r, "name")
	if len(p.Bad) > 0 {
		request.Refuse(w, r, p.Bad)
		return
	}
	named := longrun.NamedProbe{Type: longrun.ProbeType(r.PathValue("type")), Name: p.Text("name")}
	probe, err := h.monitor.RunNamedProbe(r.Context(), named)
	var not *monitor.NotLeadingError
	switch {
	case errors.Is(err, monitor.ErrUnknownProbe):
		reply.Fail(w, r, http.StatusNotFound, "type", "no such probe is configured")
	case errors.As(err, &not):
		reply.JSON(w, r, http.StatusConflict, struct {
			reply.Failure
			Holder string `json:"holder"`
		}{reply.Failure{Error: "this instance does not lead; ask the holder"}, not.Holder})
	case errors.Is(err, monitor.ErrProbeTaken):
		reply.Fail(w, r, http.StatusConflict, "", "a probe was made in this second already")
	case errors.Is(err, monitor.ErrProbesFailed):
		reply.Fail(w, r, http.StatusServiceUnavailable, "", "the part that makes probes has failed, and is started again by itself; see tasks in status")
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil: // the caller has gone
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.logger.InfoContext(r.Context(), "probe made over the admin API", "probe", named.String(), "result", string(probe.Result), "remote", entry.HostOnly(r.RemoteAddr))
		key := h.monitor.Ledger().Key(ledger.Probes, probe.ProbeKey)
		reply.JSON(w, r, http.StatusOK, reply.One{Name: "probe", Document: reply.Document{ID: key.ID, Path: key.String(), Value: probe}})
	}
}
