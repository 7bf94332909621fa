package adminhttp

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
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
	p := newParams(r, "window", "from", "to", "format")
	window, format := p.reportWindow(now), p.format()
	if len(p.bad) > 0 {
		refuse(w, r, p.bad)
		return
	}
	if format == "" {
		var ok bool
		if format, ok = negotiate(r.Header.Values("Accept")); !ok {
			fail(w, r, http.StatusNotAcceptable, "", "a report is "+formatNames("one of %s, and the Accept header takes none of them; or use format="))
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
	case markdownFormat:
		write(w, r, http.StatusOK, mediaType(format)+"; charset=utf-8", []byte(made.Markdown()))
	case htmlFormat:
		page, err := made.HTML()
		if err != nil {
			h.logger.ErrorContext(r.Context(), "report has no page", "error", err)
			fail(w, r, http.StatusInternalServerError, "", "the page could not be made")
			return
		}
		showPage(w, r, http.StatusOK, page)
	default:
		reply(w, r, http.StatusOK, reportReply{Success: true, Report: made})
	}
}

// reportWindow reads what a report is to be about. Whether the package report
// takes it is asked here, so that the parameter can be named.
func (p *params) reportWindow(now time.Time) longrun.Window {
	if name := p.text("window"); name != "" {
		for _, other := range []string{"from", "to"} {
			if p.text(other) != "" {
				p.bad.add(other, "give window, or from and to")
			}
		}
		if strings.Contains(name, "/") {
			p.bad.add("window", "is a name, such as 7d; else give from and to")
			return longrun.Window{}
		}
		w, err := report.ParseWindow(name, now)
		if err != nil {
			p.bad.add("window", "is none of "+strings.Join(report.WindowNames(), ", "))
		}
		return w
	}
	w := p.window(now, defaultWindow)
	if len(p.bad) > 0 {
		return w
	}
	if err := report.CheckWindow(w, now); err != nil {
		field := "from"
		if w.From.Equal(w.To) && w.From.Before(now) {
			field = "to"
		}
		p.bad.add(field, strings.TrimPrefix(err.Error(), "report: window: "))
	}
	return w
}

// pagePolicy lets a page apply the one style sheet that stands in it, and
// nothing else: no script, no request to anywhere, no form, no frame.
func pagePolicy(page []byte) string {
	_, rest, _ := strings.Cut(string(page), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
}
