package longrun_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestDefaultSettingsAreValidForEveryInterval(t *testing.T) {
	t.Parallel()
	for _, sec := range divisorsOfADay() {
		interval := time.Duration(sec) * time.Second
		s := longrun.DefaultSettings(interval)
		require.NoError(t, s.Validate())
		require.InDelta(t, interval.Seconds()/6, s.DriftSec, 1e-9)
		require.InDelta(t, 0.8, s.InsufficientDataThreshold, 0)
	}
}

// FuzzSettings: each field is judged by itself, and named if and only if it is
// wrong; what passes can be stored, so it is a finite number.
func FuzzSettings(f *testing.F) {
	f.Add(int64(4), 10.0, 0.8)
	f.Add(int64(-1), math.NaN(), math.Inf(1))
	f.Add(int64(0), 0.0, -0.1)
	f.Add(int64(0), math.Inf(1), 1.0)
	f.Add(int64(0), math.SmallestNonzeroFloat64, 0.0)
	f.Fuzz(func(t *testing.T, accounts int64, drift, threshold float64) {
		s := longrun.DefaultSettings(time.Minute)
		s.ExpectedAccounts, s.DriftSec, s.InsufficientDataThreshold = accounts, drift, threshold
		text, lines := "", 0
		if err := s.Validate(); err != nil {
			text = err.Error()
			lines = strings.Count(text, "\n") + 1
		}
		wrong := 0
		for field, good := range map[string]bool{
			"expectedAccounts":          accounts >= 0,
			"driftSec":                  drift > 0 && drift <= math.MaxFloat64,
			"insufficientDataThreshold": threshold >= 0 && threshold <= 1,
		} {
			require.Equal(t, !good, strings.Contains(text, field), text)
			if !good {
				wrong++
			}
		}
		require.Equal(t, wrong, lines)
	})
}

func TestATargetIsWhole(t *testing.T) {
	t.Parallel()
	for _, target := range longrun.DefaultTargets() {
		require.NoError(t, target.Validate())
	}
	require.EqualValues(t, 216, longrun.Target{Days: 30, Percent: 99.5}.MayMiss(43_200))
	require.EqualValues(t, 215, longrun.Target{Days: 30, Percent: 99.5}.MayMiss(43_199))
	// Each percentage of four decimals is one, read from text, and no other is.
	for n := int64(10_000); n <= 999_999; n += 101 {
		percent, err := strconv.ParseFloat(strconv.FormatInt(n/10_000, 10)+"."+fmt.Sprintf("%04d", n%10_000), 64)
		require.NoError(t, err)
		target := longrun.Target{Days: 1, Percent: percent}
		require.NoError(t, target.Validate(), percent)
		require.Equal(t, 1_000_000-n, target.PerMillion(), percent)
		require.Error(t, longrun.Target{Days: 1, Percent: percent + 1e-6}.Validate(), percent)
	}
	for _, target := range []longrun.Target{{0, 99}, {-1, 99}, {3651, 99}} {
		require.ErrorContains(t, target.Validate(), "days")
	}
	for _, percent := range []float64{0, -1, 0.9999, 100, 99.99999, 101, math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.ErrorContains(t, longrun.Target{Days: 1, Percent: percent}.Validate(), "percent", percent)
	}
}

func TestTargetsAreCheckedByName(t *testing.T) {
	t.Parallel()
	s := longrun.DefaultSettings(time.Minute)
	s.Targets = []longrun.Target{{30, 99.9}, {7, 100}, {30, 99}}
	err := s.Validate()
	require.ErrorContains(t, err, "targets 1: percent 100")
	require.ErrorContains(t, err, "targets 2: days 30 has a target already")
	s.Targets = make([]longrun.Target, 11)
	require.ErrorContains(t, s.Validate(), "targets has 11 entries")
}

func TestTheTargetsInForce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stored []longrun.Target
		alert  longrun.Target
	}{
		{nil, longrun.Target{Days: 30, Percent: 99.5}},
		{[]longrun.Target{{90, 99.9}, {14, 98}, {7, 97}}, longrun.Target{Days: 14, Percent: 98}},
		{[]longrun.Target{{90, 99.9}, {60, 99}}, longrun.Target{Days: 60, Percent: 99}},
	} {
		s := longrun.Settings{Targets: c.stored}
		require.Equal(t, c.alert, s.AlertTarget())
		require.True(t, slices.IsSortedFunc(s.InForce(), func(a, b longrun.Target) int { return int(a.Days - b.Days) }))
		require.NotEmpty(t, s.InForce())
	}
}

func ExampleTarget() {
	target := longrun.Target{Days: 30, Percent: 99.5}
	fmt.Println(target.Name(), target.MayMiss(30*24*60), "minutes may be missed")
	// Output: 30d 216 minutes may be missed
}
