package longrun

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Maintenance is a time of the week in which alerts are not told, in the wall
// time of a zone, so that it stays where people expect it across a change of
// daylight saving. States and incidents go on, and what still fires when it ends
// is told then.
//
// It begins at the first moment of a day at which the zone's clock shows Start or
// later. So one that would begin in an hour that is skipped begins as the clock
// jumps, and one in an hour that comes twice begins the first time. It lasts for
// Minutes of real time, whatever the clock does meanwhile.
type Maintenance struct {
	// Name says what it is for.
	Name string `json:"name" firestore:"name"`
	// Zone is an IANA time zone, such as "Europe/Bucharest". Default: UTC. Where
	// the machine has no zones, a program can import time/tzdata.
	Zone string `json:"zone" firestore:"zone"`
	// Days are the days on which it begins, "mon" to "sun". Default: every day.
	Days []string `json:"days" firestore:"days"`
	// Start is when it begins, "02:30", and Minutes how long it lasts; at most a
	// day.
	Start   string `json:"start" firestore:"start"`
	Minutes int64  `json:"minutes" firestore:"minutes"`
	// Rule and Target are what is not told; empty means any.
	Rule   RuleID `json:"rule" firestore:"rule"`
	Target string `json:"target" firestore:"target"`
}

// MaxMaintenance is how many of them there may be: each is looked at in every
// slot.
const MaxMaintenance = 100

// weekdays are the days as Days names them, in the order of time.Weekday.
func weekdays() [7]string { return [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// Validate reports everything that is wrong, each error naming its field.
func (m Maintenance) Validate() error {
	var errs []error
	if _, err := m.location(); err != nil {
		errs = append(errs, fmt.Errorf("zone %.50q is not known", m.Zone))
	}
	if _, _, err := m.clock(); err != nil {
		errs = append(errs, fmt.Errorf("start %.20q is no time of day, such as 02:30", m.Start))
	}
	week := weekdays()
	if len(m.Days) > len(week) {
		errs = append(errs, fmt.Errorf("days has %d entries, a week has %d", len(m.Days), len(week)))
	}
	for _, d := range m.Days {
		if !slices.Contains(week[:], d) {
			errs = append(errs, fmt.Errorf("days %.20q is none of %v", d, week))
		}
	}
	if m.Minutes < 1 || m.Minutes > 24*60 {
		errs = append(errs, fmt.Errorf("minutes %d is not between 1 and %d", m.Minutes, 24*60))
	}
	if m.Rule != "" {
		errs = append(errs, m.Rule.Validate())
	}
	return errors.Join(append(errs, checkText("name", m.Name), checkText("target", m.Target))...)
}

func (m Maintenance) location() (*time.Location, error) {
	if m.Zone == "Local" { // of which machine?
		return nil, errors.New("longrun: Local is no zone")
	}
	return time.LoadLocation(m.Zone)
}

func (m Maintenance) clock() (hour, minute int, err error) {
	t, err := time.Parse("15:04", m.Start)
	return t.Hour(), t.Minute(), err
}

// Window returns the maintenance that now lies in, the one that began last of
// several, and whether there is one. It looks the zone up, some 5 µs: whoever has
// many rules and targets asks once and then Covers.
func (m Maintenance) Window(now time.Time) (Window, bool) {
	loc, err := m.location()
	if err != nil {
		return Window{}, false
	}
	hour, minute, err := m.clock()
	if err != nil {
		return Window{}, false
	}
	// A clock that is set back over midnight makes one of tomorrow possible, and
	// one that began the day before yesterday may still last: a day may have 25
	// hours.
	y, month, d := now.In(loc).Date()
	for ahead := 1; ahead >= -2; ahead-- {
		day := time.Date(y, month, d+ahead, hour, minute, 0, 0, time.UTC)
		if len(m.Days) > 0 && !slices.Contains(m.Days, weekdays()[day.Weekday()]) {
			continue
		}
		from, ok := firstShown(day, loc)
		if !ok {
			continue
		}
		if w := (Window{From: from, To: from.Add(time.Duration(m.Minutes) * time.Minute)}); w.Contains(now) {
			return w, true
		}
	}
	return Window{}, false
}

// Windows returns the times of the maintenance that reach into w, in order. Two that
// overlap are two.
func (m Maintenance) Windows(w Window) (times []Window) {
	loc, errZone := m.location()
	hour, minute, errClock := m.clock()
	if errZone != nil || errClock != nil || !w.From.Before(w.To) {
		return nil
	}
	// One that began two days before may still last, as in Window.
	y, month, d := w.From.In(loc).Date()
	last := w.To.In(loc)
	for at := -2; ; at++ {
		day := time.Date(y, month, d+at, hour, minute, 0, 0, time.UTC)
		if day.Sub(time.Date(last.Year(), last.Month(), last.Day(), hour, minute, 0, 0, time.UTC)) > 24*time.Hour {
			return times
		}
		if len(m.Days) > 0 && !slices.Contains(m.Days, weekdays()[day.Weekday()]) {
			continue
		}
		from, ok := firstShown(day, loc)
		if t := (Window{From: from, To: from.Add(time.Duration(m.Minutes) * time.Minute)}); ok && t.From.Before(w.To) && t.To.After(w.From) {
			times = append(times, t)
		}
	}
}

// Planned returns the times of maintenance of everything, of no single rule or target,
// that reach into w: in order, and those that touch as one. It goes by the settings as
// they are: what was planned by others, in the past, nobody knows.
func (s Settings) Planned(w Window) (times []Window) {
	var all []Window
	for _, m := range s.Maintenance {
		if m.Rule == "" && m.Target == "" {
			all = append(all, m.Windows(w)...)
		}
	}
	slices.SortFunc(all, func(a, b Window) int { return a.From.Compare(b.From) })
	for _, t := range all {
		if last := len(times) - 1; last >= 0 && !t.From.After(times[last].To) {
			if t.To.After(times[last].To) {
				times[last].To = t.To
			}
			continue
		}
		times = append(times, t)
	}
	return times
}

// firstShown returns the first moment at which the clock of loc shows wall, given
// as UTC, or later on the same day. A day that loc skipped has none.
//
// time.Date does not do: where the clock shows a time twice or never, it promises
// only some time that is right in one of the two offsets.
func firstShown(wall time.Time, loc *time.Location) (time.Time, bool) {
	year, month, day := wall.Date()
	// Between two changes of the offset the clock runs evenly: look at three of
	// these stretches, which cover more than any offset is long.
	at := wall.Add(-24 * time.Hour).In(loc)
	for range 3 {
		begin, end := at.ZoneBounds()
		_, offset := at.Zone()
		shown := wall.Add(-time.Duration(offset) * time.Second)
		if shown.Before(begin) {
			shown = begin
		}
		if end.IsZero() || shown.Before(end) {
			if y, m, d := shown.In(loc).Date(); y == year && m == month && d == day {
				return shown.UTC(), true
			}
		}
		if end.IsZero() {
			break
		}
		at = end
	}
	return time.Time{}, false
}

// Covers reports whether the maintenance is one for the rule and target, whenever
// it is.
func (m Maintenance) Covers(r RuleID, target string) bool {
	return (m.Rule == "" || m.Rule == r) && (m.Target == "" || m.Target == target)
}

// Matches reports whether the maintenance holds for a rule and target at a time.
func (m Maintenance) Matches(r RuleID, target string, now time.Time) bool {
	if !m.Covers(r, target) {
		return false
	}
	_, ok := m.Window(now)
	return ok
}
