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
type Maintenance struct {
	// Name says what it is for.
	Name string `json:"name" firestore:"name"`
	// Zone is an IANA time zone, such as "Europe/Bucharest". Default: UTC.
	Zone string `json:"zone" firestore:"zone"`
	// Days are the days on which it begins, "mon" to "sun". Default: every day.
	Days []string `json:"days" firestore:"days"`
	// Start is when it begins, "02:30", and Minutes how long it lasts; at most a
	// day.
	Start   string `json:"start" firestore:"start"`
	Minutes int64  `json:"minutes" firestore:"minutes"`
	// Rule and Target are what is not told; empty means any.
	Rule   Rule   `json:"rule" firestore:"rule"`
	Target string `json:"target" firestore:"target"`
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Validate reports everything that is wrong, each error naming its field.
func (m Maintenance) Validate() error {
	var errs []error
	if _, err := m.location(); err != nil {
		errs = append(errs, fmt.Errorf("zone %.50q is not known", m.Zone))
	}
	if _, _, err := m.clock(); err != nil {
		errs = append(errs, fmt.Errorf("start %.20q is no time of day, such as 02:30", m.Start))
	}
	for _, d := range m.Days {
		if !slices.Contains(weekdays, d) {
			errs = append(errs, fmt.Errorf("days %.20q is none of %v", d, weekdays))
		}
	}
	if m.Minutes < 1 || m.Minutes > 24*60 {
		errs = append(errs, fmt.Errorf("minutes %d is not between 1 and %d", m.Minutes, 24*60))
	}
	if m.Rule != "" && !m.Rule.Known() {
		errs = append(errs, fmt.Errorf("rule %.50q is none of %v", string(m.Rule), Rules()))
	}
	return errors.Join(errs...)
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

// Window returns the maintenance that now lies in, and whether there is one. It
// begins at the wall time of its zone and lasts for Minutes of real time.
func (m Maintenance) Window(now time.Time) (Window, bool) {
	loc, err := m.location()
	if err != nil {
		return Window{}, false
	}
	hour, minute, err := m.clock()
	if err != nil {
		return Window{}, false
	}
	local := now.In(loc)
	for back := range 3 { // one that began yesterday may still last; a day may have 25 hours
		day := time.Date(local.Year(), local.Month(), local.Day()-back, hour, minute, 0, 0, loc)
		if len(m.Days) > 0 && !slices.Contains(m.Days, weekdays[day.Weekday()]) {
			continue
		}
		w := Window{From: day.UTC(), To: day.Add(time.Duration(m.Minutes) * time.Minute).UTC()}
		if w.Contains(now) {
			return w, true
		}
	}
	return Window{}, false
}

// Matches reports whether the maintenance holds for a rule and target at a time.
func (m Maintenance) Matches(r Rule, target string, now time.Time) bool {
	if m.Rule != "" && m.Rule != r || m.Target != "" && m.Target != target {
		return false
	}
	_, ok := m.Window(now)
	return ok
}
