package dashboard

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// partNames are the parts of Now that can be fetched alone.
var partNames = []string{"verdict", "open", "day", "accounts", "messages", "probes", "lead", "over", "quiet"} //nolint:gochecknoglobals // never changed

// nowPage answers GET /.
func (h *handler) nowPage(w http.ResponseWriter, r *http.Request) {
	k := h.now.get(r.Context())
	if k == nil {
		return
	}
	parts := make(map[string]template.HTML, len(partNames))
	for _, name := range partNames {
		text, err := h.part(k, name)
		if err != nil {
			h.broken(w, r, name, err)
			return
		}
		parts[name] = template.HTML(text) //nolint:gosec // made by a template
	}
	v := k.verdict()
	h.render(w, r, http.StatusOK, "now", frame{Title: v.Tab, Page: "now", Icon: v.Icon, Live: true, Done: done(r), Body: parts})
}

// fragment answers GET /fragment/{name}: one part of Now, as it stands in the page.
func (h *handler) fragment(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !slices.Contains(partNames, name) {
		h.missing(w, r)
		return
	}
	k := h.now.get(r.Context())
	if k == nil {
		return
	}
	text, err := h.part(k, name)
	if err != nil {
		h.broken(w, r, name, err)
		return
	}
	v := k.verdict()
	w.Header().Set("Longwatch-Title", template.URLQueryEscaper(v.Tab+" · "+visible.Line(h.Service, 60)))
	w.Header().Set("Longwatch-At", k.At.Format("15:04:05"))
	send(w, r, http.StatusOK, "text/html; charset=utf-8", text, nil)
}

func (h *handler) broken(w http.ResponseWriter, r *http.Request, name string, err error) {
	h.Logger.ErrorContext(r.Context(), "a part of a page could not be made", "part", name, "error", err)
	http.Error(w, "the page could not be made", http.StatusInternalServerError)
}

// part renders a part of what is known, once for all who ask. Its links are relative
// to the root, where Now is.
func (h *handler) part(k *known, name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if text, ok := k.parts[name]; ok {
		return text, nil
	}
	var b bytes.Buffer
	if err := pages["now"].ExecuteTemplate(&b, "part-"+name, k.view(name)); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	k.parts[name] = b.Bytes()
	return b.Bytes(), nil
}

// view is what a part's template shows.
func (k *known) view(name string) any {
	switch name {
	case "verdict":
		return k.verdict()
	case "open":
		return k.openView()
	case "day":
		return k.dayView()
	case "accounts":
		return k.accounts()
	case "messages":
		return k.messagesView()
	case "probes":
		return k.probesView()
	case "lead":
		return k.leadView()
	case "over":
		return k.overView()
	case "quiet":
		return k.quietView()
	}
	return nil
}

// openLine is one incident that is open.
type openLine struct {
	ID, Title, Lasts, Summary, Muted string
	Shape, Tone                      string
}

func (k *known) openView() (lines []openLine) {
	for _, o := range k.Open {
		l := openLine{ID: o.IncidentID, Title: title(o.Rule, o.Target), Summary: visible.Line(o.Summary, 300), Muted: visible.Line(o.Muted, 200), Shape: "warn", Tone: "warn"}
		if !o.Since.IsZero() {
			l.Lasts = lasting(k.At.Sub(o.Since)) + ", since " + k.clock(o.Since)
		}
		switch {
		case o.Muted != "":
			l.Shape, l.Tone = "quiet", "mute"
		case o.Severity == longrun.Critical:
			l.Shape, l.Tone = "wrong", "bad"
		}
		lines = append(lines, l)
	}
	return lines
}

// pair is a name and what is said of it.
type pair struct{ Name, Text string }

type leadView struct {
	Title, Since string
	Lines        []pair
}

