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
	// maxRuns is how many of the newest runs explain the gaps of a window.
	maxRuns = 1000
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
	window := longrun.Window{From: p.time("from"), To: p.time("to")}
	if window.To.IsZero() {
		window.To = now
	}
	if window.From.IsZero() {
		window.From = window.To.Add(-defaultWindow)
	}
	switch {
	case window.To.Before(window.From):
		p.bad("to", "is before from")
	case window.To.Sub(window.From) > maxWindow:
		p.bad("from", "is more than 366 days before to")
	}
	if p.err != nil {
		fail(w, http.StatusBadRequest, p.err.field, p.err.Error())
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

// cover streams the window's beats, with one on either side of it, since they
// explain the gaps at its edges.
func (h *handler) cover(ctx context.Context, window longrun.Window, now time.Time) (longrun.Coverage, int, error) {
	p := newPatience(ctx, h.clock)
	defer p.close()
	ctx = p
	book := h.monitor.Ledger()
	interval := h.monitor.Status().Interval
	earliest, known, err := book.Earliest(ctx)
	if err != nil {
		return longrun.Coverage{}, 0, err
	}
	if !known {
		earliest = now // nothing was ever written: no slot can be missed
	}
	p.hear()
	window = window.Clip(earliest)
	runs, mangled, err := h.recentRuns(ctx, window.To)
	if err != nil {
		return longrun.Coverage{}, 0, err
	}
	tally := longrun.NewTally(window, interval, now, runs...)
	aligned := window.Align(interval)
	for _, page := range []ledger.Page{
		{To: aligned.From, Desc: true, Limit: 1},
		{From: aligned.From, To: aligned.To},
		{From: aligned.To, Limit: 1},
	} {
		p.hear()
		for e, err := range book.Heartbeats(ctx, page) {
			p.hear()
			if _, ok := errors.AsType[*ledger.DocumentError](err); ok {
				mangled++
				continue
			}
			if err != nil {
				return longrun.Coverage{}, 0, err
			}
			tally.Add(e.Value)
		}
	}
	return tally.Coverage(), mangled, nil
}

func (h *handler) recentRuns(ctx context.Context, before time.Time) (runs []longrun.Run, mangled int, err error) {
	for e, err := range h.monitor.Ledger().Runs(ctx, ledger.Page{To: before, Desc: true, Limit: maxRuns}) {
		if _, ok := errors.AsType[*ledger.DocumentError](err); ok {
			mangled++
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		runs = append(runs, e.Value)
	}
	return runs, mangled, nil
}
