package dashboard

import (
	"context"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

// tab is one of several lengths or days to go to.
type tabLink struct {
	Link, Text string
	Here       bool
}

// historyView is what is said of days.
type historyView struct {
	Title, Known     string
	Tabs             []tabLink
	Say, Shape, Tone string
	Big              []bigNumber
	// Chart is the days or the hours of the window, under Heading.
	Chart, Key          template.HTML
	Heading, Note       string
	Gaps                []gapView
	More                int
	Incidents           []overLine
	Root, Window, Today string
}

type bigNumber struct {
	Name, Number, Text string
	Bad                bool
}

// goodNumber tells of the slots that were written and healthy.
func goodNumber(c longrun.Coverage) bigNumber {
	switch {
	case c.HasData() && c.Judged() == 0:
		return bigNumber{"Good", "not known", "of " + figures.Count(c.Unknown) + " written slots it is not known", false}
	case c.Unknown > 0:
		return bigNumber{"Good", figures.Percent(c.Healthy, c.Judged()), "written and healthy; of " + figures.Count(c.Unknown) + " it is not known", false}
	}
	return bigNumber{"Good", figures.Percent(c.Healthy, c.Expected), "written and healthy, of all expected", false}
}

// gapView is a gap and its slots.
type gapView struct {
	gapLine
	Slots []string
	More  int
}

const (
	allowedName    = "Allowed by the target"
	leftName       = "Left"
	unplannedName  = "Left without maintenance"
	maxHistoryGaps = 100
	// maxSlots is how many slots of a gap are named.
	maxSlots = 60
)

// survey reads a window, one of few at once.
func (h *handler) survey(w http.ResponseWriter, r *http.Request, window longrun.Window, now time.Time) (ledger.Survey, bool) {
	if !h.surveys.Enter() {
		w.Header().Set("Retry-After", "1")
		h.fail(w, r, http.StatusTooManyRequests, "As many windows are being read as may be at once. Try again in a moment.")
		return ledger.Survey{}, false
	}
	defer h.surveys.Leave()
	ctx, cancel := context.WithTimeout(r.Context(), 3*storePatience)
	defer cancel()
	s, err := h.monitor.Ledger().Survey(ctx, window, h.monitor.Status().Interval, now, nil)
	if err != nil {
		h.storeFailed(w, r, err)
		return ledger.Survey{}, false
	}
	return s, true
}

// historyPage answers GET /history: ?window=30d, 90d or 365d, or ?day=2026-02-08.
func (h *handler) historyPage(w http.ResponseWriter, r *http.Request) {
	now := h.Clock.Now().UTC()
	q := r.URL.Query()
	if day := q.Get("day"); day != "" {
		h.dayPage(w, r, day, now)
		return
	}
	name := q.Get("window")
	days, ok := map[string]int{"30d": 30, "90d": 90, "365d": 365, "": 365}[name]
	if !ok {
		h.fail(w, r, http.StatusUnprocessableEntity, "The window is none of 30d, 90d and 365d.")
		return
	}
	s, ok := h.survey(w, r, longrun.Window{From: longrun.DayOf(now).From.AddDate(0, 0, -days), To: now}, now)
	if !ok {
		return
	}
	v := h.historyOf(s, now)
	for _, n := range []int{30, 90, 365} {
		v.Tabs = append(v.Tabs, tabLink{fmt.Sprintf("?window=%dd", n), fmt.Sprintf("%d days", n), n == days})
	}
	link := func(day time.Time) string { return "?day=" + day.Format(time.DateOnly) }
	v.Heading = "Every day"
	if days == 365 {
		v.Note, v.Chart, v.Key = "taller: more is missed", chart.Calendar(s.Asked, slotsOf(s), link), chart.Key(slotsOf(s).Explain(chart.InCalendar)...)
	} else {
		v.Note, v.Chart, v.Key = "a row a day, UTC", chart.Heat(s.Asked, slotsOf(s), link), chart.Key(slotsOf(s).Explain(chart.InSlots)...)
	}
	h.render(w, r, http.StatusOK, "history", frame{Title: "History", Page: "history", Body: v})
}

// historyOf says the numbers of a survey, as the report judges them.
func (h *handler) historyOf(s ledger.Survey, now time.Time) historyView {
	options := report.OptionsOf(h.monitor.Status().Settings)
	options.MaxGaps, options.MaxIncidents = maxHistoryGaps, maxHistoryGaps
	made := report.New(s, options)
	c := made.Coverage
	v := historyView{
		Title: s.Asked.From.Format("2 Jan 2006") + " to " + now.Format("2 Jan 2006"), Known: "nothing is known yet", Today: now.Format(time.DateOnly),
		Say: "Nothing is known of it yet.", Shape: "ask", Tone: "mute",
	}
	if made.HasData() {
		v.Known = "counted from " + figures.Stamp(made.Window.CountedFrom) + " to " + figures.Stamp(made.Window.CountedTo) + " UTC"
	}
	unit := func(n int) string { return slotWord(n, s.Interval) }
	allowed := made.Judgement.MayMiss
	numbers := unit(c.Missed) + " missed, " + unit(allowed) + " allowed"
	switch {
	case !made.HasData():
	case made.Judgement.Outcome == report.Fail:
		v.Shape, v.Tone, v.Say = "wrong", "bad", "Under the target: "+numbers+"."
	case made.Window.CountedFrom.Sub(made.Window.From) > s.Interval:
		v.Say = "So far " + numbers + " of what is known. The window is not known as a whole."
	default:
		v.Shape, v.Tone, v.Say = "ok", "ok", "The target is met: "+numbers+"."
	}
	v.Big = []bigNumber{
		{"Missed", unit(c.Missed), plural(made.Gaps.Count, "gap", "gaps"), c.Missed > 0},
		{allowedName, unit(allowed), figures.Share(made.Judgement.Target) + " of what is known", c.Missed > allowed},
		{"Coverage", figures.Percent(c.Written, c.Expected), figures.Count(c.Written) + " of " + figures.Count(c.Expected), false},
		goodNumber(s.Summary.Coverage),
	}
	k := &known{At: now}
	k.Status.Interval = s.Interval
	if b := made.Budget; b != nil {
		v.Big = slices.Insert(v.Big, 2, k.leftNumbers(b)...)
	}
	if rep := made.Repairs; rep.Resolved > 0 {
		v.Big = append(v.Big, bigNumber{
			"Time to repair", figures.Span(rep.MTTRMeanSec), "the mean of " + plural(int(rep.Resolved), "incident that is over", "incidents that are over") + ", median " + figures.Span(rep.MTTRP50Sec), false,
		}, bigNumber{
			"Time between failures", figures.Span(rep.MTBFSec), "the mean of " + plural(int(rep.Incidents), "incident", "incidents") + ", median " + figures.Span(rep.MTBFMedianSec), false,
		})
	}
	if longest, ok := s.Summary.Coverage.Longest(); ok {
		v.Big = slices.Insert(v.Big, 1, bigNumber{"Longest gap", unit(longest.Missed), k.clock(longest.From) + ", " + causeWord(longest.Cause), true})
	}
	gaps := slices.Clone(s.Summary.Coverage.Gaps)
	slices.Reverse(gaps)
	for _, g := range gaps[:min(len(gaps), maxHistoryGaps)] {
		one := gapView{gapLine: k.gapLine(g)}
		first := longrun.SlotAt(g.From, s.Interval)
		for i := range g.Missed {
			if i == maxSlots {
				one.More = g.Missed - maxSlots
				break
			}
			one.Slots = append(one.Slots, (first + longrun.Slot(i)).ID(s.Interval))
		}
		v.Gaps = append(v.Gaps, one)
	}
	v.More = max(0, len(gaps)-maxHistoryGaps)
	for i := len(s.Summary.Incidents) - 1; i >= 0 && len(v.Incidents) < maxHistoryGaps; i-- {
		v.Incidents = append(v.Incidents, overLineOf(s.Summary.Incidents[i], now))
	}
	return v
}

// leftNumbers say what is left of the budget, and how fast it goes: with and, where there
// was any, without planned maintenance.
func (k *known) leftNumbers(b *budget.Budget) []bigNumber {
	number := func(name string, balance budget.Balance, text string) bigNumber {
		n := bigNumber{Name: name, Number: slotWord(int(max(balance.Left, 0)), k.Status.Interval), Bad: balance.Exhausted, Text: text}
		if balance.Left < 0 {
			n.Text += slotWord(int(-balance.Left), k.Status.Interval) + " too much; "
		}
		for i, burn := range balance.Burns {
			if i > 0 {
				n.Text += ", "
			}
			rate := "–"
			if burn.Rate != nil {
				rate = strconv.FormatFloat(math.Floor(*burn.Rate*10)/10, 'f', -1, 64)
			}
			n.Text += rate + " over " + spanWord(burn.Span)
		}
		if at, burn := soonest(balance); at != nil {
			n.Text += "; nothing left " + k.clock(*at) + " at the burn of " + spanWord(burn.Span)
		}
		return n
	}
	out := []bigNumber{number(leftName, b.All, "burn ")}
	if b.Planned.Slots > 0 {
		out = append(out, number(unplannedName, b.Unplanned, figures.Count(b.Planned.Missed)+" of "+slotWord(int(b.Planned.Slots), k.Status.Interval)+" planned were missed; burn "))
	}
	return out
}

// dayPage is one day, hour by hour.
func (h *handler) dayPage(w http.ResponseWriter, r *http.Request, name string, now time.Time) {
	day, err := time.Parse(time.DateOnly, name)
	if err != nil || day.Year() < 1970 || day.Year() > 9000 {
		h.fail(w, r, http.StatusUnprocessableEntity, "The day is none such as 2026-02-08.")
		return
	}
	if day.After(now) {
		h.fail(w, r, http.StatusUnprocessableEntity, "That day is to come.")
		return
	}
	window := longrun.DayOf(day)
	if window.To.After(now) {
		window.To = now
	}
	s, ok := h.survey(w, r, window, now)
	if !ok {
		return
	}
	v := h.historyOf(s, now)
	v.Title = day.Format("Monday 2 January 2006")
	if c := s.Summary.Coverage; c.HasData() { // a target is for longer than a day
		v.Say, v.Shape, v.Tone = slotWord(c.Missed, s.Interval)+" missed of "+slotWord(c.Expected, s.Interval)+".", "ok", "ok"
		if c.Missed > 0 {
			v.Shape, v.Tone = "gap", "bad"
		}
		v.Big = slices.DeleteFunc(v.Big, func(b bigNumber) bool { return b.Name == allowedName || b.Name == leftName || b.Name == unplannedName })
	}
	v.Tabs = []tabLink{{"?day=" + day.AddDate(0, 0, -1).Format(time.DateOnly), "◂ " + day.AddDate(0, 0, -1).Format("2 Jan"), false}, {"?day=" + name, day.Format("2 Jan"), true}}
	if next := day.AddDate(0, 0, 1); !next.After(now) {
		v.Tabs = append(v.Tabs, tabLink{"?day=" + next.Format(time.DateOnly), next.Format("2 Jan") + " ▸", false})
	}
	v.Tabs = append(v.Tabs, tabLink{"?window=365d", "Year", false})
	v.Today = name
	v.Heading, v.Note, v.Chart, v.Key = "Hour by hour", "a row an hour, UTC", chart.Heat(window, slotsOf(s), nil), chart.Key(slotsOf(s).Explain(chart.InSlots)...)
	h.render(w, r, http.StatusOK, "history", frame{Title: v.Title, Page: "history", Body: v})
}

// reportPage answers GET /report: the windows that the report tells of; and, with
// ?window=7d, ?window=FROM/TO or ?from=2026-02-01&to=2026-03-01, the report as package
// report makes it, whose one style sheet stands in it and is allowed by its hash alone.
func (h *handler) reportPage(w http.ResponseWriter, r *http.Request) {
	now, q := h.Clock.Now().UTC(), r.URL.Query()
	ask := report.Ask{Window: q.Get("window"), From: q.Get("from"), To: q.Get("to")}
	if ask == (report.Ask{}) {
		h.render(w, r, http.StatusOK, "report", frame{Title: "Report", Page: "report", Body: struct {
			Windows           []string
			API, First, Today string
		}{report.WindowNames(), h.API, now.AddDate(0, -1, 0).Format(time.DateOnly), now.Format(time.DateOnly)}})
		return
	}
	window, err := ask.Read(now, 24*time.Hour)
	if err != nil {
		h.fail(w, r, http.StatusUnprocessableEntity, "There is no such window: "+strings.TrimPrefix(err.Error(), "report: window: ")+".")
		return
	}
	s, ok := h.survey(w, r, window, now)
	if !ok {
		return
	}
	status := h.monitor.Status()
	options := report.OptionsOf(status.Settings)
	options.InstanceID, options.CommitHash = status.InstanceID, status.CommitHash
	links := report.PageOptions{Home: "report", Window: func(name string) string { return "?window=" + url.QueryEscape(name) }}
	if h.API != "" {
		links.Table = func(name string) string { return h.root(r) + h.API + tableOf(name, window) }
	}
	made := report.New(s, options)
	icon := "icon-ask.svg"
	switch made.Judgement.Outcome {
	case report.Pass:
		icon = "icon-ok.svg"
	case report.Fail:
		icon = "icon-wrong.svg"
	case report.SoFar, report.NoData:
	}
	links.Icon = h.root(r) + "assets/" + named[icon]
	page, err := made.Page(&links)
	if err != nil {
		h.broken(w, r, "report", err)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src "+styleHash(page)+"; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	send(w, r, http.StatusOK, "text/html; charset=utf-8", page, nil)
}

// tableOf is where the admin API has a list of a window as CSV.
func tableOf(name string, w longrun.Window) string {
	if name == "gaps" {
		name = "coverage"
	}
	return name + "?" + url.Values{"from": {w.From.Format(time.RFC3339Nano)}, "to": {w.To.Format(time.RFC3339Nano)}, "format": {"csv"}}.Encode()
}