func (k *known) leadView() leadView {
	s := k.Status
	v := leadView{Title: "Nobody leads"}
	if s.Holder != "" {
		v.Title = visible.Line(s.Holder, 60) + " leads"
	}
	if s.State == monitor.Leading && !s.Since.IsZero() {
		v.Since = "since " + k.clock(s.Since) + ", " + lasting(k.At.Sub(s.Since))
	}
	add := func(name, text string) { v.Lines = append(v.Lines, pair{name, text}) }
	if k.Beat != nil {
		text := k.Beat.TS.UTC().Format("15:04:05") + fmt.Sprintf(", %.3f s after its slot began", k.Beat.DriftSec)
		if day := k.Beat.TS.UTC().Format("2 Jan"); day != k.At.Format("2 Jan") {
			text = day + " " + text
		}
		add("Last beat", text)
	}
	add("This page", "from "+visible.Line(s.InstanceID, 60)+", "+k.role())
	if s.Waiting > 0 {
		add("Waiting", plural(s.Waiting, "beat waits", "beats wait")+" for the database")
	}
	add("If it crashes", "another leads after "+lasting(s.Lease)+" at most")
	switch {
	case s.StoreMoved:
		add("Database", "was moved, replaced or deleted")
	case s.StoreReachable && s.StoreReadOnly:
		add("Database", "answers, and takes no writes")
	case s.StoreReachable:
		add("Database", "answers, last at "+s.StoreAnswered.UTC().Format("15:04:05"))
	case s.State != monitor.Stopped:
		add("Database", "does not answer: "+visible.Line(s.StoreError, 200))
	}
	for _, t := range s.Tasks {
		if t.State == monitor.TaskFailed {
			add(visible.Line(t.Name, 40), "failed, and is started again")
		}
	}
	if s.Version != "" || s.CommitHash != "" {
		add("Build", visible.Line(s.Version+" "+s.CommitHash, 80))
	}
	return v
}

// messageLine is one message of the outbox.
type messageLine struct{ Shape, Tone, Title, Text string }

type messagesView struct {
	Title, Shape, Tone, Text string
	Lines                    []messageLine
}

func (k *known) messagesView() messagesView {
	a := k.Status.Alerts
	v := messagesView{Title: "Messages", Shape: "msg", Tone: "mute"}
	switch {
	case k.Status.State != monitor.Leading:
		v.Text = "Who leads sends them; what waits is known there."
	case a.Undelivered > 0:
		v.Title, v.Shape, v.Tone = plural(a.Undelivered, "message was not delivered", "messages were not delivered"), "wrong", "bad"
		v.Text = "Kept, and told when the channel works again. " + visible.Line(a.Channel.LastError, 200)
	case a.Waiting > 0:
		v.Title, v.Shape, v.Tone = plural(a.Waiting, "message waits", "messages wait"), "warn", "warn"
		if a.Channel.QuietUntil.After(k.At) {
			v.Text = "The channel asks to wait until " + k.clock(a.Channel.QuietUntil) + ". Nothing is lost."
		}
	case len(a.Channel.Broken()) > 0:
		broken := a.Channel.Broken()
		v.Title, v.Shape, v.Tone = plural(len(broken), "channel does not take messages", "channels do not take messages"), "warn", "warn"
		v.Text = "Other channels do. " + visible.Line(broken[0].LastError, 200)
		if len(broken) == len(a.Channel.Channels) {
			v.Text = visible.Line(broken[0].LastError, 200)
		}
	case !a.Channel.Configured:
		v.Text = "No channel is configured: messages stand in the log only."
	case !a.Channel.LastSent.IsZero():
		v.Text = "Nothing waits. Last delivered " + k.clock(a.Channel.LastSent) + "."
	default:
		v.Text = "Nothing waits."
	}
	for _, n := range k.Notices {
		v.Lines = append(v.Lines, k.messageLine(n))
	}
	return v
}

