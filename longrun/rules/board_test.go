package rules_test

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// board keeps states and incidents, as an engine does.
type board struct {
	alarms map[alarmKey]*alarm
	// What an engine asks of the table.
	policy   func(longrun.RuleID) rules.Policy
	severity func(longrun.RuleID) longrun.Severity
	mutedBy  func(longrun.RuleID, string) longrun.RuleID
	now      time.Time
	gone     []string // the findings of this look that were Gone
}

type alarmKey struct {
	rule   longrun.RuleID
	target string
}

// alarm is one rule for one target.
type alarm struct {
	State     rules.State
	Incidents []incident
	Told      []telling
	Look      time.Time // the last look at which the rule spoke of it
}

type incident struct {
	ID                      string
	Severity                longrun.Severity
	Observed, Threshold     float64
	Summary                 string
	Slots, Probes, Accounts []string
	End                     *time.Time
}

// telling is what was told at one look, or kept.
type telling struct {
	At    time.Time
	Kind  longrun.NoticeKind
	Muted longrun.RuleID
}

func newBoard(t rules.Table) *board {
	b := &board{alarms: map[alarmKey]*alarm{}}
	row := func(r longrun.RuleID) rules.Rule {
		return t[slices.IndexFunc(t, func(row rules.Rule) bool { return row.ID == r })]
	}
	b.policy = func(r longrun.RuleID) rules.Policy { return row(r).Policy }
	b.severity = func(r longrun.RuleID) longrun.Severity { return row(r).Severity }
	b.mutedBy = func(r longrun.RuleID, target string) longrun.RuleID { return t.MutedBy(r, target, b) }
	return b
}

func (b *board) at(r longrun.RuleID, target string) *alarm { return b.alarms[alarmKey{r, target}] }

func (b *board) State(r longrun.RuleID, target string) rules.State {
	if al := b.at(r, target); al != nil {
		return al.State
	}
	return rules.State{}
}

func (b *board) Any(r longrun.RuleID) bool {
	for key := range b.alarms {
		if key.rule == r {
			return true
		}
	}
	return false
}

func (b *board) Open(room []rules.State) []rules.State {
	for _, al := range b.alarms {
		room = append(room, al.State) // more than is asked for does no harm
	}
	return room
}

func (b *board) find(f rules.Finding) {
	al := b.at(f.Rule, f.Target)
	if al == nil {
		if f.Condition != rules.Bad {
			return
		}
		al = &alarm{}
		b.alarms[alarmKey{f.Rule, f.Target}] = al
	}
	if f.Gone {
		b.gone = append(b.gone, string(f.Rule)+" "+f.Target)
	}
	al.Look = b.now
	next, did := al.State.Next(f, b.policy(f.Rule), b.now)
	last := len(al.Incidents) - 1
	switch {
	case did == rules.Opened:
		al.Incidents = append(al.Incidents, incident{
			ID: next.IncidentID, Severity: b.severity(f.Rule), Observed: f.Observed, Threshold: f.Threshold, Summary: f.Summary,
			Slots: f.Slots, Probes: f.Probes, Accounts: f.Accounts,
		})
	case did == rules.Resolved:
		al.Incidents[last].End = next.LastEnd
	case f.Condition == rules.Bad && next.Phase == rules.Firing:
		i := &al.Incidents[last]
		i.Slots, i.Probes, i.Accounts = grown(i.Slots, f.Slots), grown(i.Probes, f.Probes), grown(i.Accounts, f.Accounts)
	}
	by := b.mutedBy(f.Rule, f.Target)
	if by == "" && f.Attached {
		by = f.Rule
	}
	if by == "" {
		by = f.Explained
	}
	told, kind := next.Tell(did, by != "", time.Hour, b.now)
	if al.State = told; kind != longrun.NoNotice || by != "" {
		al.Told = append(al.Told, telling{b.now, kind, by})
	}
}

func grown(ids, more []string) []string {
	ids = slices.Clone(ids)
	for _, id := range more {
		if len(ids) < longrun.MaxEvidence && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// look judges with the table, and what each instance judges alone.
func (b *board) look(t rules.Table, in *rules.Inputs) {
	b.now, b.gone = in.Now, nil
	t.Judge(in, b, b.find)
	for _, row := range t {
		if row.Alone {
			b.find(row.Check(b.State(row.ID, ""), in, rules.Target{}))
		}
	}
}
