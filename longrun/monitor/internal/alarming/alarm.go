package alarming

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/causes"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// find takes what a rule found into its alarm.
func (w *watch) find(ctx context.Context, f rules.Finding, now time.Time) {
	key := alarmKey{f.Rule, f.Target}
	al := w.board[key]
	if al == nil {
		if f.Condition != rules.Bad {
			return // all is well, as nearly always
		}
		if f.Target != rules.Together && !w.hasRoom(f.Rule, now) {
			w.leftOut++
			return
		}
		al = &alarm{}
		w.put(key, al)
	}
	switch {
	case al.state.Phase == rules.Inactive:
	case f.Gone:
		w.say(ctx, &w.gone, slog.LevelInfo, "what an alert was about is no longer there", "rule", string(f.Rule), "target", f.Target)
	case f.Off:
		w.say(ctx, &w.gone, slog.LevelInfo, "an alert's rule is switched off", "rule", string(f.Rule), "target", f.Target)
	}
	if f.Condition == rules.Bad {
		al.by = w.by
	}
	next, change := al.state.Next(f, rules.PolicyOf(f.Rule), now)
	switch {
	case change == rules.Opened:
		al.incident, al.spared = w.open(next, f, now), false
		w.explain(ctx, &al.incident)
		w.noteCounted(al.incident)
		w.say(ctx, &w.opened, slog.LevelWarn, "incident opened", "rule", string(f.Rule), "target", f.Target, "incident", next.IncidentID, "since", al.incident.TSStart, "summary", al.incident.Summary)
	case change == rules.Resolved:
		w.resolve(ctx, al, f, *next.LastEnd, now)
		al.spared = al.by != nil && al.by != w.by && rules.BadBy(*al.by, &w.in, al.state)
		w.say(ctx, &w.closed, slog.LevelInfo, "incident resolved", "rule", string(f.Rule), "target", f.Target, "incident", al.incident.IncidentID, "after", next.LastEnd.Sub(al.incident.TSStart))
	case f.Condition == rules.Bad && next.Phase == rules.Firing:
		w.grow(al, f)
	}
	w.tell(ctx, key, al, f, next, change, now)
}

// tell takes the state after a look, and makes the message that it asks for.
func (w *watch) tell(ctx context.Context, key alarmKey, al *alarm, f rules.Finding, next rules.State, change rules.Change, now time.Time) {
	throttle := w.Settings().AlertThresholds.Throttle()
	told, kind := next.Tell(change, false, throttle, now)
	muted := ""
	if kind != longrun.NoNotice && kind != longrun.NoticeResolved {
		if muted = w.mutedBy(ctx, key, f, now); muted != "" {
			told, kind = next.Tell(change, true, throttle, now)
		}
	}
	if muted != al.muted {
		al.muted, w.changed = muted, true
	}
	if kind != longrun.NoNotice {
		if kind != longrun.NoticeFiring && told.Phase == rules.Firing {
			al.incident.Reminders++
			w.noteIncident(al.incident)
		}
		i, lines := w.message(al, f, told, kind, now)
		w.outbox.Queue(ctx, i, told, kind, now, lines...)
	}
	if told != al.state {
		al.state = told
		w.noteState(key, told)
	}
	if change == rules.Resolved {
		al.incident = longrun.Incident{}
	}
}

// mutedBy says why an alarm is not told now; empty when it is to be.
func (w *watch) mutedBy(ctx context.Context, key alarmKey, f rules.Finding, now time.Time) string {
	if f.Attached {
		return string(key.rule) + " fires for many " + rules.Together
	}
	if f.Explained != "" {
		return string(f.Explained) + " fires for its account"
	}
	if r := rules.MutedBy(key.rule, key.target, (*standing)(w)); r != "" {
		return string(r) + " fires"
	}
	if why := w.b.mute.why(ctx, key.rule, key.target, now); why != "" || key.target != rules.Together {
		return why
	}
	return w.mutedEach(ctx, f, now)
}

// mutedEach is mutedBy of an incident of many: nobody is told of all together who asked
// not to be told of each of them.
func (w *watch) mutedEach(ctx context.Context, f rules.Finding, now time.Time) (why string) {
	if len(f.Members) == 0 || float64(len(f.Members)) < f.Observed {
		return ""
	}
	for _, target := range f.Members {
		if why = w.b.mute.why(ctx, f.Rule, target, now); why == "" {
			return ""
		}
	}
	return why
}

// open begins an incident.
func (w *watch) open(s rules.State, f rules.Finding, now time.Time) longrun.Incident {
	return longrun.Incident{
		IncidentID: s.IncidentID, Rule: s.Rule, Target: s.Target, Severity: rules.SeverityOf(s.Rule),
		TS: *s.Since, TSStart: *s.Since, Noticed: now.UTC().Truncate(time.Microsecond),
		Summary: hostcall.Line(f.Summary, maxSummary), Observed: f.Observed, Threshold: f.Threshold,
		Slots: proof(f.Slots), Probes: proof(f.Probes), Accounts: proof(f.Accounts), Instances: proof(f.Instances), Gaps: f.Gaps,
		InstanceID: w.Self.InstanceID, CommitHash: w.Self.CommitHash, Epoch: w.lead.Epoch(),
	}
}

// resolve ends the open incident.
func (w *watch) resolve(ctx context.Context, al *alarm, f rules.Finding, end, now time.Time) {
	length := max(0, end.Sub(al.incident.TSStart).Seconds())
	if f.Took != nil {
		length = min(length, max(0, f.Took.Seconds()))
	}
	grown(&al.incident.Instances, f.Instances)
	if len(f.Gaps) > 0 { // all of them, and what is between them known
		al.incident.Gaps = f.Gaps
		w.explain(ctx, &al.incident)
	}
	closed := now.UTC().Truncate(time.Microsecond)
	al.incident.TSEnd, al.incident.MTTRSec = &end, &length
	al.incident.Closed, al.incident.ClosedBy = &closed, w.Self.InstanceID
	w.noteCounted(al.incident)
}