// noticeWord is what kind of message it is.
func noticeWord(kind longrun.NoticeKind) string {
	switch kind {
	case longrun.NoticeFiring:
		return "Wrong"
	case longrun.NoticeReminder:
		return "Still wrong"
	case longrun.NoticeResolved:
		return "Over"
	case longrun.NoticeFlapping:
		return "Changes often"
	case longrun.NoNotice:
	}
	return "Message"
}

func (k *known) messageLine(n longrun.Notice) messageLine {
	l := messageLine{Title: noticeWord(n.Kind) + ": " + title(n.Rule, n.Target), Shape: "msg", Tone: "mute", Text: "written " + k.clock(n.Created)}
	switch n.State {
	case longrun.Sent:
		l.Shape, l.Tone = "ok", "ok"
		if n.SentAt != nil {
			l.Text += ", delivered " + k.clock(*n.SentAt)
		}
	case longrun.Waiting:
		l.Shape, l.Tone = "again", "warn"
		l.Text += ", waits, " + plural(int(n.Attempts), "try", "tries")
	case longrun.Undelivered:
		l.Shape, l.Tone = "wrong", "bad"
		l.Text += ", not delivered: " + visible.Line(n.Error, 120)
	case longrun.Obsolete:
		l.Text += ", another one says more"
	}
	return l
}

// overLine is an incident that is over.
type overLine struct{ ID, Began, Lasted, Title, Summary, Shape, Tone string }

// maxOver is how many of them Now lists.
const maxOver = 6

func (k *known) overView() (lines []overLine) {
	all := k.Survey.Summary.Incidents
	for i := len(all) - 1; i >= 0 && len(lines) < maxOver; i-- {
		if all[i].End != nil {
			lines = append(lines, overLineOf(all[i], k.At))
		}
	}
	return lines
}

func overLineOf(i longrun.IncidentSummary, now time.Time) overLine {
	l := overLine{ID: i.IncidentID, Began: clockOf(i.Start, now), Title: title(i.Rule, i.Target), Summary: visible.Line(i.Summary, 160), Lasted: lasting(i.Incident().Repair(now)), Shape: "warn", Tone: "warn"}
	if i.Severity == longrun.Critical {
		l.Shape, l.Tone = "wrong", "bad"
	}
	return l
}

// quietLine is a time in which nothing is told.
type quietLine struct{ What, Until, By string }

func (k *known) quietView() (lines []quietLine) {
	for _, s := range k.Silences {
		lines = append(lines, quietLineOf(s, k.At))
	}
	for _, m := range k.Status.Settings.Maintenance {
		if w, ok := m.Window(k.At); ok {
			lines = append(lines, quietLine{"Maintenance", "until " + k.clock(w.To), visible.Line(m.Name, 80)})
		}
	}
	return lines
}

func quietLineOf(s longrun.Silence, now time.Time) quietLine {
	l := quietLine{What: "Everything", Until: "until " + clockOf(s.Until, now), By: "by " + visible.Line(s.By, 60)}
	switch {
	case s.Rule != "":
		l.What = title(s.Rule, s.Target)
	case s.Target != "":
		l.What = visible.Line(s.Target, 80)
	}
	if s.From.After(now) {
		l.Until = "from " + clockOf(s.From, now) + " " + l.Until
	}
	if s.Reason != "" {
		l.By += ": “" + visible.Line(s.Reason, 200) + "”"
	}
	return l
}

// done is what a form did before it led here: a word of a few, and never a text of
// whoever made the link.
func done(r *http.Request) string {
	switch r.URL.Query().Get("done") {
	case "silenced":
		return "Silenced. Undo it with End it."
	case "ended":
		return "The silence has ended."
	case "stored":
		return "The settings were stored. They are in force from the next slot on."
	case "theme":
		return "This browser shows these colours from now on."
	case "tested":
		return "The test message was sent."
	case "passed":
		return "The probe passed."
	case "failed":
		return "The probe failed."
	}
	return ""
}
