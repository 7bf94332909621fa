package alarming

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
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
	if f.Gone {
		w.say(ctx, &w.gone, slog.LevelInfo, "what an alert was about is no longer there", "rule", string(f.Rule), "target", f.Target)
	}
	next, change := al.state.Next(f, rules.PolicyOf(f.Rule), now)
	switch {
	case change == rules.Opened:
		al.incident = w.open(next, f, now)
		w.noteCounted(al.incident)
		w.say(ctx, &w.opened, slog.LevelWarn, "incident opened", "rule", string(f.Rule), "target", f.Target, "incident", next.IncidentID, "since", al.incident.TSStart, "summary", al.incident.Summary)
	case change == rules.Resolved:
		w.resolve(al, *next.LastEnd, now)
		w.say(ctx, &w.closed, slog.LevelInfo, "incident resolved", "rule", string(f.Rule), "target", f.Target, "incident", al.incident.IncidentID, "after", next.LastEnd.Sub(al.incident.TSStart))
	case f.Condition == rules.Bad && next.Phase == rules.Firing:
		w.grow(al, f)
	}
	w.tell(ctx, key, al, next, change, now, f.Attached)
}

// tell takes the state after a look, and makes the message that it asks for.
func (w *watch) tell(ctx context.Context, key alarmKey, al *alarm, next rules.State, change rules.Change, now time.Time, attached bool) {
	throttle := w.Settings().AlertThresholds.Throttle()
	told, kind := next.Tell(change, false, throttle, now)
	muted := ""
	if kind == longrun.NoticeFiring || kind == longrun.NoticeReminder {
		if muted = w.mutedBy(ctx, key, now, attached); muted != "" {
			told, kind = next.Tell(change, true, throttle, now)
		}
	}
	if muted != al.muted {
		al.muted, w.changed = muted, true
	}
	if kind != longrun.NoNotice {
		if kind == longrun.NoticeReminder {
			al.incident.Reminders++
			w.noteIncident(al.incident)
		}
		w.outbox.Queue(ctx, al.incident, told, kind, now)
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
func (w *watch) mutedBy(ctx context.Context, key alarmKey, now time.Time, attached bool) string {
	if attached {
		return string(key.rule) + " fires for many " + rules.Together
	}
	if r := rules.MutedBy(key.rule, key.target, standing{w.board, w.counts}); r != "" {
		return string(r) + " fires"
	}
	return w.b.mute.why(ctx, key.rule, key.target, now)
}

// open begins an incident.
func (w *watch) open(s rules.State, f rules.Finding, now time.Time) longrun.Incident {
	return longrun.Incident{
		IncidentID: s.IncidentID, Rule: s.Rule, Target: s.Target, Severity: rules.SeverityOf(s.Rule),
		TS: *s.Since, TSStart: *s.Since, Noticed: now.UTC().Truncate(time.Microsecond),
		Summary: hostcall.Line(f.Summary, maxSummary), Observed: f.Observed, Threshold: f.Threshold,
		Slots: proof(f.Slots), Probes: proof(f.Probes), Accounts: proof(f.Accounts),
		InstanceID: w.Self.InstanceID, CommitHash: w.Self.CommitHash, Epoch: w.lead.Epoch(),
	}
}

// resolve ends the open incident.
func (w *watch) resolve(al *alarm, end, now time.Time) {
	length := max(0, end.Sub(al.incident.TSStart).Seconds())
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
	if accounts := grown(&i.Accounts, f.Accounts); slots || probes || accounts {
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
