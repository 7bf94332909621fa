package longrun_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestProbeIDs(t *testing.T) {
	t.Parallel()
	start := time.Date(2025, 12, 29, 22, 30, 5, 999e6, time.UTC)
	hours := longrun.ProbeSchedule{Every: 6 * time.Hour, Retry: time.Hour}
	for _, c := range []struct {
		kind     longrun.ProbeType
		trigger  longrun.ProbeTrigger
		schedule longrun.ProbeSchedule
		want     string
	}{
		{longrun.Outbound, longrun.Scheduled, hours, "OUT_20251229T22"},
		{longrun.Inbound, longrun.Scheduled, hours, "IN_20251229T22"},
		{longrun.Queue, longrun.Scheduled, longrun.ProbeSchedule{Every: 24 * time.Hour, Retry: 2 * time.Hour}, "QUEUE_20251229T22"},
		{longrun.Outbound, longrun.ByHand, hours, "OUT_20251229T223005"},
		{longrun.Outbound, longrun.Scheduled, longrun.ProbeSchedule{Every: 90 * time.Minute, Retry: time.Hour}, "OUT_20251229T2230"},
		{longrun.Outbound, longrun.Scheduled, longrun.ProbeSchedule{Every: time.Hour, Retry: 10 * time.Minute}, "OUT_20251229T2230"},
		{longrun.Outbound, longrun.Scheduled, longrun.ProbeSchedule{Every: time.Minute, Retry: time.Minute}, "OUT_20251229T2230"},
		{"web_hook", longrun.Scheduled, hours, "WEB_HOOK_20251229T22"},
	} {
		require.Equal(t, c.want, longrun.ProbeID(c.kind, start, c.trigger, c.schedule))
		require.Equal(t, c.want, longrun.ProbeID(c.kind, start.In(time.FixedZone("", 7200)), c.trigger, c.schedule), "UTC, wherever it was asked")
	}
}

func TestProbeTypesAndSchedulesAreChecked(t *testing.T) {
	t.Parallel()
	for _, good := range []longrun.ProbeType{longrun.Outbound, "x", "web_hook_2"} {
		require.NoError(t, good.Validate())
	}
	for _, bad := range []longrun.ProbeType{"", "Out", "a b", "a/b", "a-b", "ă", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddx"} {
		require.Error(t, bad.Validate(), bad)
	}
	for want, s := range map[string]longrun.ProbeSchedule{
		"every":  {Every: 59 * time.Second, Retry: time.Minute},
		"retry":  {Every: time.Hour, Retry: time.Second},
		"longer": {Every: time.Hour, Retry: 2 * time.Hour},
	} {
		require.ErrorContains(t, s.Validate(), want)
	}
	require.NoError(t, longrun.ProbeSchedule{Every: time.Minute}.WithDefaults().Validate())
	require.Equal(t, time.Hour, longrun.ProbeSchedule{Every: 6 * time.Hour}.WithDefaults().Retry)
}

func TestDueFollowsFromTheLastResultAlone(t *testing.T) {
	t.Parallel()
	s := longrun.ProbeSchedule{Every: 6 * time.Hour, Retry: time.Hour}
	start := time.Date(2025, 12, 29, 22, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		last longrun.Probe
		want time.Duration
	}{
		{longrun.Probe{Result: longrun.Pass}, 6 * time.Hour},
		{longrun.Probe{Result: longrun.Fail, ErrorClass: "no_receipt"}, time.Hour},
		{longrun.Probe{Result: longrun.Inconclusive, ErrorClass: "sender_not_connected"}, time.Hour},
		{longrun.Probe{Result: longrun.Inconclusive, ErrorClass: "not_configured"}, 6 * time.Hour},
	} {
		c.last.TS = start
		for _, now := range []time.Duration{0, time.Minute, 100 * time.Hour} {
			require.Equal(t, start.Add(c.want), s.Due(c.last, start.Add(now)))
		}
		// A clock that was set back must not silence a probe for years.
		early := start.Add(-1000 * time.Hour)
		require.Equal(t, early.Add(c.want), s.Due(c.last, early))
	}
}

// Whoever probes when it is due never meets an ID that is taken: else a result
// would be lost.
func FuzzADueProbeHasAnIDOfItsOwn(f *testing.F) {
	f.Add(int64(1767047388), uint32(21600), uint32(3600), true)
	f.Add(int64(1767047999), uint32(5400), uint32(60), false)
	f.Fuzz(func(t *testing.T, unix int64, every, retry uint32, passed bool) {
		s := longrun.ProbeSchedule{Every: time.Duration(every) * time.Second, Retry: time.Duration(retry) * time.Second}
		start := time.Unix(unix%(1<<37), 0)
		if s.Validate() != nil || start.Year() < 1 || start.Year() > 9000 {
			t.Skip()
		}
		last := longrun.Probe{Type: longrun.Outbound, TS: start, Result: longrun.Fail}
		if passed {
			last.Result = longrun.Pass
		}
		due := s.Due(last, start)
		require.True(t, due.After(start))
		require.Less(t, longrun.ProbeID(last.Type, start, longrun.Scheduled, s), longrun.ProbeID(last.Type, due, longrun.Scheduled, s))
	})
}

