package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// percent shows part of whole. It is cut and never rounded up, so that what is
// shown never reaches a target that the number misses: 100 % is all of it.
func percent[T int | int64](part, whole T) string {
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

// share shows a target.
func share(v float64) string { return strconv.FormatFloat(math.Round(v*1e7)/1e5, 'f', -1, 64) + " %" }

// count shows a number with a comma after each three digits.
func count[T int | int64](n T) string {
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

// stamp shows a time in UTC, to the second where it is not a whole minute.
func stamp(t time.Time) string {
	t = t.UTC()
	if t.Second() != 0 {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

// length shows a duration by its two largest units.
func length(d time.Duration) string {
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

// millis shows milliseconds, few of which have a use for decimals.
func millis(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case *v < 10:
		return strconv.FormatFloat(*v, 'f', 1, 64)
	}
	return count(int64(math.Round(*v)))
}

// secs shows seconds to the millisecond.
func secs(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + " s" }

// name shows an instance ID.
func name(id string) string {
	if id == "" {
		return "(no name)"
	}
	return id
}

// maxText is how long one text of a report is, in characters.
const maxText = 2000

// seen is what is shown of a text that may stem from a document: nothing that
// moves a cursor, hides, or turns the reading direction round, and not much.
func seen(s string) string { return visible.Line(s, maxText) }
