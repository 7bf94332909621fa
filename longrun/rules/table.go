package rules

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Rules returns all rules, the ones that mute others first.
func Rules() []longrun.RuleID {
	return []longrun.RuleID{MissedHeartbeats, StoreUnreachable, LoggedOut, ProbeFails, ProbeOverdue, ReconnectLoop, QueueDepth, InsufficientData}
}

// SeverityOf returns how soon a person should look at what the rule found.
func SeverityOf(r longrun.RuleID) longrun.Severity {
	switch r {
	case MissedHeartbeats, StoreUnreachable, LoggedOut, ProbeFails:
		return longrun.Critical
	case ProbeOverdue, ReconnectLoop, QueueDepth, InsufficientData:
	}
	return longrun.Warning
}

// Mutes reports whether r, while it fires, keeps other from being told: one
// cause, one message. The other's state and incident go on.
func Mutes(r longrun.RuleID, other longrun.RuleID) bool {
	return r == MissedHeartbeats && (other == InsufficientData || other == QueueDepth)
}

// Known reports whether r is one of Rules.
func Known(r longrun.RuleID) bool { return slices.Contains(Rules(), r) }

// ValidateSilence is s.Validate, and refuses a rule that there is not: whoever
// makes a silence is told of a misspelt one. Of a stored one, which a later
// version may have made, s.Validate says enough.
func ValidateSilence(s longrun.Silence) error {
	return errors.Join(s.Validate(), known(s.Rule))
}

// ValidateSettings is s.Validate, and refuses maintenance of rules that there are
// not, as ValidateSilence does.
func ValidateSettings(s longrun.Settings) error {
	errs := []error{s.Validate()}
	for i, m := range s.Maintenance {
		if err := known(m.Rule); err != nil {
			errs = append(errs, fmt.Errorf("maintenance %d: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// known refuses a rule that could be one and is none. What could not be one,
// Validate has refused.
func known(r longrun.RuleID) error {
	if r == "" || r.Validate() != nil || Known(r) {
		return nil
	}
	return fmt.Errorf("rule %.50q is none of %v", string(r), Rules())
}
