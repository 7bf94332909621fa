package longrun

import (
	"strconv"
	"time"
)

// Verdict is what a rule says of one target at one moment.
type Verdict int

// The verdicts. Unseen moves no state: nobody could look, or it is too early to
// tell.
const (
	Unseen Verdict = iota
	Good
	Bad
)

// Finding is what a rule sees of one target at one moment.
type Finding struct {
	Rule    Rule
	Target  string
	Verdict Verdict
	// Since is when the condition began, where it is Bad.
	Since time.Time
	// Until is when the condition ended, where it is Good and the rule knows;
	// the zero time means that it is over since the first Good.
	Until time.Time
	// Observed against Threshold, and the same in words.
	Observed, Threshold float64
	Summary             string
	// The evidence, as in Incident.
	Slots, Probes, Accounts []string
}

// Alerting is where a rule stands for one target.
type Alerting string

// Where a rule stands.
const (
	Inactive Alerting = "inactive"
	Pending  Alerting = "pending"
	Firing   Alerting = "firing"
)

// AlertState is the state of one rule for one target, kept from leader to
// leader: what it stands at, what was told, and when.
type AlertState struct {
	// TS is when the state last changed.
	TS     time.Time `json:"ts" firestore:"ts"`
	Rule   Rule      `json:"rule" firestore:"rule"`
	Target string    `json:"target" firestore:"target"`
	State  Alerting  `json:"state" firestore:"state"`
	// Since is when the condition began; nil while Inactive.
	Since *time.Time `json:"since" firestore:"since"`
	// OKSince is when it was first seen to be good again; nil unless it is
	// Firing and good.
	OKSince *time.Time `json:"okSince" firestore:"okSince"`
	// BadStreak and OKStreak count the looks in a row, as far as they matter.
	BadStreak int64 `json:"badStreak" firestore:"badStreak"`
	OKStreak  int64 `json:"okStreak" firestore:"okStreak"`
	// IncidentID is the open incident; empty unless it is Firing.
	IncidentID string `json:"incidentId" firestore:"incidentId"`
	// Told says that a message for the open incident was handed to the outbox.
	Told bool `json:"told" firestore:"told"`
	// Seq counts the messages of this rule and target, and LastSent is when the
	// last one that said Firing was handed over: the throttle's clock.
	Seq      int64      `json:"seq" firestore:"seq"`
	LastSent *time.Time `json:"lastSent" firestore:"lastSent"`
	// LastEnd is when the last incident ended.
	LastEnd *time.Time `json:"lastEnd" firestore:"lastEnd"`
}

// ID returns the ID of the state's document.
func (s AlertState) ID() string { return withTarget(string(s.Rule), s.Target) }

// Key returns the key of the state's last message, such as
// "#probe_fails-outbound-3": a message that comes twice carries it twice.
func (s AlertState) Key() string {
	key := "#" + string(s.Rule)
	if s.Target != "" {
		key += "-" + s.Target
	}
	return key + "-" + strconv.FormatInt(s.Seq, 10)
}

// AlertPolicy says how many looks in a row it takes.
type AlertPolicy struct {
	// Bad is how many Bad looks in a row make it fire. 0 means 1.
	Bad int64
	// OK is how many Good looks in a row resolve it. 0 means 1.
	OK int64
}

// Policy returns how many looks in a row the rule takes. Those that count over a
// window of their own take one; the others are resolved by three, so that a
// value that trembles at its threshold makes one incident and not many.
func (r Rule) Policy() AlertPolicy {
	switch r {
	case QueueDepth, InsufficientData:
		return AlertPolicy{Bad: 1, OK: 3}
	case MissedHeartbeats, StoreUnreachable, LoggedOut, ProbeFails, ProbeOverdue, ReconnectLoop:
	}
	return AlertPolicy{Bad: 1, OK: 1}
}

// Transition is what one look made of a state.
type Transition int

// The transitions.
const (
	Unchanged Transition = iota
	// Opened: it fires now, and an incident begins, back at Since.
	Opened
	// Resolved: it has ended, at LastEnd.
	Resolved
)

// Next returns the state after one look at now, and what that means. It depends
// on nothing else. A Finding that is Unseen changes nothing, so that a time in
// which nobody looked moves no state.
func (s AlertState) Next(f Finding, p AlertPolicy, now time.Time) (AlertState, Transition) {
	if s.State == "" {
		s.Rule, s.Target, s.State = f.Rule, f.Target, Inactive
	}
	now = stored(now)
	bad, ok := max(p.Bad, 1), max(p.OK, 1)
	switch {
	case f.Verdict == Bad:
		return s.bad(f, bad, now)
	case f.Verdict == Good && s.State == Pending:
		s.State, s.Since, s.BadStreak, s.TS = Inactive, nil, 0, now
	case f.Verdict == Good && s.State == Firing:
		s.TS = now
		s.OKStreak++
		if s.OKSince == nil {
			since := now
			s.OKSince = &since
		}
		if s.OKStreak >= ok {
			return s.resolve(f, now), Resolved
		}
	}
	return s, Unchanged
}

func (s AlertState) bad(f Finding, need int64, now time.Time) (AlertState, Transition) {
	switch s.State {
	case Firing:
		if s.OKStreak > 0 {
			s.OKStreak, s.OKSince, s.TS = 0, nil, now
		}
		return s, Unchanged
	case Inactive, Pending:
	}
	if s.State == Inactive {
		since := stored(f.Since)
		if f.Since.IsZero() || since.After(now) {
			since = now
		}
		s.State, s.Since, s.BadStreak = Pending, &since, 0
	}
	s.BadStreak++
	s.TS = now
	if s.BadStreak < need {
		return s, Unchanged
	}
	s.State, s.BadStreak, s.OKStreak, s.OKSince = Firing, 0, 0, nil
	s.IncidentID = IncidentID(s.Rule, s.Target, *s.Since)
	return s, Opened
}

func (s AlertState) resolve(f Finding, now time.Time) AlertState {
	end := *s.OKSince
	if !f.Until.IsZero() {
		end = stored(f.Until)
	}
	if end.After(now) { // by a clock that was set back
		end = now
	}
	if end.Before(*s.Since) {
		end = *s.Since
	}
	s.State, s.LastEnd = Inactive, &end
	s.Since, s.OKSince, s.OKStreak, s.BadStreak, s.IncidentID, s.TS = nil, nil, 0, 0, "", now
	return s
}

// Tell decides whether a state that was left with t has to be told at now, and
// returns it with that noted. A state that is muted is told when it no longer is,
// if it still fires then. For one rule and target at most one message says
// Firing in each throttle; Resolved is told whenever Firing was.
func (s AlertState) Tell(t Transition, muted bool, throttle time.Duration, now time.Time) (AlertState, NoticeKind) {
	now = stored(now)
	kind := NoNotice
	switch {
	case t == Resolved:
		if s.Told {
			kind = NoticeResolved
		}
		s.Told = false
	case s.State != Firing || muted:
	case s.LastSent != nil && s.LastSent.After(now): // the clock was set back
		s.LastSent, s.TS = &now, now
	case s.LastSent != nil && now.Sub(*s.LastSent) < throttle:
	case s.Told:
		kind = NoticeReminder
	default:
		kind = NoticeFiring
	}
	switch kind {
	case NoNotice:
		return s, kind
	case NoticeFiring, NoticeReminder:
		s.LastSent, s.Told = &now, true
	case NoticeResolved:
	}
	s.Seq++
	s.TS = now
	return s, kind
}

// stored returns a time as every store keeps it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
