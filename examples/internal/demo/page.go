package demo

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var pageShape = template.Must(template.New("page").Parse(pageText))

// policy lets a page have its own style and script, talk to this server, and nothing
// else.
var policy = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'; style-src '" +
	hash(pageStyle) + "'; script-src '" + hash(pageScript) + "'"

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Watch has the page show what is open, as status says. Call it before the page is
// served.
func (d *Demo) Watch(status func() monitor.Status) { d.status = status }

// view is what the page shows.
type view struct {
	Style    template.CSS
	Script   template.JS
	Now      time.Time
	Limits   string
	Kind     string // of the verdict: wrong, warnonly, well or cannot
	Icon     string
	Verdict  string
	Healable bool
	Open     []openView
	Modes    []modeView
	Seldom   []modeView
	Told     []toldView
}

type openView struct{ Icon, Class, Name, Since, Text, Muted string }

type modeView struct {
	Name, Key, Title, What, By, Soon, Came string
	Broken                                 bool
}

type toldView struct{ At, Fast, Title, Rest string }

func (d *Demo) page(w http.ResponseWriter) {
	var b bytes.Buffer
	if err := pageShape.Execute(&b, d.view()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = b.WriteTo(w) // who has gone needs no answer
}

func (d *Demo) view() view {
	now := d.opts.Clock.Now()
	v := view{
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), //nolint:gosec // they are this package's own
		Now: now.UTC(), Limits: limits,
	}
	for i := range modes {
		m := &modes[i]
		f, _ := d.told.of(m)
		shown := modeView{Name: m.name, Key: m.key, Title: m.title, What: m.what, By: m.told(), Soon: m.soon, Came: d.came(m), Broken: f.lasts}
		v.Healable = v.Healable || f.lasts
		if m.seldom {
			v.Seldom = append(v.Seldom, shown)
		} else {
			v.Modes = append(v.Modes, shown)
		}
	}
	for _, m := range d.told.all() {
		title, rest, _ := strings.Cut(m.text, "\n")
		v.Told = append(v.Told, toldView{At: m.at.UTC().Format(time.TimeOnly), Fast: m.fast, Title: title, Rest: rest})
	}
	d.judge(&v, now)
	return v
}

// told are the rules that tell a mode, for people.
func (m *mode) told() string {
	names := make([]string, len(m.tells))
	for i, t := range m.tells {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

// judge says whether anything is wrong, and what.
func (d *Demo) judge(v *view, now time.Time) {
	if d.status == nil {
		v.Kind, v.Icon, v.Verdict = "cannot", "what", "Cannot tell"
		return
	}
	s := d.status()
	wrong, look := 0, 0
	for i := range s.Alerts.Alarms {
		a := &s.Alerts.Alarms[i]
		if a.Phase != rules.Firing {
			continue
		}
		shown := openView{Icon: "warn", Class: "warn", Name: strings.TrimSuffix(string(a.Rule)+" · "+a.Target, " · "), Text: a.Summary, Muted: a.Muted}
		critical := rules.SeverityOf(a.Rule) == longrun.Critical
		if critical {
			shown.Icon, shown.Class = "wrong", "bad"
		}
		switch { // what another rule tells already is counted once
		case a.Muted != "":
			shown.Class = "mute"
		case critical:
			wrong++
		default:
			look++
		}
		if a.Since != nil {
			shown.Since = span(now.Sub(*a.Since)) + ", since " + a.Since.UTC().Format(time.TimeOnly)
		}
		v.Open = append(v.Open, shown)
	}
	switch {
	case s.State != monitor.Leading:
		v.Kind, v.Icon, v.Verdict = "cannot", "what", "Nobody leads yet"
	case wrong > 0:
		v.Kind, v.Icon, v.Verdict = "wrong", "wrong", things(wrong+look, "is wrong", "are wrong")
	case look > 0:
		v.Kind, v.Icon, v.Verdict = "warnonly", "warn", things(look, "to look at", "to look at")
	default:
		v.Kind, v.Icon, v.Verdict = "well", "ok", "All well"
	}
}

func things(n int, one, many string) string {
	if n == 1 {
		return "1 thing " + one
	}
	return fmt.Sprintf("%d things %s", n, many)
}
