package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// judge has every rule look at the newest beat, once per slot.
func (w *watch) judge(ctx context.Context) {
	l, filled := w.a.take()
	now := w.m.cfg.Clock.Now()
	w.recent.Advance(now)
	for _, slot := range filled {
		w.recent.Fill(slot)
	}
	if l == nil || l.beat.Slot(w.m.cfg.Interval) == w.judged {
		return
	}
	w.judged, w.changed = l.beat.Slot(w.m.cfg.Interval), true
	rules.Judge(w.see(l, now), standing(w.board), func(f rules.Finding) { w.find(ctx, f, now) })
	w.recordOutages(ctx, now)
}

// see is what the rules may look at.
func (w *watch) see(l *look, now time.Time) *rules.Inputs {
	in := &w.in
	in.Now, in.Settings, in.Beat, in.Recent = now, w.m.live.Now(), l.beat, w.recent
	in.Accounts = append(in.Accounts[:0], l.accounts...)
	for i := range in.Accounts {
		in.Accounts[i].ID = w.m.accountName(in.Accounts[i].ID)
	}
	w.probes, in.ProbesKnown = w.m.probes.seen(w.probes[:0])
	in.Probes = in.Probes[:0]
	for _, p := range w.probes {
		in.Probes = append(in.Probes, rules.Probed{Type: p.kind, Schedule: p.schedule, Settle: p.settle, Recent: p.recent})
	}
	in.LeadBegan, in.Started = w.began, w.m.startedAt()
	return in
}

// standing is the board as the rules see it.
type standing map[alarmKey]*alarm

// State returns the state of a rule for a target.
func (s standing) State(r longrun.RuleID, target string) rules.State {
	if al := s[alarmKey{r, target}]; al != nil {
		return al.state
	}
	return rules.State{}
}

// Open appends the states that are not at rest.
func (s standing) Open(room []rules.State) []rules.State {
	for _, al := range s {
		if al.state.Phase == rules.Firing || al.state.Phase == rules.Pending {
			room = append(room, al.state)
		}
	}
	return room
}

// find takes what a rule found into its alarm.
func (w *watch) find(ctx context.Context, f rules.Finding, now time.Time) {
	key := alarmKey{f.Rule, f.Target}
	al := w.board[key]
	if al == nil {
		if f.Condition != rules.Bad {
			return // all is well, as nearly always
		}
		al = &alarm{}
		w.board[key] = al
	}
	if f.Gone {
		w.m.deps.Log.InfoContext(ctx, "what an alert was about is no longer there", "rule", string(f.Rule), "target", f.Target)
	}
	next, transition := al.state.Next(f, rules.PolicyOf(f.Rule), now)
	switch {
	case transition == rules.Opened:
		al.incident = w.open(next, f, now)
		w.noteCounted(al.incident)
		w.m.deps.Log.WarnContext(ctx, "incident opened", "rule", string(f.Rule), "target", f.Target, "incident", next.IncidentID, "since", al.incident.TSStart, "summary", al.incident.Summary)
	case transition == rules.Resolved:
		end, length := *next.LastEnd, next.LastEnd.Sub(al.incident.TSStart).Seconds()
		al.incident.TSEnd, al.incident.MTTRSec = &end, &length
		closed := now.UTC().Truncate(time.Microsecond)
		al.incident.Closed, al.incident.ClosedBy = &closed, w.m.cfg.InstanceID
		w.noteCounted(al.incident)
		w.m.deps.Log.InfoContext(ctx, "incident resolved", "rule", string(f.Rule), "target", f.Target, "incident", al.incident.IncidentID, "after", next.LastEnd.Sub(al.incident.TSStart))
	case f.Condition == rules.Bad && next.Phase == rules.Firing:
		w.grow(al, f)
	}
	w.tell(ctx, key, al, next, transition, now)
}

// tell takes the state after a look, and makes the message that it asks for.
func (w *watch) tell(ctx context.Context, key alarmKey, al *alarm, next rules.State, transition rules.Change, now time.Time) {
	throttle := w.m.live.Now().AlertThresholds.Throttle()
	told, kind := next.Tell(transition, false, throttle, now)
	al.muted = ""
	if kind == longrun.NoticeFiring || kind == longrun.NoticeReminder {
		if al.muted = w.mutedBy(ctx, key, now); al.muted != "" {
			told, kind = next.Tell(transition, true, throttle, now)
		}
	}
	if kind != longrun.NoNotice {
		if kind == longrun.NoticeReminder {
			al.incident.Reminders++
			w.noteIncident(al.incident)
		}
		w.queue(al.incident, told, kind, now)
	}
	if told != al.state {
		al.state = told
		w.noteState(key, told)
	}
	if transition == rules.Resolved {
		al.incident = longrun.Incident{}
	}
}

