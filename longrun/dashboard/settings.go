package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/seed-13dc028d/longwatch/internal/entry"
	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// field is one number of the settings.
type field struct{ Name, Label, Value string }

// maintenanceLine is a weekly time of quiet.
type maintenanceLine struct {
	At         int
	What, When string
}

type settingsView struct {
	Fields, Thresholds []field
	Silences           []silenceLine
	Maintenance        []maintenanceLine
	Rules              []option
	Changed, Warning   string
	Zone               string
	// Targets are those in force, and Held is that which the rule about the error
	// budget holds to.
	Targets []string
	Held    string
}

type option struct{ ID, Title string }

// settingsPage answers GET /settings.
func (h *handler) settingsPage(w http.ResponseWriter, r *http.Request) {
	s, version, err := h.monitor.Settings(r.Context())
	_, mangled := errors.AsType[*ledger.DocumentError](err)
	if err != nil && !mangled {
		h.storeFailed(w, r, err)
		return
	}
	now := h.Clock.Now().UTC()
	silences, err := h.monitor.Ledger().SilencesAt(r.Context(), now)
	if err != nil {
		h.storeFailed(w, r, err)
		return
	}
	v := settingsView{Zone: "UTC", Changed: "These are the defaults: nobody has changed them."}
	if h.Zone != nil {
		v.Zone = h.Zone.String()
	}
	if mangled {
		v.Warning = "The stored settings make no sense and are not in force. These are the defaults; whatever you change replaces what is stored."
	} else if version != "" {
		v.Changed = "Last changed " + clockOf(s.TS, now) + " by " + visible.Line(s.UpdatedBy, 60) + "."
	}
	for _, t := range s.InForce() {
		v.Targets = append(v.Targets, targetWords(t))
	}
	v.Held = targetWords(s.AlertTarget())
	for name, value := range numbers(s) {
		if threshold, ok := strings.CutPrefix(name, "alertThresholds."); ok {
			v.Thresholds = append(v.Thresholds, field{name, words(threshold), value})
		} else {
			v.Fields = append(v.Fields, field{name, words(name), value})
		}
	}
	for _, f := range [][]field{v.Fields, v.Thresholds} {
		slices.SortFunc(f, func(a, b field) int { return strings.Compare(a.Label, b.Label) })
	}
	for _, q := range silences {
		v.Silences = append(v.Silences, silenceLine{q.SilenceID, quietLineOf(q, now)})
	}
	for i, m := range s.Maintenance {
		days := "every day"
		if len(m.Days) > 0 {
			days = strings.Join(m.Days, ", ")
		}
		zone := m.Zone
		if zone == "" {
			zone = "UTC"
		}
		v.Maintenance = append(v.Maintenance, maintenanceLine{i, visible.Line(m.Name, 80), visible.Line(days, 60) + " at " + visible.Line(m.Start, 10) + " " + visible.Line(zone, 40) + ", " + figures.Count(m.Minutes) + " min"})
	}
	for _, id := range rules.Rules() {
		v.Rules = append(v.Rules, option{string(id), title(id, "")})
	}
	slices.SortFunc(v.Rules, func(a, b option) int { return strings.Compare(a.Title, b.Title) })
	h.render(w, r, http.StatusOK, "settings", frame{Title: "Settings", Page: "settings", Done: done(r), Body: v})
}

// targetWords is such as "99.5 % of 30 days".
func targetWords(t longrun.Target) string {
	return strconv.FormatFloat(t.Percent, 'f', -1, 64) + " % of " + plural(int(t.Days), "day", "days")
}

// numbers are the settings that are one number each, by the names of their fields.
func numbers(s longrun.Settings) map[string]string {
	out := map[string]string{}
	text, err := json.Marshal(s)
	if err != nil {
		return out
	}
	var top map[string]json.RawMessage
	_ = json.Unmarshal(text, &top) // it was made here
	add := func(prefix string, fields map[string]json.RawMessage) {
		for name, value := range fields {
			if _, err := strconv.ParseFloat(string(value), 64); err == nil {
				out[prefix+name] = string(value)
			}
		}
	}
	add("", top)
	var thresholds map[string]json.RawMessage
	_ = json.Unmarshal(top["alertThresholds"], &thresholds)
	add("alertThresholds.", thresholds)
	return out
}

