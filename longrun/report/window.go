package report

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// maxWindow bounds what a report is asked for.
const maxWindow = 10 * 366 * 24 * time.Hour

// WindowNames returns the windows that are offered, the shortest first. Any other
// length is one as well, see ParsePeriod.
func WindowNames() []string { return []string{"1h", "24h", "7d", "30d", "90d", "180d", "365d"} }

// nameOf returns the name of a length, empty where it is not one of whole hours.
func nameOf(d time.Duration) string {
	switch {
	case d <= 0 || d%time.Hour != 0:
		return ""
	case d%day == 0 && d > day:
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}

// WindowError says what is wrong with a window that was asked for.
type WindowError struct {
	// Part is what is wrong: "window", or one of its ends, "from" and "to".
	Part   string
	Reason string
}

func (e *WindowError) Error() string {
	if e.Part == "window" {
		return "report: window: " + e.Reason
	}
	return "report: window: " + e.Part + " " + e.Reason
}

// Ask is a window as people ask for one, in three texts of which all may be empty.
// It is read the same wherever one is taken: the admin API, longctl, a dashboard.
type Ask struct {
	// Window is a length up to now, such as 36h, or FROM/TO; see ParseWindow. It goes
	// with neither From nor To.
	Window string
	// From and To are each a day or a time; see ParseTime. Without To it is now, and
	// without From the window is as long as usual.
	From, To string
}

// Read returns the window that is asked for; where nothing is, the usual length up
// to now. An error is a *WindowError.
func (a Ask) Read(now time.Time, usual time.Duration) (longrun.Window, error) {
	now = now.UTC()
	if a.Window != "" {
		for _, end := range []struct{ part, text string }{{"from", a.From}, {"to", a.To}} {
			if end.text != "" {
				return longrun.Window{}, &WindowError{end.part, "does not go with window: give window, or from and to"}
			}
		}
		if from, to, both := strings.Cut(a.Window, "/"); both {
			if from == "" {
				return longrun.Window{}, &WindowError{"from", `"" is neither a day nor a time: a window is FROM/TO, such as 2025-12-29/2025-12-30`}
			}
			return Ask{From: from, To: to}.Read(now, usual)
		}
		length, err := ParsePeriod(a.Window)
		if err != nil {
			return longrun.Window{}, &WindowError{"window", fmt.Sprintf("%.50q is neither a length such as 1h, 36h, 7d or 1d12h, nor FROM/TO such as 2025-12-29/2025-12-30T06:00:00Z", a.Window)}
		}
		return checked(longrun.Window{From: now.Add(-length), To: now}, now)
	}
	w := longrun.Window{To: now}
	var err error
	if a.To != "" {
		if w.To, err = ParseTime(a.To); err != nil {
			return longrun.Window{}, &WindowError{"to", err.Error()}
		}
	}
	w.From = w.To.Add(-usual)
	if a.From != "" {
		if w.From, err = ParseTime(a.From); err != nil {
			return longrun.Window{}, &WindowError{"from", err.Error()}
		}
	}
	return checked(w, now)
}

func checked(w longrun.Window, now time.Time) (longrun.Window, error) { return w, CheckWindow(w, now) }

// ParseWindow reads a window in one text: a length up to now such as "1h", "36h",
// "7d" or "1d12h", or "FROM/TO", each a day or a time as ParseTime reads them. TO is
// not in the window, and may be left out: then it is now. What lies in the future
// alone, is empty, reversed or longer than ten years is a *WindowError that says so.
func ParseWindow(s string, now time.Time) (longrun.Window, error) {
	if s == "" {
		return longrun.Window{}, &WindowError{"window", `"" is neither a length such as 1h, 36h, 7d or 1d12h, nor FROM/TO such as 2025-12-29/2025-12-30T06:00:00Z`}
	}
	return Ask{Window: s}.Read(now, day)
}

// CheckWindow reports what is wrong with a window that a report is asked for, as a
// *WindowError.
func CheckWindow(w longrun.Window, now time.Time) error {
	switch {
	case !w.From.Before(now) && (!w.To.Before(w.From) || w.To.Equal(now)):
		return &WindowError{"from", fmt.Sprintf("%s lies in the future: it is %s", longrun.ISO(w.From), longrun.ISO(now))}
	case w.To.Before(w.From):
		return &WindowError{"to", fmt.Sprintf("%s is before from %s", longrun.ISO(w.To), longrun.ISO(w.From))}
	case w.From.Equal(w.To):
		return &WindowError{"to", fmt.Sprintf("is the same as from, %s: the window is empty", longrun.ISO(w.From))}
	case w.To.Sub(w.From) > maxWindow:
		return &WindowError{"from", fmt.Sprintf("%s to %s is longer than ten years", longrun.ISO(w.From), longrun.ISO(w.To))}
	}
	return nil
}

// ParseTime reads a day such as 2025-12-29, which is its start in UTC, or a time in
// RFC 3339 such as 2025-12-29T22:14:00Z, with any offset. In the query of an address
// the plus sign of an offset is a blank unless it is written %2B: a blank there is
// taken for one.
func ParseTime(s string) (time.Time, error) {
	text := s
	if at := len(text) - len(" 02:00"); at > 0 && text[at] == ' ' && strings.ContainsAny(text, "Tt") {
		text = text[:at] + "+" + text[at+1:]
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		// Beyond these years a bound moved onto the grid could not be written.
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 && t.Year() < 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.50q is neither a day, such as 2025-12-29, nor a time, such as 2025-12-29T22:14:00Z", s)
}

// errPeriod says what a length looks like.
var errPeriod = errors.New("is no length such as 1h, 36h, 7d or 1d12h")

// ParsePeriod reads a length of time as people write it: numbers with the units s, m
// (minutes), h, d (24 hours) and w, such as "90m", "36h", "7d", "1d12h" or "1.5h". It
// is at least a second and at most ten years. What is wrong is said without the text.
func ParsePeriod(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day}
	var whole time.Duration
	for rest := s; rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end < 1 {
			return 0, errPeriod
		}
		unit, known := units[rest[end]]
		n, err := strconv.ParseFloat(rest[:end], 64)
		if err != nil || !known || n > float64(maxWindow/unit) {
			return 0, errPeriod
		}
		whole += time.Duration(n * float64(unit))
		rest = rest[end+1:]
		if whole > maxWindow {
			return 0, fmt.Errorf("%w: it is longer than ten years", errPeriod)
		}
	}
	if whole < time.Second {
		return 0, errPeriod
	}
	return whole, nil
}

