package dashboard

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// incidentView is all that is said of one incident.
type incidentView struct {
	ID, Title          string
	Class, Shape, Tone string
	Lasted, Severity   string
	Open               bool
	Summary, Cause     string
	Check              []string
	Events             []event
	Messages           []messageLine
	Before             []overLine
	Record             []pair
	Accounts           []string
	Rule, Target       string
	Silences           []silenceLine
	Probe, ProbeName   string
	Document           string
}

// event is something that happened, for the list in the order of time.
type event struct {
	at               time.Time
	When, ISO        string
	Shape, Tone      string
	What, Text, Link string
}

// silenceLine is a silence that can be ended.
type silenceLine struct {
	ID string
	quietLine
}

// incidentPage answers GET /incident/{id}.
func (h *handler) incidentPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), storePatience)
	defer cancel()
	book := h.monitor.Ledger()
	e, err := book.Incident(ctx, r.PathValue("id"))
	_, mangled := errors.AsType[*ledger.DocumentError](err)
	switch {
	case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid):
		h.fail(w, r, http.StatusNotFound, "There is no such incident. It may be older than what is kept.")
		return
	case mangled:
		h.fail(w, r, http.StatusInternalServerError, "The document of this incident is not what its collection holds.")
		return
	case err != nil:
		h.storeFailed(w, r, err)
		return
	}
	k := h.now.get(ctx)
	if k == nil {
		return
	}
	v := h.incidentOf(k, e.Value)
	if v.Messages, err = k.messagesOf(ctx, book, e.Value, &v); err != nil {
		h.storeFailed(w, r, err)
		return
	}
	slices.SortStableFunc(v.Events, func(a, b event) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	icon, tab := "ok", "over"
	if v.Open {
		icon, tab = v.Shape, "open"
	}
	if icon == "quiet" {
		icon = "ok"
	}
	h.render(w, r, http.StatusOK, "incident", frame{Title: v.Title + ", " + tab, Page: "now", Icon: icon, Done: done(r), Body: v})
}

// storeFailed says that the store did not answer; the reason is for the log.
func (h *handler) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is there to be told
	}
	h.Logger.WarnContext(r.Context(), "a page could not be read", "path", visible.Line(r.URL.Path, 200), "error", err)
	h.fail(w, r, http.StatusServiceUnavailable, "The database does not answer. The page Now says what this instance knows by itself.")
}