func TestSettingsMoveAScheduleAndKeepItSound(t *testing.T) {
	t.Parallel()
	wired := longrun.ProbeSchedule{Every: 6 * time.Hour, Retry: time.Hour}
	s := longrun.DefaultSettings(time.Minute)
	require.Equal(t, wired, s.ProbeSchedule(longrun.Outbound, wired))
	s.ProbeEverySec = map[string]float64{"outbound": 90, "queue": 86400}
	require.NoError(t, s.Validate())
	require.Equal(t, longrun.ProbeSchedule{Every: 90 * time.Second, Retry: 90 * time.Second}, s.ProbeSchedule(longrun.Outbound, wired))
	require.Equal(t, longrun.ProbeSchedule{Every: 24 * time.Hour, Retry: time.Hour}, s.ProbeSchedule(longrun.Queue, wired))
	require.Equal(t, wired, s.ProbeSchedule(longrun.Inbound, wired))

	s.ProbeEverySec = map[string]float64{"outbound": 59, "Queue": 600, "inbound": 1e12}
	err := s.Validate()
	for _, name := range []string{"outbound 59", "Queue", "inbound 1e+12"} {
		require.ErrorContains(t, err, name)
	}
}

func TestNamesOfProbesAreChecked(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "ops-1", "0", "a.b_c-d", "x123456", strings.Repeat("a", 40)} {
		require.NoError(t, longrun.NamedProbe{Type: longrun.Outbound, Name: good}.Validate(), good)
	}
	for _, bad := range []string{"Ops", "-a", ".", "..", "a b", "a/b", "ă", "4917012345678", "x1234567", strings.Repeat("a", 41)} {
		err := longrun.NamedProbe{Type: longrun.Outbound, Name: bad}.Validate()
		require.ErrorContains(t, err, "probe", bad)
		require.NotContains(t, err.Error(), "4917012345678")
	}
	for _, taken := range []longrun.ProbeType{"out", "in"} {
		require.ErrorContains(t, taken.Validate(), "has the IDs of another type")
	}
	require.Equal(t, "outbound", longrun.NamedProbe{Type: longrun.Outbound}.String())
	require.Equal(t, "outbound ops-1", longrun.NamedProbe{Type: longrun.Outbound, Name: "ops-1"}.String())
}

// FuzzNoTwoProbesShareADocument: different probes, or different hours, have
// different IDs, which every store takes.
func FuzzNoTwoProbesShareADocument(f *testing.F) {
	f.Add("outbound", "", "out_20251229t22", "", int64(0), int64(3600), byte(0), byte(0))
	f.Add("a", "20251229t22", "a_20251229t22", "", int64(1767045600), int64(1767045600), byte(0), byte(0))
	f.Add("inbound", "b", "inbound", "b", int64(1767045600), int64(1767045605), byte(1), byte(1))
	f.Add("x_1", "2", "x", "1_2", int64(0), int64(0), byte(2), byte(2))
	f.Fuzz(func(t *testing.T, typeA, nameA, typeB, nameB string, a, b int64, howA, howB byte) {
		id := func(n longrun.NamedProbe, sec int64, how byte) (string, time.Time) {
			start := time.Unix(((sec%4e9)+4e9)%4e9, 0)
			switch how % 3 {
			case 0:
				return n.ID(start, longrun.Scheduled, longrun.ProbeSchedule{Every: time.Hour, Retry: time.Hour}), start.Truncate(time.Hour)
			case 1:
				return n.ID(start, longrun.ByHand, longrun.ProbeSchedule{}), start
			}
			return n.ID(start, longrun.Scheduled, longrun.ProbeSchedule{Every: time.Minute, Retry: time.Minute}), start.Truncate(time.Minute)
		}
		one, other := longrun.NamedProbe{Type: longrun.ProbeType(typeA), Name: nameA}, longrun.NamedProbe{Type: longrun.ProbeType(typeB), Name: nameB}
		if one.Validate() != nil || other.Validate() != nil {
			t.Skip()
		}
		idA, atA := id(one, a, howA)
		idB, atB := id(other, b, howB)
		require.Equal(t, one == other && atA.Equal(atB) && howA%3 == howB%3, idA == idB, "%s %s", idA, idB)
		require.Less(t, len(idA), 120)
	})
}
