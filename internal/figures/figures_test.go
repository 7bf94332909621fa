package figures_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/figures"
)

func TestAPercentageIsCutAndNeverRoundedUp(t *testing.T) {
	t.Parallel()
	for want, of := range map[string][2]int{
		"–":        {0, 0},
		"100 %":    {1440, 1440},
		"99.999 %": {9_999_999, 10_000_000},
		"98.9 %":   {98_999, 100_000},
		"0.0 %":    {0, 3},
	} {
		require.Equal(t, want, figures.Percent(of[0], of[1]))
	}
	require.Equal(t, "99.5 %", figures.Share(0.995))
}

func TestALengthIsShownByItsTwoLargestUnits(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0 s":       0,
		"59 s":      59 * time.Second,
		"3 min":     3 * time.Minute,
		"1 h 1 min": time.Hour + time.Minute + time.Second,
		"2 d 4 h":   52 * time.Hour,
	} {
		require.Equal(t, want, figures.Length(d))
	}
	half := 0.5
	require.Equal(t, "0.5 s", figures.Span(&half))
	require.Equal(t, "–", figures.Span(nil))
	require.Equal(t, "0.5", figures.Millis(&half))
}

func TestACountHasACommaAfterEachThreeDigits(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]int64{"0": 0, "999": 999, "1,000": 1000, "-12,345,678": -12_345_678} {
		require.Equal(t, want, figures.Count(n))
	}
	require.Equal(t, "1 slot", figures.Plural(1, "slot"))
	require.Equal(t, "1,440 slots", figures.Plural(1440, "slot"))
}
