package rules

import (
	"math"
	"strconv"
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
	// Gone says that it is Good because the target is no longer there: an account
	// that the host gave up, a probe that is no longer configured.
	Gone bool
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

// The rules say what they saw in the same words, times in UTC.

// counted is such as "1 heartbeat" or "9 heartbeats".
func counted(n int64, what string) string {
	s := number(n) + " " + what
	if n != 1 {
		s += "s"
	}
	return s
}

// number writes n, from a million on in groups: many digits in a row are taken for
// somebody's telephone, and masked.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	if n < 1_000_000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// tooMany ends a sentence about a number over its threshold.
func tooMany(threshold int64) string {
	s := ", more than " + strconv.FormatInt(threshold, 10)
	if threshold == 1 {
		return s + " is too many"
	}
	return s + " are too many"
}

// hhmm is the time of day, with seconds where there are any.
func hhmm(t time.Time) string {
	if t.Second() == 0 {
		return t.Format("15:04")
	}
	return t.Format("15:04:05")
}

// moment is such as "22:35 UTC (2025-12-29)".
func moment(t time.Time) string {
	t = t.UTC()
	return hhmm(t) + t.Format(" UTC (2006-01-02)")
}

// period is such as "from 22:35 to 22:44 UTC (2025-12-29)"; to is outside.
func period(from, to time.Time) string {
	from = from.UTC()
	if day := from.Format("2006-01-02"); day != to.UTC().Format("2006-01-02") {
		return "from " + hhmm(from) + " (" + day + ") to " + moment(to)
	}
	return "from " + hhmm(from) + " to " + moment(to)
}

// span is a length of time in the largest unit that it is whole in.
func span(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + " h"
	case d >= time.Minute && d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min"
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + " s"
}

// percent is a ratio in per cent, one decimal, rounded down: what is under a
// threshold never reads like it.
func percent(ratio float64) string {
	return strconv.FormatFloat(math.Floor(ratio*1000)/10, 'f', -1, 64) + " %"
}
