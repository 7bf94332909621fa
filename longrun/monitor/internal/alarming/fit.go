package alarming

import (
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// maxCount bounds the numbers of a stored state: nobody has reached them.
const maxCount = 1_000_000_000

// errLater is of a state that a later version wrote, or that was begun by hand: it is
// passed over without a word.
var errLater = errors.New("state is of a later version")

var errNoName = errors.New("target is no name")

// fitState makes of a state that another instance wrote, or a person, one that
// holds nothing up, or says why it cannot be used: the rule begins anew then.
func (w *watch) fitState(e ledger.Entry[rules.State]) (rules.State, error) {
	s := e.Value
	switch {
	case !rules.Known(s.Rule):
		return s, errLater
	case s.Phase != rules.Inactive && s.Phase != rules.Pending && s.Phase != rules.Firing:
		return s, errors.New("state is none of inactive, pending, firing")
	case s.Phase != rules.Inactive && s.Since == nil:
		return s, errLater
	case len(s.Target) > maxTarget+len("…") || hostcall.Line(s.Target, 2*maxTarget) != s.Target:
		return s, errNoName
	}
	now := w.Clock.Now().UTC().Truncate(time.Microsecond)
	// What lies beyond what the rules remember is of a clock that was wrong.
	latest := now.Add(rules.RecentSpan)
	if s.Since != nil && s.Since.After(latest) {
		s.Since = &now
	}
	if s.LastEnd != nil && s.LastEnd.After(latest) {
		s.LastEnd = nil
	}
	for _, n := range []*int64{&s.Seq, &s.BadStreak, &s.OKStreak, &s.Changes} {
		*n = min(max(*n, 0), maxCount)
	}
	if s.Phase == rules.Firing && w.Ledger.Key(ledger.Incidents, s.IncidentID).Validate() != nil {
		s.IncidentID = rules.IncidentID(s.Rule, s.Target, *s.Since)
	}
	if !(s.Owed >= 0 && s.Owed <= maxCount) {
		s.Owed = 0
	}
	if s.LastIncident != "" && w.Ledger.Key(ledger.Incidents, s.LastIncident).Validate() != nil {
		s.LastIncident = ""
	}
	return s, nil
}

// fitIncident is fitState for the open incident of a state.
func fitIncident(i longrun.Incident, s rules.State) longrun.Incident {
	i.IncidentID, i.Rule, i.Target = s.IncidentID, s.Rule, s.Target // where it lies, whatever it says
	if i.TSStart.IsZero() || i.TSStart.After(s.Since.Add(rules.RecentSpan)) {
		i.TSStart = *s.Since
	}
	if i.TS.IsZero() {
		i.TS = i.TSStart
	}
	if len(i.Summary) > maxSummary+len("…") {
		i.Summary = hostcall.Line(i.Summary, maxSummary)
	}
	i.Slots, i.Probes, i.Accounts = proof(i.Slots), proof(i.Probes), proof(i.Accounts)
	i.Instances, i.Gaps = proof(i.Instances), i.Gaps[:min(len(i.Gaps), longrun.MaxGaps)]
	if len(i.Cause) > maxSummary+len("…") {
		i.Cause = hostcall.Line(i.Cause, maxSummary)
	}
	i.Reminders = min(max(i.Reminders, 0), maxCount)
	return i
}
