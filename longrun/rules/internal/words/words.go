// Package words is how the rules say what they saw: in the same words, times in UTC.
//
// It does not promise that a text is short, or fit to be shown: what a host says of
// itself stands in it as it is.
package words

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Counted is such as "1 heartbeat" or "9 heartbeats".
func Counted(n int64, what string) string {
	s := Number(n) + " " + what
	if n != 1 {
		s += "s"
	}
	return s
}

// Number writes n, from a million on in groups: many digits in a row are taken for
// somebody's telephone, and masked.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	if n < 1_000_000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// TooMany ends a sentence about a number over its threshold.
func TooMany(threshold int64) string {
	s := ", more than " + strconv.FormatInt(threshold, 10)
	if threshold == 1 {
		return s + " is too many"
	}
	return s + " are too many"
}

// Clock is the time of day, in UTC and with seconds where there are any.
func Clock(t time.Time) string { return hhmm(t.UTC()) }

// hhmm is the time of day, with seconds where there are any.
func hhmm(t time.Time) string {
	if t.Second() == 0 {
		return t.Format("15:04")
	}
	return t.Format("15:04:05")
}

// Moment is such as "22:35 UTC (2025-12-29)".
func Moment(t time.Time) string {
	t = t.UTC()
	return hhmm(t) + t.Format(" UTC (2006-01-02)")
}

// Period is such as "from 22:35 to 22:44 UTC (2025-12-29)"; to is outside.
func Period(from, to time.Time) string {
	from = from.UTC()
	if day := from.Format("2006-01-02"); day != to.UTC().Format("2006-01-02") {
		return "from " + hhmm(from) + " (" + day + ") to " + Moment(to)
	}
	return "from " + hhmm(from) + " to " + Moment(to)
}

// Span is a length of time in the largest unit that it is whole in.
func Span(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + " h"
	case d >= time.Minute && d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min"
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + " s"
}

// Percent is a ratio in per cent, one decimal, rounded down: what is under a
// threshold never reads like it.
func Percent(ratio float64) string {
	return strconv.FormatFloat(math.Floor(ratio*1000)/10, 'f', -1, 64) + " %"
}

// listed is how many names stand in a text.
const listed = 5

// List names the first of n things, and says how many more there are.
func List(names []string, n int64) string {
	first := names[:min(len(names), listed)]
	s := strings.Join(first, ", ")
	if more := n - int64(len(first)); more > 0 {
		s += " and " + Number(more) + " more"
	}
	return s
}
