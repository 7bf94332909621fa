package rules

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Condition is what a rule says of one target at one moment.
type Condition int

// The conditions. Unseen moves no state: nobody could look, or it is too early to
// tell.
const (
	Unseen Condition = iota
	Good
	Bad
)

// Finding is what a rule sees of one target at one moment.
type Finding struct {
	Rule      longrun.RuleID
	Target    string
	Condition Condition
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