// mutedBy says why an alarm is not told now; empty when it is to be.
func (w *watch) mutedBy(ctx context.Context, key alarmKey, now time.Time) string {
	if r := rules.MutedBy(key.rule, standing(w.board)); r != "" {
		return string(r) + " fires"
	}
	return w.a.mute.why(ctx, key.rule, key.target, now)
}

// open begins an incident.
func (w *watch) open(s rules.State, f rules.Finding, now time.Time) longrun.Incident {
	return longrun.Incident{
		IncidentID: s.IncidentID, Rule: s.Rule, Target: s.Target, Severity: rules.SeverityOf(s.Rule),
		TS: *s.Since, TSStart: *s.Since, Noticed: now.UTC().Truncate(time.Microsecond),
		Summary: hostcall.Line(f.Summary, maxSummary), Observed: f.Observed, Threshold: f.Threshold,
		Slots: proof(f.Slots), Probes: proof(f.Probes), Accounts: proof(f.Accounts),
		InstanceID: w.m.cfg.InstanceID, CommitHash: w.m.cfg.CommitHash, Epoch: w.lease.Epoch(),
	}
}

// maxSummary bounds the line that says what was seen.
const maxSummary = 300

func proof(ids []string) []string { return slices.Clone(ids[:min(len(ids), longrun.MaxEvidence)]) }

// grow adds evidence that came while the incident is open.
func (w *watch) grow(al *alarm, f rules.Finding) {
	grown := false
	for _, e := range []struct {
		known *[]string
		now   []string
	}{{&al.incident.Slots, f.Slots}, {&al.incident.Probes, f.Probes}, {&al.incident.Accounts, f.Accounts}} {
		for _, id := range e.now {
			if len(*e.known) < longrun.MaxEvidence && !slices.Contains(*e.known, id) {
				*e.known = append(*e.known, id)
				grown = true
			}
		}
	}
	if grown {
		w.noteIncident(al.incident)
	}
}

// recordOutages writes down, as incidents, outages of the store that this
// instance lived through: while they lasted nothing could be written.
func (w *watch) recordOutages(ctx context.Context, now time.Time) {
	past := w.m.outages.over()
	for n, o := range past {
		i, err := w.incidentOf(ctx, o, now)
		switch {
		case err != nil:
			w.m.outages.again(past[n:]...)
			w.m.deps.Log.Once(ctx, slog.LevelWarn, "outage", "unrecorded", "an outage of the store is not recorded yet", "error", err)
			return
		case i != nil:
			w.noteCounted(*i)
			w.outages = append(w.outages, o)
			w.m.deps.Log.InfoContext(ctx, "an outage of the store is recorded", "incident", i.IncidentID, "after", o.To.Sub(o.From))
		}
	}
}

// incidentOf returns the incident of an outage; nothing where another leader has
// written one down, or wrote beats meanwhile: then it was out of this instance's
// reach alone.
func (w *watch) incidentOf(ctx context.Context, o pastOutage, now time.Time) (*longrun.Incident, error) {
	if !o.told && (now.Sub(o.From) > rules.RecentSpan || w.anyFilled(o.Window)) {
		return nil, nil
	}
	ctx, cancel := deadline.With(ctx, w.m.cfg.Clock, w.m.deps.Self.AsideTimeout())
	defer cancel()
	known, err := w.m.deps.Ledger.HasIncident(ctx, rules.StoreUnreachable, o.Window)
	if known || err != nil {
		return nil, err
	}
	length := o.To.Sub(o.From).Seconds()
	to, closed := o.To.UTC().Truncate(time.Microsecond), now.UTC().Truncate(time.Microsecond)
	s := rules.State{Rule: rules.StoreUnreachable, Since: &o.From, IncidentID: rules.IncidentID(rules.StoreUnreachable, "", o.From)}
	limit := w.m.live.Now().AlertThresholds.StoreUnreachableSec
	i := w.open(s, rules.Finding{Summary: fmt.Sprintf("the store was out of reach for %.0f s, %.0f s are borne", length, limit), Observed: length, Threshold: limit}, now)
	i.TSEnd, i.MTTRSec, i.Closed, i.ClosedBy = &to, &length, &closed, w.m.cfg.InstanceID
	return &i, nil
}

// anyFilled reports whether a slot that lies in the window has a beat.
func (w *watch) anyFilled(in longrun.Window) bool {
	interval := w.m.cfg.Interval
	for s := longrun.SlotAt(in.From, interval) + 1; !(s + 1).Start(interval).After(in.To); s++ {
		if w.recent.Filled(s) {
			return true
		}
	}
	return false
}
