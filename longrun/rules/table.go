package rules

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/host"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/traffic"
)

// Rule is one row of the table: all that is said of a rule outside its own file.
type Rule struct {
	// ID names the rule in documents and messages, for ever.
	ID longrun.RuleID
	// Severity is how soon a person should look at what it found.
	Severity longrun.Severity
	// Policy is how many looks in a row it takes. Default: one.
	Policy Policy
	// Mutes are the rules that are not told of while this one fires for the host as
	// a whole, whose target is empty: one cause, one message. Their states and
	// incidents go on. They stand further down in the table. Default: none.
	Mutes []longrun.RuleID
	// Explains are the rules that are not told of a target while this one fires for
	// the same. Default: none.
	Explains []longrun.RuleID
	// Probe reports whether a probe that failed so is no more than a consequence while
	// this rule fires for the account that the probe is about, or for the host: then
	// that it fails is not told, until it fails again behind the end. Such rules stand
	// above ProbeFails in the table. Default: none is.
	Probe func(p *longrun.Probe) bool
	// Fleet says when many targets in the same trouble are one incident. Default:
	// never.
	Fleet Fleet
	// Alone says that each instance has the rule look by itself, also while nobody
	// leads: Judge leaves it out. Default: the leader judges it, for all.
	Alone bool
	// Works is what works again when it is resolved, as a sentence without its end.
	// Default: nothing is said of that.
	Works string
	// LookAt is what a person looks at first who is told that it fires. Default:
	// nothing is said of that.
	LookAt string
	// Each appends to room what there is to look at, as EachAccount does. Several
	// things may go by one name: they are one target, which is Bad while any of
	// them is, and Good when all are.
	Each func(in *Inputs, room []Target) []Target
	// Known reports whether Each named all targets that there are: then one that
	// still fires and was not named is gone, and its incident is resolved. While it
	// is not known, nothing becomes of it. Default: it never is.
	Known func(in *Inputs) bool
	// Gathers says that a host which has just begun, to run or to lead, may add targets
	// one by one: what it has not named yet in its first minutes is not gone. Default:
	// all are there at once.
	Gathers bool
	// Check is what the rule sees of one target. It is shown the state from before
	// the look. Rule and Target of what it returns are filled in for it.
	Check func(s State, in *Inputs, t Target) Finding
	// Rests reports that Check would find no target Bad, of which none has a state, and
	// costs less: it is asked in every slot while all is well. Default: Check is asked
	// of each.
	Rests func(in *Inputs) bool
}

// Table is a row for each rule, those that mute others first.
type Table []Rule

// all are the rules. A new one is a file and a line here; its threshold is a field
// of longrun.AlertThresholds.
var all = Table{ //nolint:gochecknoglobals // a table, never changed
	missedHeartbeats(),
	instanceDied(),
	storeUnreachable(),
	ofHost(host.UnknownRule()),
	ofHost(host.OutdatedRule()),
	ofAccounts(account.BannedRule()),
	ofAccounts(account.ReplacedRule()),
	ofAccounts(account.OutRule()),
	ofAccounts(account.AwayRule()),
	ofHost(host.FewRule()),
	ofHost(host.UnhealthyRule()),
	ofAccounts(account.RestrictedRule()),
	ofAccounts(traffic.StoreRule()),
	ofAccounts(traffic.NobodyRule()),
	ofAccounts(traffic.AckRule()),
	ofAccounts(traffic.ReceiptRule()),
	ofAccounts(traffic.UnreadableRule()),
	ofAccounts(traffic.ReplayRule()),
	probeFails(),
	ofAccounts(account.LostRule()),
	probeOverdue(),
	ofAccounts(account.LoopRule()),
	ofAccounts(traffic.CopyRule()),
	ofAccounts(traffic.LagRule()),
	ofAccounts(account.UnseenRule()),
	ofHost(host.MemoryRule()),
	ofHost(host.OldRule()),
	ofHost(host.QueueRule()),
	ofHost(host.BudgetRule()),
	insufficientData(),
}

// All returns the table of all rules: a copy, for who wants more rows or fewer.
func All() Table { return slices.Clone(all) }

// IDs returns the rules by name.
func (t Table) IDs() []longrun.RuleID {
	ids := make([]longrun.RuleID, len(t))
	for i := range t {
		ids[i] = t[i].ID
	}
	return ids
}

