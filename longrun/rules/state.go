package rules

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Phase is where a rule stands for one target.
type Phase string

// Where a rule stands.
const (
	Inactive Phase = "inactive"
	Pending  Phase = "pending"
	Firing   Phase = "firing"
)

// State is the state of one rule for one target, kept from leader to
// leader: what it stands at, what was told, and when.
type State struct {
	// TS is when the state last changed.
	TS     time.Time      `json:"ts" firestore:"ts"`
	Rule   longrun.RuleID `json:"rule" firestore:"rule"`
	Target string         `json:"target" firestore:"target"`
	Phase  Phase          `json:"state" firestore:"state"`
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
	// Notified says that the last message about it said that it fires.
	Notified bool `json:"told" firestore:"told"`
	// Seq counts the messages of this rule and target, and LastSent is when the
	// last one that said Firing was handed over: the throttle's clock.
	Seq      int64      `json:"seq" firestore:"seq"`
	LastSent *time.Time `json:"lastSent" firestore:"lastSent"`
	// LastEnd is when the last incident ended, and LastIncident which one that was.
	LastEnd      *time.Time `json:"lastEnd" firestore:"lastEnd"`
	LastIncident string     `json:"lastIncidentId" firestore:"lastIncidentId"`

	// Changes counts the incidents' beginnings and ends since ChangesSince, one
	// within hours of another, told or not. LastChange is when the last of them was
	// seen.
	Changes      int64      `json:"changes" firestore:"changes"`
	ChangesSince *time.Time `json:"changesSince" firestore:"changesSince"`
	LastChange   *time.Time `json:"lastChange" firestore:"lastChange"`
	// FlapSince is since when it is told that it changes too often to be told of
	// each change; nil while each is. See Tell.
	FlapSince *time.Time `json:"flapSince" firestore:"flapSince"`
	// LastWord is when the last message of any kind was handed over, and Owed is how
	// many messages, that one with it, were not made up for then.
	LastWord *time.Time `json:"lastWord" firestore:"lastWord"`
	Owed     float64    `json:"owed" firestore:"owed"`
}

// ID returns the ID of the state's document.
func (s State) ID() string { return withTarget(string(s.Rule), s.Target) }

// Key returns the key of the state's last message, such as
// "#probe_fails-outbound-3": a message that comes twice carries it twice.
func (s State) Key() string {
	key := "#" + string(s.Rule)
	if s.Target != "" {
		key += "-" + s.Target
	}
	return key + "-" + strconv.FormatInt(s.Seq, 10)
}

// Policy says how many looks in a row it takes. A rule that counts over a window of
// its own takes one; where a value trembles at its threshold three Good ones make
// one incident of it and not many.
type Policy struct {
	// Bad is how many Bad looks in a row make it fire. 0 means 1.
	Bad int64
	// OK is how many Good looks in a row resolve it. 0 means 1.
	OK int64
}

// Change is what one look made of a state.
type Change int

// The changes.
const (
	Unchanged Change = iota
	// Opened: it fires now, and an incident begins, back at Since.
	Opened
	// Resolved: it has ended, at LastEnd.
	Resolved
)

// Next returns the state after one look at now, and what that means. It depends
// on nothing else. A Finding that is Unseen changes nothing, so that a time in
// which nobody looked moves no state; neither does one that says what the state
// stands at, so that nothing has to be written while nothing happens: what was
// never Bad stays the zero State.
func (s State) Next(f Finding, p Policy, now time.Time) (State, Change) {
	now = stored(now)
	switch f.Condition {
	case Bad:
		return s.bad(f, max(p.Bad, 1), now)
	case Good:
		return s.good(f, max(p.OK, 1), now)
	case Unseen:
	}
	return s, Unchanged
}