// setNumber sets the one of that name.
func setNumber(s *longrun.Settings, name, value string) error {
	if _, err := strconv.ParseFloat(value, 64); err != nil || !json.Valid([]byte(value)) {
		return fmt.Errorf("%s: %.40q is no number", words(name), value)
	}
	text := fmt.Sprintf(`{%q:%s}`, name, value)
	if threshold, ok := strings.CutPrefix(name, "alertThresholds."); ok {
		text = fmt.Sprintf(`{"alertThresholds":{%q:%s}}`, threshold, value)
	}
	if json.Unmarshal([]byte(text), s) != nil {
		return fmt.Errorf("%s: %.40q is no whole number", words(name), value)
	}
	return nil
}

// words are the name of a field for people.
func words(name string) string {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(name, "alertThresholds.") {
		switch {
		case i == 0:
			b.WriteRune(unicode.ToUpper(r))
		case unicode.IsUpper(r):
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	text := strings.NewReplacer(" hb ", " heartbeats ", " in a row", " in a row").Replace(b.String())
	if rest, ok := strings.CutSuffix(text, " sec"); ok {
		text = rest + ", in seconds"
	}
	if rest, ok := strings.CutSuffix(text, " percent"); ok {
		text = rest + ", in per cent"
	}
	return text
}

// change is a field before and after.
type change struct{ Label, From, To string }

type confirmView struct {
	Changes           []change
	Settings, Version string
}

// review answers POST /settings/review: it shows what would change, and changes
// nothing.
func (h *handler) review(w http.ResponseWriter, r *http.Request) {
	old, version, err := h.monitor.Settings(r.Context())
	if _, mangled := errors.AsType[*ledger.DocumentError](err); err != nil && !mangled {
		h.storeFailed(w, r, err)
		return
	}
	s := old
	s.Maintenance = slices.Clone(old.Maintenance)
	if err := reviewed(&s, r.PostForm); err != nil {
		h.fail(w, r, http.StatusUnprocessableEntity, "Nothing was changed: "+err.Error()+".")
		return
	}
	v := confirmView{Changes: changes(old, s), Version: version}
	text, err := json.Marshal(s)
	if err != nil {
		h.fail(w, r, http.StatusUnprocessableEntity, "Nothing was changed: "+err.Error()+".")
		return
	}
	v.Settings = string(text)
	h.render(w, r, http.StatusOK, "confirm", frame{Title: "Change the settings?", Page: "settings", Body: v})
}

// reviewed lays a form over the settings.
func reviewed(s *longrun.Settings, form url.Values) error {
	var errs []error
	known := numbers(*s)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if form.Has(name) && strings.TrimSpace(form.Get(name)) != known[name] {
			errs = append(errs, setNumber(s, name, strings.TrimSpace(form.Get(name))))
		}
	}
	if form.Has("maintenance.remove") {
		i, err := strconv.Atoi(form.Get("maintenance.remove"))
		if err != nil || i < 0 || i >= len(s.Maintenance) {
			return errors.New("there is no such maintenance any more")
		}
		s.Maintenance = slices.Delete(s.Maintenance, i, i+1)
	}
	if form.Has("maintenance.start") {
		minutes, err := strconv.ParseInt(form.Get("maintenance.minutes"), 10, 64)
		if err != nil {
			errs = append(errs, errors.New("minutes is no number"))
		}
		s.Maintenance = append(s.Maintenance, longrun.Maintenance{
			Name: form.Get("maintenance.name"), Zone: form.Get("maintenance.zone"), Days: form["maintenance.day"], Start: form.Get("maintenance.start"), Minutes: minutes,
		})
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return rules.ValidateSettings(*s)
}

// changes are the fields that differ.
func changes(old, s longrun.Settings) (out []change) {
	before, after := numbers(old), numbers(s)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != after[name] {
			out = append(out, change{words(name), before[name], after[name]})
		}
	}
	if len(old.Maintenance) != len(s.Maintenance) {
		name := func(all []longrun.Maintenance) string {
			names := make([]string, len(all))
			for i, m := range all {
				names[i] = visible.Line(m.Name+" "+m.Start, 60)
			}
			if len(names) == 0 {
				return "none"
			}
			return strings.Join(names, ", ")
		}
		out = append(out, change{"Maintenance", name(old.Maintenance), name(s.Maintenance)})
	}
	return out
}

// putSettings answers POST /settings: what was confirmed is stored, if nobody changed
// the settings meanwhile.
func (h *handler) putSettings(w http.ResponseWriter, r *http.Request) {
	var s longrun.Settings
	err := json.Unmarshal([]byte(r.PostFormValue("settings")), &s)
	if err == nil {
		err = rules.ValidateSettings(s)
	}
	if err != nil {
		h.fail(w, r, http.StatusUnprocessableEntity, "Nothing was changed: "+err.Error()+".")
		return
	}
	s.UpdatedBy = "dashboard"
	_, err = h.monitor.PutSettings(r.Context(), s, r.PostFormValue("version"))
	switch {
	case errors.Is(err, store.ErrConflict):
		h.fail(w, r, http.StatusConflict, "Nothing was changed: somebody else changed the settings meanwhile. Look at them again.")
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.changed(w, r, "settings stored over the dashboard", "./settings?done=stored")
	}
}

// changed logs what was done, has Now read anew, and leads on.
func (h *handler) changed(w http.ResponseWriter, r *http.Request, what, to string) {
	h.Logger.InfoContext(r.Context(), "changed over the dashboard", "what", what, "remote", entry.HostOnly(r.RemoteAddr))
	h.now.forget(r.Context())
	seeOther(w, to)
}

// back is where a form leads, from a page at a path with one slash more for each of
// up: to the incident that it was sent from, or to the settings.
func back(r *http.Request, up, done string) string {
	if id := r.PostFormValue("incident"); id != "" {
		return up + "incident/" + url.PathEscape(id) + "?done=" + done
	}
	return up + "settings?done=" + done
}

// silence answers POST /silences.
func (h *handler) silence(w http.ResponseWriter, r *http.Request) {
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	s := longrun.Silence{
		From: now, Rule: longrun.RuleID(r.PostFormValue("rule")), Target: r.PostFormValue("target"),
		Reason: strings.TrimSpace(r.PostFormValue("reason")), By: strings.TrimSpace(r.PostFormValue("by")),
	}
	if s.By == "" {
		s.By = "dashboard"
	}
	if id := r.PostFormValue("incident"); id != "" {
		i, err := h.monitor.Ledger().Incident(r.Context(), id)
		if err != nil {
			h.fail(w, r, http.StatusNotFound, "Nothing was silenced: there is no such incident that can be read.")
			return
		}
		s.Rule, s.Target = i.Value.Rule, i.Value.Target
	}
	minutes, err := strconv.Atoi(r.PostFormValue("minutes"))
	s.Until = now.Add(time.Duration(max(0, min(minutes, int(longrun.MaxSilence/time.Minute)))) * time.Minute)
	if r.PostFormValue("minutes") == "morning" {
		s.Until, err = h.morning(now).UTC(), nil
	}
	switch {
	case err != nil:
		err = errors.New("for how long is not said")
	case s.Reason == "":
		err = errors.New("the reason is missing; others read it")
	default:
		err = rules.ValidateSilence(s)
	}
	if err != nil {
		h.fail(w, r, http.StatusUnprocessableEntity, "Nothing was silenced: "+err.Error()+".")
		return
	}
	if _, err := h.monitor.Silence(r.Context(), s); err != nil {
		h.storeFailed(w, r, err)
		return
	}
	h.changed(w, r, "silence", back(r, "./", "silenced"))
}

// endSilence answers POST /silences/end.
func (h *handler) endSilence(w http.ResponseWriter, r *http.Request) {
	_, err := h.monitor.EndSilence(r.Context(), r.PostFormValue("id"))
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		h.fail(w, r, http.StatusNotFound, "There is no such silence.")
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.changed(w, r, "end of a silence", back(r, "../", "ended"))
	}
}

