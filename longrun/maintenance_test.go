package longrun_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no zones

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

var evening = time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// slowMaintenance walks minute by minute with an eye on the clock on the wall, and
// returns when the maintenance begins between from and to. The first day that it
// sees is not whole.
func slowMaintenance(m longrun.Maintenance, loc *time.Location, from, to time.Time) (begins []time.Time) {
	begun := map[string]bool{from.In(loc).Format("2006-01-02"): true}
	for at := from.Truncate(time.Minute); at.Before(to); at = at.Add(time.Minute) {
		wall := at.In(loc)
		day := wall.Format("2006-01-02")
		if begun[day] || wall.Format("15:04") < m.Start {
			continue
		}
		begun[day] = true
		if len(m.Days) == 0 || slices.Contains(m.Days, strings.ToLower(wall.Format("Mon"))) {
			begins = append(begins, at)
		}
	}
	return begins
}

// turns are days around which clocks do things.
var turns = []struct {
	zone string
	day  time.Time
}{
	{"Europe/Bucharest", time.Date(2025, 3, 30, 0, 0, 0, 0, time.UTC)},  // 03:00 → 04:00
	{"Europe/Bucharest", time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC)}, // 04:00 → 03:00
	{"Europe/Bucharest", time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)},
	{"", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
	{"Africa/Cairo", time.Date(2025, 4, 25, 0, 0, 0, 0, time.UTC)},        // 00:00 → 01:00
	{"America/St_Johns", time.Date(2010, 11, 7, 0, 0, 0, 0, time.UTC)},    // 00:01 → 23:01 of the day before
	{"America/Sao_Paulo", time.Date(2018, 2, 18, 0, 0, 0, 0, time.UTC)},   // 24:00 → 23:00
	{"Australia/Lord_Howe", time.Date(2025, 4, 6, 0, 0, 0, 0, time.UTC)},  // half an hour
	{"Pacific/Apia", time.Date(2011, 12, 30, 0, 0, 0, 0, time.UTC)},       // that day was skipped
	{"America/Los_Angeles", time.Date(2025, 11, 2, 0, 0, 0, 0, time.UTC)}, // 02:00 → 01:00
	{"Antarctica/Troll", time.Date(2025, 3, 30, 0, 0, 0, 0, time.UTC)},    // two hours
	{"Pacific/Kiritimati", time.Date(1994, 12, 31, 0, 0, 0, 0, time.UTC)}, // another day that was skipped
	{"America/Argentina/Ushuaia", time.Date(2009, 3, 15, 0, 0, 0, 0, time.UTC)},
}

func FuzzMaintenance(f *testing.F) {
	for turn := range turns {
		for i := range 12 {
			f.Add(byte(turn), uint16(i*97), uint16(i*211), byte(i*11), uint16(i*331))
		}
	}
	f.Fuzz(func(t *testing.T, turn byte, start, minutes uint16, days byte, when uint16) {
		around := turns[int(turn)%len(turns)]
		loc := zone(t, around.zone)
		m := longrun.Maintenance{
			Zone: around.zone, Minutes: 1 + int64(minutes)%(24*60),
			Start: time.Date(2000, 1, 1, 0, int(start)%(24*60), 0, 0, time.UTC).Format("15:04"),
		}
		for i, d := range []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
			if days>>i&1 != 0 {
				m.Days = append(m.Days, d)
			}
		}
		require.NoError(t, m.Validate())
		from, to := around.day.AddDate(0, 0, -4), around.day.AddDate(0, 0, 4)
		begins := slowMaintenance(m, loc, from, to)
		check := func(now time.Time) {
			var want longrun.Window
			for _, b := range begins {
				if w := (longrun.Window{From: b, To: b.Add(time.Duration(m.Minutes) * time.Minute)}); w.Contains(now) {
					want = w // the one that began last
				}
			}
			got, ok := m.Window(now)
			require.Equal(t, want.From, got.From, "%v at %v", m, now.In(loc))
			require.Equal(t, want.To, got.To)
			require.Equal(t, !want.From.IsZero(), ok)
			require.Equal(t, ok, m.Matches(rules.QueueDepth, "", now))
		}
		// Anywhere near, and at the edges.
		check(around.day.AddDate(0, 0, -1).Add(time.Duration(when) * 3 * time.Second))
		for _, b := range begins {
			if b.After(around.day.AddDate(0, 0, -2)) && b.Before(around.day.AddDate(0, 0, 2)) {
				check(b.Add(-time.Second))
				check(b)
				check(b.Add(time.Duration(m.Minutes)*time.Minute - 1))
				check(b.Add(time.Duration(m.Minutes) * time.Minute))
			}
		}
	})
}

