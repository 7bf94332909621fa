package adminhttp

import (
	"net/http"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
)

const defaultWindow = 24 * time.Hour

type coverageReply struct {
	Success  bool         `json:"success"`
	Coverage coverageBody `json:"coverage"`
}

// coverageBody is a longrun.Coverage as callers see it. Coverage, Good and
// Availability are null where there is nothing to divide by: no data is no
// number.
type coverageBody struct {
	From         time.Time     `json:"from"`
	To           time.Time     `json:"to"`
	IntervalSec  int64         `json:"intervalSec"`
	Expected     int           `json:"expected"`
	Written      int           `json:"written"`
	Missed       int           `json:"missed"`
	Coverage     *float64      `json:"coverage"`
	Healthy      int           `json:"healthy"`
	Unknown      int           `json:"unknown"`
	Good         *float64      `json:"good"`
	Availability *float64      `json:"availability"`
	Threshold    float64       `json:"threshold"`
	Sufficient   *bool         `json:"sufficient"`
	Drift        longrun.Drift `json:"drift"`
	DriftMeanSec *float64      `json:"driftMeanSec"`
	Gaps         []longrun.Gap `json:"gaps"`
	// Mangled counts documents that do not decode; they fill no slot here.
	Mangled int64 `json:"mangled"`
}

// coverage answers GET coverage for a window, by default the last 24 hours; as CSV
// its gaps.
// The window is cut to what is known of: nobody is blamed for the time before
// the first run or beat. Days that are pruned count whole, from their rollups.
func (h *handler) coverage(w http.ResponseWriter, r *http.Request) {
	now := h.clock.Now().UTC()
	p := request.NewParams(r, "window", "from", "to", "format")
	format := p.Format(reply.AsJSON, reply.AsCSV)
	window := p.Window(now, defaultWindow)
	if len(p.Bad) > 0 {
		request.Refuse(w, r, p.Bad)
		return
	}
	survey, err := h.book(r.Context()).Survey(r.Context(), window, h.monitor.Status().Interval, now, nil)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	c := survey.Summary.Coverage
	if format == reply.AsCSV {
		h.gaps(w, r, c, survey.Summary.Undecodable)
		return
	}
	body := coverageBody{
		From: c.From, To: c.To, IntervalSec: c.IntervalSec,
		Expected: c.Expected, Written: c.Written, Missed: c.Missed, Healthy: c.Healthy, Unknown: c.Unknown,
		Threshold: h.monitor.Status().Settings.InsufficientDataThreshold,
		Drift:     c.Drift, DriftMeanSec: survey.Summary.DriftMeanSec, Gaps: c.Gaps, Mangled: survey.Summary.Undecodable,
	}
	if c.HasData() {
		ratio := c.Ratio()
		enough := ratio >= body.Threshold
		body.Coverage, body.Sufficient = &ratio, &enough
	}
	if c.Judged() > 0 {
		good := c.Good()
		body.Good = &good
	}
	if c.Known() > 0 {
		availability := c.Availability()
		body.Availability = &availability
	}
	reply.JSON(w, r, http.StatusOK, coverageReply{Success: true, Coverage: body})
}

type budgetReply struct {
	Success bool            `json:"success"`
	Budgets []budget.Budget `json:"budgets"`
}

// budget answers GET budget: what each target in force lets be missed of its window up
// to now, and what is left of that. All is read as one window, that of the longest.
func (h *handler) budget(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	now, status := h.clock.Now().UTC(), h.monitor.Status()
	targets := status.Settings.InForce()
	end := longrun.SlotAt(now, status.Interval).Start(status.Interval) // whole windows of slots that are over
	window := longrun.Window{From: end.Add(-targets[len(targets)-1].Length()), To: end}
	survey, err := h.book(r.Context()).Survey(r.Context(), window, status.Interval, now, nil)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	c := survey.Summary.Coverage
	planned := status.Settings.Planned(longrun.Window{From: c.From, To: c.End()})
	body := budgetReply{Success: true}
	for _, t := range targets {
		body.Budgets = append(body.Budgets, budget.Last(t, c, planned))
	}
	reply.JSON(w, r, http.StatusOK, body)
}
