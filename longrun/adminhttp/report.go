package adminhttp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/report/badge"
)

type reportReply struct {
	Success bool          `json:"success"`
	Report  report.Report `json:"report"`
}

// report answers GET report: a window, by default the last 24 hours, in the form
// that format or the Accept header asks for.
//
// Whole days come from their rollups. Targets and threshold are those of the settings
// in force on this instance, which is also the one that the report names as its
// maker.
func (h *handler) report(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	now := h.clock.Now().UTC()
	p := request.NewParams(r, "window", "from", "to", "format")
	format := p.Format(reply.Formats()...)
	window := p.Window(now, defaultWindow)
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
	made, err := h.reportOf(r.Context(), window, now)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	switch format {
	case reply.AsMarkdown:
		reply.Write(w, r, http.StatusOK, reply.MediaType(format)+"; charset=utf-8", []byte(made.Markdown()))
	case reply.AsHTML:
		page, err := made.Page(&report.PageOptions{
			Window: func(name string) string { return query("", "window", name, "format", p.Text("format")) },
			Table:  func(name string) string { return tableLink(name, window) },
		})
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

// reportOf makes the report of a window.
func (h *handler) reportOf(ctx context.Context, window longrun.Window, now time.Time) (report.Report, error) {
	status := h.monitor.Status()
	survey, err := h.book(ctx).Survey(ctx, window, status.Interval, now, nil)
	if err != nil {
		return report.Report{}, err
	}
	options := report.OptionsOf(status.Settings)
	options.InstanceID, options.CommitHash = status.InstanceID, status.CommitHash
	return report.New(survey, options), nil
}

// tableLink leads from a report to one of its lists as CSV.
func tableLink(name string, w longrun.Window) string {
	if name == "gaps" {
		name = "coverage"
	}
	return query(name, "from", w.From.Format(time.RFC3339Nano), "to", w.To.Format(time.RFC3339Nano), "format", "csv")
}

// query is a relative link with the parameters that are not empty, in their order.
func query(path string, pairs ...string) string {
	for sep := "?"; len(pairs) > 0; pairs = pairs[2:] {
		if pairs[1] != "" {
			path += sep + pairs[0] + "=" + url.QueryEscape(pairs[1])
			sep = "&"
		}
	}
	return path
}

// badgeFor is how long a badge is kept, here and by whoever asks for it.
const badgeFor = time.Minute

// maxBadges bounds the windows whose badges are kept.
const maxBadges = 16

// badges are those that were made lately, by the length of their window.
type badges struct {
	mu   sync.Mutex
	kept map[time.Duration]keptBadge
}

type keptBadge struct {
	svg  []byte
	made time.Time
}

// badge answers GET badge.svg: the coverage of a window up to now, by default 30d, as
// a picture. To whom comes without a token only windows that are offered are shown:
// the others would be a way to keep the store busy.
func (h *handler) badge(w http.ResponseWriter, r *http.Request) {
	p := request.NewParams(r, "window")
	name := cmp.Or(p.Text("window"), "30d")
	length, err := report.ParsePeriod(name)
	switch {
	case err != nil:
		p.Bad.Add("window", fmt.Sprintf("%.50q %s", name, err))
	case h.openBadge && !slices.Contains(report.WindowNames(), name):
		p.Bad.Add("window", "is none of "+strings.Join(report.WindowNames(), ", "))
	}
	if len(p.Bad) > 0 {
		request.Refuse(w, r, p.Bad)
		return
	}
	now := h.clock.Now().UTC()
	h.badges.mu.Lock()
	kept := h.badges.kept[length]
	h.badges.mu.Unlock()
	if age := now.Sub(kept.made); kept.svg != nil && age >= 0 && age < badgeFor {
		h.picture(w, r, http.StatusOK, badgeFor-age, kept.svg)
		return
	}
	h.survey(func(w http.ResponseWriter, r *http.Request) {
		made, err := h.reportOf(r.Context(), longrun.Window{From: now.Add(-length), To: now}, now)
		if err != nil {
			h.logger.WarnContext(r.Context(), "admin request failed", "path", "badge.svg", "error", err)
			h.picture(w, r, http.StatusServiceUnavailable, 0, badge.SVG(report.Report{}))
			return
		}
		svg := badge.SVG(made)
		h.badges.mu.Lock()
		if len(h.badges.kept) >= maxBadges || h.badges.kept == nil {
			h.badges.kept = map[time.Duration]keptBadge{}
		}
		h.badges.kept[length] = keptBadge{svg: svg, made: now}
		h.badges.mu.Unlock()
		h.picture(w, r, http.StatusOK, badgeFor, svg)
	})(w, r)
}

// picture answers with a badge that may be kept for some time: by everybody only
// where everybody may ask for it.
func (h *handler) picture(w http.ResponseWriter, r *http.Request, status int, keep time.Duration, svg []byte) {
	caching := "no-store"
	if keep > 0 {
		who := "private"
		if h.openBadge {
			who = "public"
		}
		caching = fmt.Sprintf("%s, max-age=%d", who, int64((keep+time.Second-1)/time.Second))
	}
	reply.Picture(w, r, status, caching, svg)
}