func TestMaintenanceKeepsItsWallTime(t *testing.T) {
	t.Parallel()
	const spring, autumn = "2025-03-30", "2025-10-26"
	for name, c := range map[string]struct {
		start   string
		minutes int64
		days    []string
		at      string // UTC
		from    string // UTC; empty: none
	}{
		"in winter":                        {start: "02:30", minutes: 60, at: "2025-03-29 00:30", from: "2025-03-29 00:30"},
		"in summer an hour earlier":        {start: "02:30", minutes: 60, at: "2025-03-31 00:29", from: "2025-03-30 23:30"},
		"it has ended":                     {start: "02:30", minutes: 60, at: "2025-03-31 00:30"},
		"in an hour that is skipped":       {start: "03:30", minutes: 60, at: spring + " 01:00", from: spring + " 01:00"},
		"for its whole length":             {start: "03:30", minutes: 60, at: spring + " 01:59", from: spring + " 01:00"},
		"over the skipped hour":            {start: "02:30", minutes: 60, at: spring + " 01:29", from: spring + " 00:30"},
		"in an hour that comes twice":      {start: "03:30", minutes: 60, at: autumn + " 00:30", from: autumn + " 00:30"},
		"not the second time":              {start: "03:30", minutes: 30, at: autumn + " 01:30"},
		"over midnight":                    {start: "23:30", minutes: 60, days: []string{"sat"}, at: autumn + " 20:59"},
		"of the day on which it begins":    {start: "23:30", minutes: 60, days: []string{"sat"}, at: "2025-10-25 21:29", from: "2025-10-25 20:30"},
		"a day of 25 hours is longer":      {start: "00:00", minutes: 1440, days: []string{"sun"}, at: autumn + " 21:00"},
		"than its maintenance":             {start: "00:00", minutes: 1440, days: []string{"sun"}, at: autumn + " 20:59", from: "2025-10-25 21:00"},
		"a day of 23 hours is shorter":     {start: "00:00", minutes: 1440, days: []string{"sun"}, at: spring + " 21:30", from: "2025-03-29 22:00"},
		"the one that began last is named": {start: "00:00", minutes: 1440, at: spring + " 21:30", from: spring + " 21:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := longrun.Maintenance{Zone: "Europe/Bucharest", Start: c.start, Minutes: c.minutes, Days: c.days}
			require.NoError(t, m.Validate())
			now, err := time.Parse("2006-01-02 15:04", c.at)
			require.NoError(t, err)
			w, ok := m.Window(now)
			require.Equal(t, c.from != "", ok, "%v", w)
			if ok {
				require.Equal(t, c.from, w.From.Format("2006-01-02 15:04"))
				require.Equal(t, time.Duration(c.minutes)*time.Minute, w.To.Sub(w.From))
			}
		})
	}
}

// In St John's the clock was once set back a minute after midnight, to the day
// before: a maintenance of tomorrow may have begun today.
func TestMaintenanceOfTomorrow(t *testing.T) {
	t.Parallel()
	m := longrun.Maintenance{Zone: "America/St_Johns", Start: "00:00", Minutes: 90, Days: []string{"sun"}}
	now := time.Date(2010, 11, 7, 2, 35, 0, 0, time.UTC)
	require.Equal(t, "Sat 23:05", now.In(zone(t, m.Zone)).Format("Mon 15:04"))
	w, ok := m.Window(now)
	require.True(t, ok)
	require.Equal(t, time.Date(2010, 11, 7, 2, 30, 0, 0, time.UTC), w.From)
	require.Equal(t, w.From.Add(90*time.Minute), w.To, "it does not begin a second time")
}

func TestMaintenanceIsOfSomeRulesAndTargets(t *testing.T) {
	t.Parallel()
	m := longrun.Maintenance{Start: "22:00", Minutes: 1, Rule: rules.LoggedOut, Target: "sales"}
	require.True(t, m.Matches(rules.LoggedOut, "sales", evening))
	require.False(t, m.Matches(rules.LoggedOut, "sales", evening.Add(time.Minute)))
	require.False(t, m.Matches(rules.LoggedOut, "support", evening))
	require.False(t, m.Matches(rules.QueueDepth, "sales", evening))
	require.True(t, m.Covers(rules.LoggedOut, "sales"))
	require.True(t, longrun.Maintenance{}.Covers(rules.QueueDepth, ""))
}

