// Package host has the rules about the host as a whole, as it says itself that it
// is.
//
// They believe it: what a host counts wrongly they judge wrongly. Where it does
// not answer they say nothing, but for the rule that says just that. And what the
// rules about its accounts tell they do not tell again.
package host

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
)

// Rule is the row of a rule about the host.
type Rule struct {
	ID       longrun.RuleID
	Severity longrun.Severity
	// Works and LookAt are as in rules.Rule.
	Works, LookAt string
	// Explains are the rules that are not told of while this one fires. Default: none.
	Explains []longrun.RuleID
	// Probe reports whether it is no news, while this rule fires, that a probe of an
	// account failed as this one did. Default: it is.
	Probe func(p *longrun.Probe) bool
	// OK is how many Good looks in a row resolve it. Default: one.
	OK int64
	// Check is what the rule sees. Rule and Target are filled in for it.
	Check func(l *Look) finding.Finding
}

// Look is what a rule may look at.
type Look struct {
	Beat     *longrun.Heartbeat
	Settings *longrun.Settings
	Accounts []longrun.AccountStatus
	Now      time.Time
	// Settles says that the host has just begun to run, or to lead.
	Settles bool
	// Out is of how many accounts other rules tell that they are not connected, or
	// will if they stay so.
	Out int64
	// ClientBuilt is when the client library was made; zero where that is not known.
	ClientBuilt time.Time
	// Memory is what the process used, and MemoryLimit what it may use; 0 where there
	// is no limit.
	Memory      *Memory
	MemoryLimit int64
	// Slots are those up to now. ToldUntil is where those end whose misses were told of
	// by another rule; zero where none was.
	Slots     Slots
	ToldUntil time.Time
	Before    finding.Before
}

// Slots are what is known of the slots.
type Slots interface {
	// Missed counts the missed ones of the slots [from, to), and reports whether all are
	// known.
	Missed(from, to longrun.Slot) (missed int64, known bool)
	// NextMissed and LastMissed return the first and the last missed one of the slots
	// [from, to) that are remembered one by one.
	NextMissed(from, to longrun.Slot) (longrun.Slot, bool)
	LastMissed(from, to longrun.Slot) (longrun.Slot, bool)
	// Earliest is the first slot that counts: before it nothing existed.
	Earliest() longrun.Slot
	// Interval is the length of a slot; there is one where Missed knows any.
	Interval() time.Duration
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