func (h *handler) incidentOf(k *known, i longrun.Incident) incidentView {
	v := incidentView{
		ID: i.IncidentID, Title: title(i.Rule, i.Target), Class: "warnonly", Shape: "warn", Tone: "warn", Severity: visible.Line(string(i.Severity), 20), Open: i.Open(),
		Summary: visible.Line(i.Summary, 400), Cause: visible.Line(i.Cause, 300),
	}
	switch {
	case !i.Open():
		v.Class, v.Shape, v.Tone = "well", "ok", "ok"
		v.Lasted = "Over after " + lasting(i.Repair(k.At)) + ", since " + k.clock(*i.TSEnd)
	case i.Severity == longrun.Critical:
		v.Class, v.Shape, v.Tone = "wrong", "wrong", ""
		fallthrough
	default:
		v.Lasted = "Open for " + lasting(k.At.Sub(i.TSStart)) + ", since " + k.clock(i.TSStart)
	}
	if row, ok := rules.Of(i.Rule); ok {
		for part := range strings.SplitSeq(row.LookAt, "; ") {
			v.Check = append(v.Check, strings.ToUpper(part[:1])+part[1:])
		}
	}
	if kind, name, _ := strings.Cut(i.Target, " "); i.Rule == rules.ProbeFails || i.Rule == rules.ProbeOverdue {
		v.Probe, v.ProbeName = kind, name
	}
	for _, a := range i.Accounts {
		v.Accounts = append(v.Accounts, visible.Line(a, 60))
	}
	v.add(k, event{at: i.TSStart, Shape: "x", Tone: "bad", What: "It began", Text: v.Summary})
	for _, g := range i.Gaps {
		line := k.gapLine(g)
		v.add(k, event{at: g.From, Shape: "gap", Tone: "bad", What: line.Missed + " missed: " + line.Cause, Text: line.After, Link: "history?day=" + line.Date})
	}
	for _, id := range i.Probes {
		v.Record = append(v.Record, pair{"Probe", visible.Line(id, 100)})
	}
	if !i.Noticed.IsZero() {
		v.add(k, event{at: i.Noticed, Shape: "dot", Tone: "mute", What: "Noticed by " + visible.Line(i.InstanceID, 60)})
	}
	if i.TSEnd != nil {
		v.add(k, event{at: *i.TSEnd, Shape: "ok", Tone: "ok", What: "It ended", Text: v.Cause})
	}
	for _, s := range k.Silences {
		if (s.Rule == "" || s.Rule == i.Rule) && (s.Target == "" || s.Target == i.Target) {
			v.Silences = append(v.Silences, silenceLine{s.SilenceID, quietLineOf(s, k.At)})
		}
	}
	for j := len(k.Survey.Summary.Incidents) - 1; j >= 0 && len(v.Before) < maxOver; j-- {
		if o := k.Survey.Summary.Incidents[j]; o.Rule == i.Rule && o.Target == i.Target && o.IncidentID != i.IncidentID && o.End != nil {
			v.Before = append(v.Before, overLineOf(o, k.At))
		}
	}
	v.Record = append([]pair{
		{"ID", visible.Line(i.IncidentID, 200)},
		{"Rule", visible.Line(string(i.Rule), 60)},
		{"Seen", strconv.FormatFloat(i.Observed, 'g', 6, 64) + ", allowed " + strconv.FormatFloat(i.Threshold, 'g', 6, 64)},
		{"Build, epoch", visible.Line(i.CommitHash, 40) + ", " + figures.Count(i.Epoch)},
	}, v.Record...)
	if i.ClosedBy != "" {
		v.Record = append(v.Record, pair{"Closed by", visible.Line(i.ClosedBy, 60)})
	}
	if h.API != "" {
		v.Document = h.API + "incidents/" + url.PathEscape(i.IncidentID)
	}
	return v
}

func (v *incidentView) add(k *known, e event) {
	e.When, e.ISO = k.clock(e.at), e.at.UTC().Format(time.RFC3339)
	v.Events = append(v.Events, e)
}

// maxNotices bounds how many messages are looked through for those of an incident.
const maxNotices = 500

// messagesOf are the messages about an incident.
func (k *known) messagesOf(ctx context.Context, book *ledger.Ledger, i longrun.Incident, v *incidentView) (lines []messageLine, err error) {
	from, to := i.Noticed.Add(-time.Hour), k.At.Add(48*time.Hour)
	if i.Closed != nil {
		to = i.Closed.Add(48 * time.Hour)
	}
	for e, err := range book.Notices(ctx, ledger.Page{From: from, To: to, Limit: maxNotices}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue
		}
		if err != nil {
			return nil, err
		}
		if e.Value.IncidentID != i.IncidentID {
			continue
		}
		l := k.messageLine(e.Value)
		lines = append(lines, l)
		v.add(k, event{at: e.Value.Created, Shape: "msg", Tone: "mute", What: "Told: " + strings.ToLower(noticeWord(e.Value.Kind)), Text: l.Text})
	}
	return lines, nil
}

// morning is the next 08:00 of the readers' zone.
func (h *handler) morning(now time.Time) time.Time {
	zone := h.Zone
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := now.In(zone).Date()
	at := time.Date(y, m, d, 8, 0, 0, 0, zone)
	if !at.After(now) {
		at = time.Date(y, m, d+1, 8, 0, 0, 0, zone)
	}
	return at
}
