package adminhttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

const (
	defaultWindow = 24 * time.Hour
	maxWindow     = 366 * 24 * time.Hour
)

type coverageReply struct {
	Success  bool         `json:"success"`
	Coverage coverageBody `json:"coverage"`
}

// coverageBody is a longrun.Coverage as callers see it. Coverage and
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
	Availability *float64      `json:"availability"`
	Threshold    float64       `json:"threshold"`
	Sufficient   *bool         `json:"sufficient"`
	Drift        longrun.Drift `json:"drift"`
	Gaps         []longrun.Gap `json:"gaps"`
	// Mangled counts documents that do not decode; they fill no slot here.
	Mangled int `json:"mangled"`
}

// coverage answers GET coverage for [from, to), by default the last 24 hours.
// The window is cut to what is known of: nobody is blamed for the time before
// the first run or beat.
func (h *handler) coverage(w http.ResponseWriter, r *http.Request) {
	now := h.clock.Now().UTC()
	p := newParams(r, "from", "to")
	window := p.window(now, defaultWindow)
	if window.To.Sub(window.From) > maxWindow {
		p.bad.add("from", "is more than 366 days before to")
	}
	if len(p.bad) > 0 {
		refuse(w, p.bad)
		return
	}
	c, mangled, err := h.cover(r.Context(), window, now)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	body := coverageBody{
		From: c.From, To: c.To, IntervalSec: c.IntervalSec,
		Expected: c.Expected, Written: c.Written, Missed: c.Missed, Healthy: c.Healthy,
		Threshold: h.monitor.Status().Settings.InsufficientDataThreshold,
		Drift:     c.Drift, Gaps: c.Gaps, Mangled: mangled,
	}
	if c.HasData() {
		ratio := c.Ratio()
		enough := ratio >= body.Threshold
		body.Coverage, body.Sufficient = &ratio, &enough
	}
	if c.Written > 0 {
		availability := c.Availability()
		body.Availability = &availability
	}
	reply(w, http.StatusOK, coverageReply{Success: true, Coverage: body})
}

// cover streams the window's beats. The nearest ones beside it and the runs
// explain its gaps, and are counted nowhere.
func (h *handler) cover(ctx context.Context, window longrun.Window, now time.Time) (longrun.Coverage, int, error) {
	book := h.book(ctx)
	interval := h.monitor.Status().Interval
	earliest, known, err := book.Earliest(ctx)
	if err != nil {
		return longrun.Coverage{}, 0, err
	}
	if !known {
		earliest = now // nothing was ever written: no slot can be missed
	}
	window = window.Clip(earliest)
	aligned := window.Align(interval)
	before, after, err := book.Neighbours(ctx, aligned)
	if err != nil {
		return longrun.Coverage{}, 0, err
	}
	explained := aligned
	if after != nil && after.TS.After(explained.To) {
		explained.To = after.TS.Add(time.Microsecond) // its writer may have begun after the window
	}
	runs, mangled, err := book.RunsOf(ctx, explained)
	if err != nil {
		return longrun.Coverage{}, 0, err
	}
	tally := longrun.NewTally(window, interval, now, runs...)
	for _, beat := range []*longrun.Heartbeat{before, after} {
		if beat != nil {
			tally.Add(*beat)
		}
	}
	for e, err := range book.Heartbeats(ctx, ledger.Page{From: aligned.From, To: aligned.To}) {
		if _, ok := errors.AsType[*ledger.DocumentError](err); ok {
			mangled++
			continue
		}
		if err != nil {
			return longrun.Coverage{}, 0, err
		}
		tally.Add(e.Value)
	}
	return tally.Coverage(), mangled, nil
}