// maxSummary bounds the line that says what was seen.
const maxSummary = 300

func proof(ids []string) []string { return slices.Clone(ids[:min(len(ids), longrun.MaxEvidence)]) }

// grow adds evidence that came while the incident is open.
func (w *watch) grow(al *alarm, f rules.Finding) {
	i := &al.incident
	slots := grown(&i.Slots, f.Slots)
	probes := grown(&i.Probes, f.Probes)
	instances := grown(&i.Instances, f.Instances)
	if accounts := grown(&i.Accounts, f.Accounts); slots || probes || accounts || instances {
		w.noteIncident(*i)
	}
}

func grown(known *[]string, now []string) (grown bool) {
	for _, id := range now {
		if len(*known) >= longrun.MaxEvidence {
			break
		}
		if !slices.Contains(*known, id) {
			// A new array: the old one may stand in a write that is not made yet.
			*known = append(slices.Clip(*known), id)
			grown = true
		}
	}
	return grown
}

// said counts the lines of one slot that say the same of different targets.
type said struct {
	slot longrun.Slot
	n    int
}

// maxSaid bounds them.
const maxSaid = 100

// say logs, so often in a slot: a thousand accounts that go out together stand in
// the documents, and not in a thousand lines.
func (w *watch) say(ctx context.Context, s *said, level slog.Level, msg string, args ...any) {
	if s.slot != w.judged {
		*s = said{slot: w.judged}
	}
	switch s.n++; {
	case s.n < maxSaid:
		w.Log.Log(ctx, level, msg, args...) //nolint:sloglint // the callers give constants
	case s.n == maxSaid:
		w.Log.Log(ctx, level, msg, append(slices.Clip(args), "more", "are not said")...) //nolint:sloglint // as above
	}
}

// explain has an incident say why, where that can be read. What cannot be is not
// waited for.
func (w *watch) explain(ctx context.Context, i *longrun.Incident) {
	if len(i.Gaps) == 0 {
		return
	}
	gaps, err := causes.Explain(ctx, w.Deps, i.Gaps, w.in.Beat)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Once(ctx, slog.LevelWarn, "causes", "unread", "why heartbeats are missing cannot be read", "incident", i.IncidentID, "error", hostcall.Text(err))
		}
		return
	}
	w.Log.Over("causes")
	cause, died := causes.Summary(gaps)
	i.Gaps, i.Cause = gaps, hostcall.Line(cause, maxSummary)
	grown(&i.Instances, died)
}

// message is what is told of an alarm: its incident as the message shows it, and
// the lines behind that. told is the state with the message in it.
func (w *watch) message(al *alarm, f rules.Finding, told rules.State, kind longrun.NoticeKind, now time.Time) (i longrun.Incident, lines []string) {
	if i = al.incident; i.IncidentID == "" { // it flaps, and is over
		i = pastIncident(told, now)
	}
	was := i.Summary
	switch kind {
	case longrun.NoticeResolved:
		i.Summary = over(al, f)
		if al.by == nil && w.Settings().TS.After(i.Noticed) {
			lines = append(lines, "the settings were changed while it went on")
		}
		if was != "" {
			lines = append(lines, "it was: "+was)
		}
	case longrun.NoticeFlapping:
		i.Summary, i.MTTRSec = told.Flaps(), nil
		if told.ChangesSince != nil {
			i.TSStart = *told.ChangesSince
		}
		if was != "" {
			lines = append(lines, "the last time: "+was)
		}
		lines = append(lines, "each change is told again when it is stable; until then at most once in "+w.Settings().AlertThresholds.Throttle().String())
	case longrun.NoticeReminder:
		if f.Condition == rules.Bad && f.Summary != "" { // how it is by now
			i.Summary = hostcall.Line(f.Summary, maxSummary)
		}
	case longrun.NoticeFiring, longrun.NoNotice:
	}
	if al.state.FlapSince != nil && kind != longrun.NoticeFlapping {
		lines = append(lines, "it "+told.Flaps()+", and is stable")
	}
	return i, append(lines, causes.Lines(i.Gaps, w.b.Channel.Zone())...)
}

// switchedOff is why an incident is over whose rule is.
const switchedOff = "the rule was switched off, and nobody looks any more"

// over says why an incident is.
func over(al *alarm, f rules.Finding) string {
	row, _ := rules.Of(f.Rule)
	switch {
	case f.Gone:
		return "what it was about is no longer there"
	case f.Off:
		return switchedOff
	case al.spared:
		return "the settings were changed: by those of before it would still fire"
	case f.Summary != "":
		return hostcall.Line(f.Summary, maxSummary)
	}
	return row.Works
}

// pastIncident is the incident that ended last, as far as its state says.
func pastIncident(s rules.State, now time.Time) longrun.Incident {
	i := longrun.Incident{IncidentID: s.LastIncident, Rule: s.Rule, Target: s.Target, Severity: rules.SeverityOf(s.Rule), TSEnd: s.LastEnd}
	switch {
	case s.ChangesSince != nil:
		i.TSStart = *s.ChangesSince
	case s.LastEnd != nil:
		i.TSStart = *s.LastEnd
	default:
		i.TSStart = now
	}
	if i.IncidentID == "" {
		i.IncidentID = rules.IncidentID(s.Rule, s.Target, i.TSStart)
	}
	return i
}
