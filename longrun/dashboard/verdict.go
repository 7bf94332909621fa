package dashboard

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// verdict is the one sentence at the top, and what it rests on.
type verdict struct {
	// Class is of the style sheet, Shape and Tone of its mark, Icon that of the tab.
	Class, Shape, Tone, Icon string
	Say, Why                 string
	// Tab is the title of the tab.
	Tab   string
	Facts []fact
}

// fact is a number below the verdict; Link is relative to the root, and may be empty.
type fact struct{ Num, Text, Link string }

// soFar is how long must be known before anything is called well.
const soFar = time.Hour

// verdict judges what is known, the worst first.
func (k *known) verdict() verdict {
	var critical, warning, silenced []open
	for _, o := range k.Open {
		switch {
		case o.Silenced:
			silenced = append(silenced, o)
		case o.Severity == longrun.Critical:
			critical = append(critical, o)
		default:
			warning = append(warning, o)
		}
	}
	looks := k.looks()
	away := !k.Status.StoreReachable && k.Status.State != monitor.Stopped || k.Err != nil
	v := verdict{Facts: k.facts()}
	also := ""
	if n := len(silenced); n > 0 {
		also = " " + plural(n, "more is silenced.", "more are silenced.")
	}
	switch silent := k.silent(); {
	case silent > 0 && !away:
		v.wrong("No heartbeat for "+lasting(silent), "Last written at "+k.clock(k.Beat.TS)+" by "+visible.Line(k.Beat.InstanceID, 60)+". This page comes from "+visible.Line(k.Status.InstanceID, 60)+", "+k.role()+".")
		v.Tab = "✕ No heartbeat"
	case len(critical) > 0:
		n := len(critical) + len(warning)
		v.wrong(plural(n, "thing is wrong", "things are wrong"), sentences(append(critical, warning...), k)+also)
		v.Tab = "✕ " + figures.Count(n) + " wrong"
	case away:
		v.Class, v.Shape, v.Tone, v.Icon, v.Tab = "cannot", "ask", "mute", "ask", "? Cannot tell"
		v.Say, v.Why = "Cannot tell", "The database does not answer"
		if !k.Status.StoreAnswered.IsZero() {
			v.Why = "The database has not answered since " + k.clock(k.Status.StoreAnswered) + ", " + lasting(k.At.Sub(k.Status.StoreAnswered))
		}
		v.Why += ". " + plural(k.Status.Waiting, "beat waits", "beats wait") + ", and are written when it is back."
	case len(warning)+len(looks) > 0:
		n := len(warning) + len(looks)
		v.Class, v.Shape, v.Tone, v.Icon, v.Tab = "warnonly", "warn", "warn", "warn", "! "+figures.Count(n)+" to look at"
		v.Say, v.Why = plural(n, "thing to look at", "things to look at"), strings.TrimSpace(sentences(warning, k)+" "+strings.Join(looks, " ")+also)
	case k.lengthKnown() < soFar:
		v.Class, v.Shape, v.Tone, v.Icon, v.Tab = "cannot", "ask", "mute", "ask", "So far well"
		v.Say, v.Why = "Known for "+lasting(k.lengthKnown())+" so far", "Nothing is wrong in it. No verdict is given before an hour is known."+also
	default:
		v.Class, v.Shape, v.Tone, v.Icon, v.Tab = "well", "ok", "ok", "ok", "✓ All well"
		v.Say, v.Why = "All well since "+k.clock(k.wellSince()), "Every rule is quiet, and a heartbeat is written in every slot."
		if n := len(silenced); n > 0 {
			v.Say, v.Why, v.Shape, v.Tone, v.Tab = plural(n, "thing is silenced, the rest is well", "things are silenced, the rest is well"), sentences(silenced, k), "quiet", "mute", "✓ "+figures.Count(n)+" silenced"
		}
	}
	return v
}

func (v *verdict) wrong(say, why string) {
	v.Class, v.Shape, v.Icon, v.Say, v.Why = "wrong", "wrong", "wrong", say, why
}

// sentences say the first of what is open.
func sentences(all []open, k *known) string {
	const most = 3
	var parts []string
	for _, o := range all[:min(len(all), most)] {
		parts = append(parts, title(o.Rule, o.Target)+" since "+k.clock(o.Since)+".")
	}
	if n := len(all) - most; n > 0 {
		parts = append(parts, plural(n, "more", "more")+".")
	}
	return strings.Join(parts, " ")
}

// silent is for how long there has been no beat, where that is two slots or more.
func (k *known) silent() time.Duration {
	if k.Beat == nil || k.Status.Waiting > 0 {
		return 0
	}
	next := (k.Beat.Slot(k.Status.Interval) + 1).Start(k.Status.Interval)
	if gone := k.At.Sub(next); gone >= 2*k.Status.Interval {
		return gone
	}
	return 0
}

// role is what this instance does.
func (k *known) role() string {
	switch k.Status.State {
	case monitor.Leading:
		return "which leads"
	case monitor.Standby:
		return "which stands by"
	case monitor.Stopped:
	}
	return "whose monitor does not run"
}

// lengthKnown is how long anything has been known.
func (k *known) lengthKnown() time.Duration {
	if k.Survey.Earliest == nil {
		return 0
	}
	return k.At.Sub(*k.Survey.Earliest)
}

