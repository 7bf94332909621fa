package chart_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

func TestWhereThereIsNothingToDrawThereIsNoChart(t *testing.T) {
	t.Parallel()
	slots := chart.Slots{From: hour().From, Interval: time.Minute, Filled: coverage.NewBitmap(60), Healthy: coverage.NewBitmap(60)}
	empty := longrun.Window{From: hour().From, To: hour().From}
	back := longrun.Window{From: hour().To, To: hour().From}
	for _, w := range []longrun.Window{empty, back} {
		require.Empty(t, chart.Heat(w, slots, nil))
		require.Empty(t, chart.Calendar(w, slots, nil))
		require.NotContains(t, chart.Strip("", w, slots), "<rect")
		require.NotContains(t, chart.LatencyLane("", w, chart.Probes{Points: []longrun.ProbePoint{{TS: hour().From}}}), "<circle")
	}
	require.Empty(t, chart.Heat(hour(), chart.Slots{}, nil))
	require.Empty(t, chart.Calendar(hour(), chart.Slots{}, nil))
	require.NotContains(t, chart.Strip("", hour(), chart.Slots{}), "<rect")
	require.Empty(t, chart.Latency(hour(), nil))
	require.Empty(t, chart.Timeline(hour(), nil))
	require.Zero(t, chart.Slots{}.Count(hour()))
}

// minutes are slots of which each is what its letter says: w written, u written and
// not healthy, s written and silent about that, m missed.
func minutes(from time.Time, letters string) chart.Slots {
	s := chart.Slots{From: from, Interval: time.Minute, Filled: coverage.NewBitmap(len(letters)), Healthy: coverage.NewBitmap(len(letters))}
	for i, letter := range letters {
		if letter != 'm' {
			s.Filled.Set(i)
		}
		if letter == 'w' {
			s.Healthy.Set(i)
		}
		if letter == 's' {
			if s.Unknown == nil {
				s.Unknown = coverage.NewBitmap(len(letters))
			}
			s.Unknown.Set(i)
		}
	}
	return s
}

// What nobody knows of the host's health is drawn as not known, and explained where
// there is any.
func TestHealthThatIsNotKnownIsDrawnAsSuch(t *testing.T) {
	t.Parallel()
	s := minutes(hour().From, "wssmuusswssu"+strings.Repeat("w", 48))
	require.Equal(t, chart.Count{Expected: 60, Missed: 1, Unhealthy: 3, Unknown: 6}, s.Count(hour()))
	heat := string(chart.Heat(hour(), s, nil))
	for _, said := range []string{
		"22:01 to 22:03: 2 slots written, health not known", "22:04 to 22:06: 2 slots written, but not healthy",
		"22:06 to 22:08: 2 slots written, health not known", "22:09 to 22:11: 2 slots written, health not known", "22:11 to 22:12: 1 slot written, but not healthy",
	} {
		require.Contains(t, heat, said)
	}
	require.Contains(t, chart.Calendar(hour(), s, nil), "3 written, but not healthy, 6 written, health not known")
	require.Contains(t, chart.Key(s.Explain(chart.InSlots)...), "health not known")
	full := minutes(hour().From, strings.Repeat("w", 60))
	require.NotContains(t, chart.Key(full.Explain(chart.InSlots)...), "health not known")
	require.NotContains(t, chart.Heat(hour(), full, nil), "health not known")
}

func TestSlotsOutsideTheWindowAreNotDrawn(t *testing.T) {
	t.Parallel()
	full, none := strings.Repeat("w", 60), strings.Repeat("m", 60)
	inside := minutes(hour().From, full)
	around := minutes(hour().From.Add(-time.Hour), none+full+none)
	require.Equal(t, chart.Heat(hour(), inside, nil), chart.Heat(hour(), around, nil))
	require.Equal(t, chart.Strip("", hour(), inside), chart.Strip("", hour(), around))
	require.NotContains(t, chart.Calendar(hour(), around, nil), `class="m k"`)
	require.Equal(t, inside.Count(hour()), around.Count(hour()))
}

// TestEveryChartOfTheSameSlotsSaysTheSame holds the charts that the dashboard shows
// against those of the report, by what is counted.
func TestEveryChartOfTheSameSlotsSaysTheSame(t *testing.T) {
	t.Parallel()
	s := minutes(hour().From.Add(10*time.Minute), "wwmuuuwmmmw"+strings.Repeat("u", 9))
	require.Equal(t, chart.Count{Expected: 20, Missed: 4, Unhealthy: 12}, s.Count(hour()))
	marks := regexp.MustCompile(`<rect class="([mnu])"[^>]*><title>([^<]*)</title>`)
	strip := marks.FindAllStringSubmatch(string(chart.Strip("", hour(), s)), -1)
	heat := marks.FindAllStringSubmatch(string(chart.Heat(hour(), s, nil)), -1)
	said := func(all [][]string) (out []string) {
		for _, m := range all {
			out = append(out, m[1]+" "+m[2])
		}
		return out
	}
	require.Equal(t, []string{
		"n 2025-12-29 22:00 to 22:10: 10 slots not known",
		"u 2025-12-29 22:13 to 22:16: 3 slots written, but not healthy",
		"u 2025-12-29 22:21 to 22:30: 9 slots written, but not healthy",
		"m 2025-12-29 22:12 to 22:13: 1 slot missed",
		"m 2025-12-29 22:17 to 22:20: 3 slots missed",
	}, said(heat))
	require.Equal(t, said(heat), said(strip))
	require.Contains(t, chart.Calendar(hour(), s, nil), "2025-12-29: 4 of 20 slots missed, 12 written, but not healthy")
}

func TestDaysLeadWhereTheyAreToldAndNoFurther(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC)
	w := longrun.Window{From: from.AddDate(0, 0, -1), To: from.AddDate(0, 0, 4)}
	s := minutes(from, "m"+strings.Repeat("w", 2*1440))
	link := func(day time.Time) string { return `?day="&` + day.Format(time.DateOnly) }
	heat, calendar := string(chart.Heat(w, s, link)), string(chart.Calendar(w, s, link))
	require.Equal(t, 5, strings.Count(heat, `<a href="?day=&#34;&amp;2025-12-`))
	require.Equal(t, 4, strings.Count(calendar, `<a tabindex="-1" href="`), "and none to a day that is to come")
	require.Equal(t, 1, strings.Count(calendar, `<a href="?day=&#34;&amp;2025-12-28"`), "the month leads to its worst day")
	require.NotContains(t, chart.Heat(w, s, nil)+chart.Calendar(w, s, nil), "href")
}

func TestAKeyNamesEveryClassThatIsDrawn(t *testing.T) {
	t.Parallel()
	key := string(chart.Key(chart.InCalendar, chart.InSlots, chart.InLatencies, chart.InProbes, chart.InIncidents))
	for _, class := range []string{"f", "u", "m k", "n", "p", "med", "x", "o", "inc", "inc w"} {
		require.Contains(t, key, `class="`+class+`"`)
		first, _, _ := strings.Cut(class, " ")
		require.Contains(t, chart.Style(), "."+first+" {")
	}
}
