package longrun_test

import (
	"math"
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