func (s State) bad(f Finding, need int64, now time.Time) (State, Change) {
	if s.Phase == Firing && s.Since != nil {
		if s.OKStreak > 0 || s.OKSince != nil {
			s.OKStreak, s.OKSince, s.TS = 0, nil, now
		}
		return s, Unchanged
	}
	if s.Phase != Pending || s.Since == nil {
		s.Rule, s.Target, s.Phase, s.Since, s.BadStreak = f.Rule, f.Target, Pending, new(s.begin(f.Since, now)), 0
	}
	if s.Since.After(now) { // the clock was set back
		s.Since = new(now)
	}
	s.TS = now
	s.BadStreak++
	if s.BadStreak < need || now.Sub(*s.Since) < f.For {
		return s, Unchanged
	}
	s.Phase, s.BadStreak, s.OKStreak, s.OKSince = Firing, 0, 0, nil
	s.Notified = s.Notified && s.FlapSince != nil
	s.IncidentID = IncidentID(s.Rule, s.Target, *s.Since)
	if s.LastEnd != nil && s.Since.Before(*s.LastEnd) || s.IncidentID == s.LastIncident {
		// The clock was set back behind the last one, or both began in one second: they
		// must not share a document.
		s.IncidentID = IncidentID(s.Rule, s.Target, now)
	}
	return s.changed(now), Opened
}

// begin returns when a condition began that claims to since. Not before the last
// incident ended: of one rule and target no two are at the same time.
func (s State) begin(since, now time.Time) time.Time {
	began := stored(since)
	if since.IsZero() {
		began = now
	}
	if s.LastEnd != nil && began.Before(*s.LastEnd) && !s.LastEnd.After(now) {
		began = *s.LastEnd
	}
	return began
}

func (s State) good(f Finding, need int64, now time.Time) (State, Change) {
	switch s.Phase {
	case Pending:
		s.Phase, s.Since, s.BadStreak, s.TS = Inactive, nil, 0, now
		return s, Unchanged
	case Firing:
	default: // Inactive, or none yet
		return s, Unchanged
	}
	s.TS = now
	s.OKStreak++
	if s.OKSince == nil {
		s.OKSince = new(now)
	}
	if s.OKStreak < need {
		return s, Unchanged
	}
	s.Phase, s.LastEnd, s.LastIncident = Inactive, new(s.end(f.Until, now)), s.IncidentID
	s.Since, s.OKSince, s.OKStreak, s.BadStreak, s.IncidentID = nil, nil, 0, 0, ""
	return s.changed(now), Resolved
}

// end returns when the incident ended: at until, if the rule knows. One that lies
// before the incident is of another: then something else changed, such as the
// threshold, and it is over since it was first seen to be good.
func (s State) end(until, now time.Time) time.Time {
	since := s.OKSince
	if s.Since != nil { // always, but for documents that people wrote
		since = s.Since
	}
	end := *s.OKSince
	if !until.IsZero() && !stored(until).Before(*since) {
		end = stored(until)
	}
	if end.After(now) { // by a clock that was set back
		end = now
	}
	if end.Before(*since) {
		// The clock was set back to before it began. It lasts a second, so that the
		// next one, which may begin where it ends, has another document.
		end = since.Add(time.Second)
	}
	return end
}

// stored returns a time as every store keeps it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// IncidentID names the incident of a rule and target whose condition began at
// start, such as "probe_fails_20251229T223500_outbound".
func IncidentID(r longrun.RuleID, target string, start time.Time) string {
	return withTarget(string(r)+"_"+start.UTC().Format("20060102T150405"), target)
}

// maxTargetID is how much of a target stands in an ID; a store's IDs are bounded.
const maxTargetID = 200

// withTarget appends a target to an ID. What a store's ID cannot hold is written
// as in a URL, and a long one ends in a hash, so that different targets stay
// different.
func withTarget(id, target string) string {
	if target == "" {
		return id
	}
	b := append(append(make([]byte, 0, len(id)+1+len(target)), id...), '_')
	valid := utf8.ValidString(target)
	for _, c := range []byte(target) {
		if c == '/' || c == '%' || c < ' ' || c == 0x7f || c >= utf8.RuneSelf && !valid {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	if cut := len(id) + 1 + maxTargetID; len(b) > cut {
		sum := sha256.Sum256([]byte(target))
		b = fmt.Appendf([]byte(strings.ToValidUTF8(string(b[:cut]), "")), "~%x", sum[:8])
	}
	return string(b)
}
