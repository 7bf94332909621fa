package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// maxWindow bounds what a report is asked for.
const maxWindow = 10 * 366 * 24 * time.Hour

// WindowNames returns the windows that have a name, the shortest first.
func WindowNames() []string { return []string{"24h", "7d", "30d", "90d", "180d", "365d"} }

// named returns the length of a window by its name.
func named(name string) (time.Duration, bool) {
	if !slices.Contains(WindowNames(), name) {
		return 0, false
	}
	n, _ := strconv.Atoi(strings.TrimRight(name, "hd"))
	if strings.HasSuffix(name, "d") {
		n *= 24
	}
	return time.Duration(n) * time.Hour, true
}

// nameOf returns the name of a length, empty where it has none.
func nameOf(d time.Duration) string {
	for _, name := range WindowNames() {
		if length, _ := named(name); length == d {
			return name
		}
	}
	return ""
}

// ParseWindow reads a window as people write it: "24h", "7d", "30d", "90d",
// "180d" or "365d" up to now, or "FROM/TO", each a day such as 2025-12-29 (its
// start in UTC) or a time such as 2025-12-29T22:14:00Z with any offset. TO is not
// in the window, and may be left out: then it is now. What lies in the future
// alone, is empty, reversed or longer than ten years is an error that says so.
func ParseWindow(s string, now time.Time) (longrun.Window, error) {
	now = now.UTC()
	if length, ok := named(s); ok {
		return longrun.Window{From: now.Add(-length), To: now}, nil
	}
	first, last, ok := strings.Cut(s, "/")
	if !ok {
		return longrun.Window{}, fmt.Errorf("report: window: %.50q is none of %s, and not FROM/TO", s, strings.Join(WindowNames(), ", "))
	}
	w := longrun.Window{To: now}
	var err error
	if w.From, err = parseTime(first); err != nil {
		return longrun.Window{}, fmt.Errorf("report: window: from %w", err)
	}
	if last != "" {
		if w.To, err = parseTime(last); err != nil {
			return longrun.Window{}, fmt.Errorf("report: window: to %w", err)
		}
	}
	return w, CheckWindow(w, now)
}

// CheckWindow reports what is wrong with a window that a report is asked for.
func CheckWindow(w longrun.Window, now time.Time) error {
	switch err := w.Validate(); {
	case !w.From.Before(now):
		return fmt.Errorf("report: window: from %s lies in the future: it is %s", longrun.ISO(w.From), longrun.ISO(now))
	case err != nil:
		return fmt.Errorf("report: window: %w", err)
	case w.From.Equal(w.To):
		return fmt.Errorf("report: window: it is empty, from and to are both %s", longrun.ISO(w.From))
	case w.To.Sub(w.From) > maxWindow:
		return fmt.Errorf("report: window: %s to %s is longer than ten years", longrun.ISO(w.From), longrun.ISO(w.To))
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() < 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.50q is neither a day, such as 2025-12-29, nor a time, such as 2025-12-29T22:14:00Z", s)
}
