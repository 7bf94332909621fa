// Package figures writes numbers, times and lengths as people read them, the same
// wherever they stand.
//
// It does not know what a number is of. What it writes is for people; programs get
// the number itself.
package figures

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Percent shows part of whole. It is cut and never rounded up, so that what is
// shown never reaches a target that the number misses: 100 % is all of it.
func Percent[T int | int64](part, whole T) string {
	if whole <= 0 {
		return "–"
	}
	p, w := int64(part), int64(whole)
	if p >= w {
		return "100 %"
	}
	if milli := p * 100_000 / w; milli >= 99_000 {
		return fmt.Sprintf("%d.%03d %%", milli/1000, milli%1000)
	}
	tenths := p * 1000 / w
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// Share shows a target.
func Share(v float64) string { return strconv.FormatFloat(math.Round(v*1e7)/1e5, 'f', -1, 64) + " %" }

// Count shows a number with a comma after each three digits.
func Count[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Stamp shows a time in UTC, to the second where it is not a whole minute.
func Stamp(t time.Time) string {
	t = t.UTC()
	if t.Second() != 0 {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

// Length shows a duration by its two largest units.
func Length(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "min", time.Second, "s")
	case d < day:
		return two(d, time.Hour, "h", time.Minute, "min")
	}
	return two(d, day, "d", time.Hour, "h")
}

func two(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	if d%large < small {
		return fmt.Sprintf("%d %s", d/large, largeName)
	}
	return fmt.Sprintf("%d %s %d %s", d/large, largeName, d%large/small, smallName)
}

// Millis shows milliseconds, few of which have a use for decimals.
func Millis(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case *v < 10:
		return strconv.FormatFloat(*v, 'f', 1, 64)
	}
	return Count(int64(math.Round(*v)))
}

// Secs shows seconds to the millisecond.
func Secs(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + " s" }

// Span shows seconds as people say them.
func Span(sec *float64) string {
	if sec == nil {
		return "–"
	}
	d := time.Duration(*sec * float64(time.Second)).Round(time.Millisecond)
	if d < time.Minute {
		return Secs(d.Seconds())
	}
	return Length(d)
}

// Plural counts things by their name, to which English adds an s.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}
