package adminhttp

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

type reportReply struct {
	Success bool          `json:"success"`
	Report  report.Report `json:"report"`
}

// report answers GET report: a window by its name or by from and to, by default
// the last 24 hours, in the form that format or the Accept header asks for.
//
// Whole days come from their rollups. The threshold is that of the settings in
// force on this instance, which is also the one that the report names as its
// maker.
func (h *handler) report(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	now := h.clock.Now().UTC()
	p := request.NewParams(r, "window", "from", "to", "format")
	window, format := reportWindow(p, now), formatOf(p)
	if len(p.Bad) > 0 {
		request.Refuse(w, r, p.Bad)
		return
	}
	if format == "" {
		var ok bool
		if format, ok = reply.Negotiate(r.Header.Values("Accept")); !ok {
			reply.Fail(w, r, http.StatusNotAcceptable, "", "a report is "+reply.FormatNames("one of %s, and the Accept header takes none of them; or use format="))
			return
		}
	}
	status := h.monitor.Status()
	survey, err := h.book(r.Context()).Survey(r.Context(), window, status.Interval, now, nil)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	options := report.Options{InstanceID: status.InstanceID, CommitHash: status.CommitHash, Threshold: status.Settings.InsufficientDataThreshold}
	if options.Threshold == 0 {
		options.Threshold = -1 // nothing is asked for, which is not to ask for the default
	}
	made := report.New(survey, &options)
	switch format {
	case reply.AsMarkdown:
		reply.Write(w, r, http.StatusOK, reply.MediaType(format)+"; charset=utf-8", []byte(made.Markdown()))
	case reply.AsHTML:
		page, err := made.HTML()
		if err != nil {
			h.logger.ErrorContext(r.Context(), "report has no page", "error", err)
			reply.Fail(w, r, http.StatusInternalServerError, "", "the page could not be made")
			return
		}
		reply.Page(w, r, http.StatusOK, page)
	default:
		reply.JSON(w, r, http.StatusOK, reportReply{Success: true, Report: made})
	}
}

// reportWindow reads what a report is to be about. Whether the package report
// takes it is asked here, so that the parameter can be named.
func reportWindow(p *request.Params, now time.Time) longrun.Window {
	if name := p.Text("window"); name != "" {
		for _, other := range []string{"from", "to"} {
			if p.Text(other) != "" {
				p.Bad.Add(other, "give window, or from and to")
			}
		}
		if strings.Contains(name, "/") {
			p.Bad.Add("window", "is a name, such as 7d; else give from and to")
			return longrun.Window{}
		}
		w, err := report.ParseWindow(name, now)
		if err != nil {
			p.Bad.Add("window", "is none of "+strings.Join(report.WindowNames(), ", "))
		}
		return w
	}
	w := p.Window(now, defaultWindow)
	if len(p.Bad) > 0 {
		return w
	}
	if err := report.CheckWindow(w, now); err != nil {
		field := "from"
		if w.From.Equal(w.To) && w.From.Before(now) {
			field = "to"
		}
		p.Bad.Add(field, strings.TrimPrefix(err.Error(), "report: window: "))
	}
	return w
}

// formatOf reads the name of a form; empty when it is not given.
func formatOf(p *request.Params) string {
	name := p.Text("format")
	for _, known := range reply.Formats() {
		if name == known || name == "" {
			return name
		}
	}
	p.Bad.Add("format", reply.FormatNames("is none of %s"))
	return ""
}