// testAlert answers POST /alerts/test.
func (h *handler) testAlert(w http.ResponseWriter, r *http.Request) {
	if wait := h.tests.Take(); wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
		h.fail(w, r, http.StatusTooManyRequests, "A test message was sent a moment ago. Try again in "+figures.Length(wait)+".")
		return
	}
	if err := h.monitor.TestAlert(r.Context()); err != nil {
		h.fail(w, r, http.StatusBadGateway, "The test message was not sent: "+visible.Line(err.Error(), 300))
		return
	}
	h.changed(w, r, "test message", "../settings?done=tested")
}

// runProbe answers POST /probes/run.
func (h *handler) runProbe(w http.ResponseWriter, r *http.Request) {
	n := longrun.NamedProbe{Type: longrun.ProbeType(r.PostFormValue("type")), Name: r.PostFormValue("name")}
	p, err := h.monitor.RunNamedProbe(r.Context(), n)
	_, elsewhere := errors.AsType[*monitor.NotLeadingError](err)
	switch {
	case elsewhere:
		h.fail(w, r, http.StatusConflict, "This instance makes no probes: it does not lead. Ask the one that does.")
	case err != nil:
		h.fail(w, r, http.StatusBadGateway, "The probe was not made: "+visible.Line(err.Error(), 300))
	default:
		h.changed(w, r, "probe", back(r, "../", map[longrun.ProbeResult]string{longrun.Pass: "passed", longrun.Fail: "failed"}[p.Result]))
	}
}