// wellSince is when the last incident ended, or the first moment known.
func (k *known) wellSince() time.Time {
	since := k.At
	if k.Survey.Earliest != nil {
		since = *k.Survey.Earliest
	}
	for _, i := range k.Survey.Summary.Incidents {
		if i.End != nil && i.End.After(since) {
			since = *i.End
		}
	}
	if n := len(k.Survey.Summary.Coverage.Gaps); n > 0 {
		if end := k.Survey.Summary.Coverage.Gaps[n-1].To; end.After(since) {
			since = end
		}
	}
	return since
}

// looks are what no rule calls an incident, and is not well all the same.
func (k *known) looks() (out []string) {
	s := k.Status
	if s.StoreReadOnly {
		out = append(out, "The database takes no writes.")
	}
	for _, t := range s.Tasks {
		if t.State == monitor.TaskFailed {
			out = append(out, "A part of the leader failed: "+visible.Line(t.Name, 60)+".")
		}
	}
	for i := range s.Probes {
		p := &s.Probes[i]
		name := longrun.NamedProbe{Type: p.Type, Name: p.Name}
		if p.Last != nil && p.Configured && p.Off == "" && p.Last.Result != longrun.Pass && !k.fires(rules.ProbeFails, name.String()) {
			out = append(out, probeName(name)+": the last probe did not pass.")
		}
	}
	if away := k.notConnected(); away > 0 && !k.accountsFire() {
		out = append(out, plural(away, "account is", "accounts are")+" not connected.")
	}
	if n := s.Alerts.Undelivered; n > 0 {
		out = append(out, plural(n, "message", "messages")+" could not be delivered.")
	}
	return out
}

// fires reports whether a rule fires for a target.
func (k *known) fires(rule longrun.RuleID, target string) bool {
	for _, o := range k.Open {
		if o.Rule == rule && o.Target == target {
			return true
		}
	}
	return false
}

// accountsFire reports whether anything fires that says of accounts that they are out.
func (k *known) accountsFire() bool {
	for _, o := range k.Open {
		switch o.Rule {
		case rules.LoggedOut, rules.NotConnected, rules.Banned, rules.TooFewAccounts, rules.SessionReplaced, rules.ClientOutdated:
			return true
		}
	}
	return false
}

// facts are the numbers below the verdict.
func (k *known) facts() (out []fact) {
	if k.Err == nil && k.Survey.Earliest != nil {
		in := func(length time.Duration) int {
			return k.Slots.Count(longrun.Window{From: k.At.Add(-length), To: k.At}).Missed
		}
		out = append(out,
			fact{slotWord(in(24*time.Hour), k.Status.Interval) + " missed", "in 24 h", "history?day=" + k.At.Format(time.DateOnly)},
			k.spent(in(nowDays*24*time.Hour)))
		if pace := k.pace(); pace.Num != "" {
			out = append(out, pace)
		}
	}
	if k.Beat != nil {
		out = append(out, fact{"last beat " + k.Beat.TS.UTC().Format("15:04:05"), "by " + visible.Line(k.Beat.InstanceID, 60), ""})
	}
	return out
}

// budget is that of the target that the rules hold to; nil where its window is longer
// than what this page is made of.
func (k *known) budget() *budget.Budget {
	t, c := k.Status.Settings.AlertTarget(), k.Survey.Summary.Coverage
	if t.Days > nowDays || !c.HasData() {
		return nil
	}
	b := budget.Last(t, c, k.Status.Settings.Planned(longrun.Window{From: c.From, To: c.End()}))
	return &b
}

// spent is what was missed, of what may be; of 30 days without a target.
func (k *known) spent(inThirty int) fact {
	b := k.budget()
	if b == nil {
		return fact{slotWord(inThirty, k.Status.Interval) + " missed", "in 30 d", "history?window=30d"}
	}
	text := fmt.Sprintf("in %d d, of %s allowed", b.Target.Days, figures.Count(b.All.Allowed))
	if !b.Known {
		text += " so far"
	}
	if b.Planned.Missed > 0 {
		text += ", " + figures.Count(b.Planned.Missed) + " of them planned"
	}
	return fact{slotWord(int(b.All.Missed), k.Status.Interval) + " missed", text, "history?window=30d"}
}

// pace is how fast the budget goes, where it would be gone.
func (k *known) pace() fact {
	if b := k.budget(); b != nil {
		if at, burn := soonest(b.Unplanned); at != nil {
			return fact{"nothing left " + k.clock(*at), "at the pace of the last " + spanWord(burn.Span), "history?window=30d"}
		}
	}
	return fact{}
}

// soonest is when nothing is left at the burn that is the fastest, nil where none is too
// fast, or nothing is left now.
func soonest(b budget.Balance) (at *time.Time, of budget.Burn) {
	for _, burn := range b.Burns {
		if burn.ExhaustedAt != nil && (at == nil || burn.ExhaustedAt.Before(*at)) {
			at, of = burn.ExhaustedAt, burn
		}
	}
	return at, of
}

// spanWord is a span's name with a space.
func spanWord(name string) string { return name[:len(name)-1] + " " + name[len(name)-1:] }