// monthsFrom is how long a window must be to be told by its months.
const monthsFrom = 32 * day

// month is what counts of a UTC month.
type month struct {
	name string
	longrun.Coverage
	hit   int // days with missed slots
	worst Day
}

// months are those of the window, the newest first.
func (r Report) months() []month {
	var all []month
	for _, d := range slices.Backward(r.Days) {
		name := d.From.Format("2006-01")
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, month{name: name})
		}
		m := &all[len(all)-1]
		m.Expected, m.Written, m.Missed = m.Expected+d.Expected, m.Written+d.Written, m.Missed+d.Missed
		m.Healthy, m.Unknown = m.Healthy+d.Healthy, m.Unknown+d.Unknown
		if d.Missed > 0 {
			m.hit++
		}
		if d.Missed > m.worst.Missed {
			m.worst = d
		}
	}
	return all
}

func (r Report) monthsSection() section {
	s := section{
		ID: "months", Title: "Months", Chart: "calendar",
		Lines: []string{"The newest first. A bar is a day: the taller, the more of it was missed, and one slot is a quarter of the whole already."},
		Head:  []string{"Month", "Missed", "Slots", "Coverage", r.good(), "Days with gaps", "Worst day"},
	}
	for _, m := range r.months() {
		worst := "–"
		if m.Missed > 0 {
			worst = fmt.Sprintf("%s, %s", m.worst.Date, figures.Length(time.Duration(m.worst.Missed)*r.interval()))
		}
		s.Rows = append(s.Rows, []string{
			m.name, figures.Length(time.Duration(m.Missed) * r.interval()), fmt.Sprintf("%s of %s", figures.Count(m.Missed), figures.Count(m.Expected)),
			figures.Percent(m.Expected-m.Missed, m.Expected), goodShare(m.Coverage), figures.Count(m.hit), worst,
		})
	}
	return s
}