// row returns the row of a rule, nil where there is none.
func (t Table) row(r longrun.RuleID) *Rule {
	for i := range t {
		if t[i].ID == r {
			return &t[i]
		}
	}
	return nil
}

// MutedBy returns the first rule that keeps r from being told of a target as the
// states are; none where nothing does. It is not all that does: a Finding that is
// Attached or Explained is not told by itself either.
func (t Table) MutedBy(r longrun.RuleID, target string, states States) longrun.RuleID {
	for i := range t {
		row := &t[i]
		if slices.Contains(row.Mutes, r) && states.State(row.ID, "").Phase == Firing ||
			slices.Contains(row.Explains, r) && states.State(row.ID, target).Phase == Firing {
			return row.ID
		}
	}
	return ""
}

// explains returns the rule that a failing probe is a consequence of; none where there
// is no such, or the probe names no account.
func (t Table) explains(p *Probed, states States) longrun.RuleID {
	i := len(p.Recent) - 1
	for i >= 0 && p.Recent[i].Result != longrun.Fail {
		i--
	}
	if i < 0 || p.Account == "" {
		return ""
	}
	last := &p.Recent[i]
	for j := range t {
		row := &t[j]
		if row.Probe == nil || !row.Probe(last) {
			continue
		}
		for _, target := range [...]string{p.Account, ""} {
			s := states.State(row.ID, target)
			if s.Phase == Firing || s.LastEnd != nil && !last.TS.After(*s.LastEnd) {
				return row.ID
			}
		}
	}
	return ""
}

// Of returns the row of a rule, and whether there is one.
func Of(r longrun.RuleID) (Rule, bool) {
	if row := all.row(r); row != nil {
		return *row, true
	}
	return Rule{}, false
}

// Rules returns all rules, the ones that mute others first.
func Rules() []longrun.RuleID { return all.IDs() }

// PolicyOf returns how many looks in a row the rule takes, at least one.
func PolicyOf(r longrun.RuleID) (p Policy) {
	if row := all.row(r); row != nil {
		p = row.Policy
	}
	return Policy{Bad: max(p.Bad, 1), OK: max(p.OK, 1)}
}

// SeverityOf returns how soon a person should look at what the rule found. One that
// is not known, as of a later version, is a Warning.
func SeverityOf(r longrun.RuleID) longrun.Severity {
	if row := all.row(r); row != nil {
		return row.Severity
	}
	return longrun.Warning
}

// Mutes reports whether r, while it fires, keeps other from being told: one
// cause, one message. The other's state and incident go on.
func Mutes(r longrun.RuleID, other longrun.RuleID) bool {
	row := all.row(r)
	return row != nil && slices.Contains(row.Mutes, other)
}

// Explains reports the same of a single target: r, while it fires for that.
func Explains(r longrun.RuleID, other longrun.RuleID) bool {
	row := all.row(r)
	return row != nil && slices.Contains(row.Explains, other)
}

// MutedBy is Table.MutedBy of all rules.
func MutedBy(r longrun.RuleID, target string, states States) longrun.RuleID {
	return all.MutedBy(r, target, states)
}

// Known reports whether r is one of Rules.
func Known(r longrun.RuleID) bool { return all.row(r) != nil }

// ValidateSilence is s.Validate, and refuses a rule that there is not: whoever
// makes a silence is told of a misspelt one. Of a stored one, which a later
// version may have made, s.Validate says enough.
func ValidateSilence(s longrun.Silence) error {
	return errors.Join(s.Validate(), known(s.Rule))
}

// ValidateSettings is s.Validate, and refuses maintenance of rules that there are
// not, as ValidateSilence does, and that such are switched off.
func ValidateSettings(s longrun.Settings) error {
	errs := []error{s.Validate()}
	for i, m := range s.Maintenance {
		if err := known(m.Rule); err != nil {
			errs = append(errs, fmt.Errorf("maintenance %d: %w", i, err))
		}
	}
	for i, r := range s.RulesOff {
		if err := known(r); err != nil {
			errs = append(errs, fmt.Errorf("rulesOff %d: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// known refuses a rule that could be one and is none. What could not be one,
// Validate has refused.
func known(r longrun.RuleID) error {
	if couldBe := r != "" && r.Validate() == nil; couldBe && !Known(r) {
		return fmt.Errorf("rule %.50q is none of %v", string(r), Rules())
	}
	return nil
}