// Each mistake is named, all at once, and mutes nothing.
func TestMaintenanceThatMakesNoSense(t *testing.T) {
	t.Parallel()
	good := longrun.Maintenance{Name: "backup", Zone: "Europe/Bucharest", Days: []string{"mon", "sun"}, Start: "02:30", Minutes: 1440, Rule: rules.QueueDepth}
	require.NoError(t, good.Validate())
	require.NoError(t, longrun.Maintenance{Start: "00:00", Minutes: 1}.Validate())
	for field, m := range map[string]longrun.Maintenance{
		"zone":    {Zone: "Europe/Nowhere", Start: "02:30", Minutes: 1},
		"zone ":   {Zone: "Local", Start: "02:30", Minutes: 1},
		"start":   {Start: "24:00", Minutes: 1},
		"start ":  {Start: "2.30", Minutes: 1},
		"days":    {Days: []string{"Mon"}, Start: "02:30", Minutes: 1},
		"days ":   {Days: slices.Repeat([]string{"mon"}, 8), Start: "02:30", Minutes: 1},
		"minutes": {Start: "02:30"},
		"minute":  {Start: "02:30", Minutes: 1441},
		"rule":    {Start: "02:30", Minutes: 1, Rule: "the weather"},
		"name":    {Start: "02:30", Minutes: 1, Name: strings.Repeat("x", 201)},
		"target":  {Start: "02:30", Minutes: 1, Target: "\xff"},
	} {
		err := m.Validate()
		require.ErrorContains(t, err, strings.TrimSpace(field))
		require.NotContains(t, err.Error(), "\n")
		s := longrun.DefaultSettings(time.Minute)
		s.Maintenance = []longrun.Maintenance{good, m}
		require.ErrorContains(t, s.Validate(), "maintenance 1: "+strings.TrimSpace(field))
	}
	bad := longrun.Maintenance{Zone: "x", Start: "y", Days: []string{"z"}, Rule: "W", Name: "\xff", Target: "\xff"}
	require.Len(t, strings.Split(bad.Validate().Error(), "\n"), 7)
	for _, m := range []longrun.Maintenance{bad, {Start: "nine", Minutes: 60}} {
		_, ok := m.Window(evening)
		require.False(t, ok)
	}
	s := longrun.DefaultSettings(time.Minute)
	s.Maintenance = slices.Repeat([]longrun.Maintenance{good}, longrun.MaxMaintenance)
	require.NoError(t, s.Validate())
	s.Maintenance = append(s.Maintenance, bad)
	require.ErrorContains(t, s.Validate(), "maintenance has 101 entries")
	for _, line := range strings.Split(s.Validate().Error(), "\n")[1:] {
		require.Contains(t, line, "maintenance 100: ", "each line says where")
	}
}

// The times of maintenance are those that Window finds at each moment, and Planned
// is all of them, of everything, together.
func TestThePlannedTimesAreThoseOfEachMoment(t *testing.T) {
	t.Parallel()
	for i, around := range turns {
		s := longrun.Settings{Maintenance: []longrun.Maintenance{
			{Zone: around.zone, Start: "23:40", Minutes: 90, Days: []string{"sat", "sun", "tue"}},
			{Zone: around.zone, Start: "00:30", Minutes: int64(40 + 100*i)},
			{Zone: "UTC", Start: "02:00", Minutes: 61, Days: []string{"sun"}},
			{Zone: around.zone, Start: "12:00", Minutes: 5, Rule: rules.QueueDepth},
			{Zone: around.zone, Start: "12:00", Minutes: 5, Target: "ops-1"},
		}}
		w := longrun.Window{From: around.day.Add(-50 * time.Hour).Add(7 * time.Minute), To: around.day.Add(60 * time.Hour)}
		planned := s.Planned(w)
		for j := 1; j < len(planned); j++ {
			require.True(t, planned[j].From.After(planned[j-1].To), "%s: apart, and in order", around.zone)
		}
		var moments []time.Time
		for at := w.From; at.Before(w.To); at = at.Add(17 * time.Minute) {
			moments = append(moments, at)
		}
		for _, p := range planned {
			moments = append(moments, p.From, p.From.Add(-time.Second), p.To, p.To.Add(-time.Second))
		}
		for _, at := range slices.DeleteFunc(moments, func(at time.Time) bool { return !w.Contains(at) }) {
			want := false
			for _, m := range s.Maintenance[:3] {
				_, in := m.Window(at)
				want = want || in
			}
			got := slices.ContainsFunc(planned, func(w longrun.Window) bool { return w.Contains(at) })
			require.Equal(t, want, got, "%s %s", around.zone, at)
		}
	}
	require.Empty(t, longrun.Settings{Maintenance: []longrun.Maintenance{{Start: "02:00", Minutes: 5}}}.Planned(longrun.Window{From: evening, To: evening}))
	require.Empty(t, longrun.Settings{Maintenance: []longrun.Maintenance{{Start: "02:00", Minutes: 5, Zone: "Nowhere/At_All"}}}.Planned(longrun.Window{From: evening, To: evening.AddDate(0, 0, 9)}))
}

func ExampleSettings_Planned() {
	s := longrun.Settings{Maintenance: []longrun.Maintenance{
		{Name: "backup", Start: "02:30", Minutes: 30}, {Name: "updates", Days: []string{"mon"}, Start: "02:45", Minutes: 60},
	}}
	for _, w := range s.Planned(longrun.Window{From: evening, To: evening.AddDate(0, 0, 7)})[5:] {
		fmt.Println(w.From.Format(time.DateTime), w.To.Sub(w.From))
	}
	// Output:
	// 2026-01-04 02:30:00 30m0s
	// 2026-01-05 02:30:00 1h15m0s
}
