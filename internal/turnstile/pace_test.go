package turnstile_test

import (
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/turnstile"
)

// FuzzPace holds a pace against the list of all that it let through.
func FuzzPace(f *testing.F) {
	f.Add([]byte{0, 1, 1, 10, 60, 60, 1, 0, 0, 200})
	f.Add([]byte{10, 10, 10, 10, 10, 10, 10, 10, 255, 255, 255, 10, 1})
	f.Fuzz(func(t *testing.T, steps []byte) {
		clk := clock.NewMock()
		rates := []turnstile.Rate{{N: 1, Per: 10 * time.Second}, {N: 4, Per: 3 * time.Minute}}
		p := turnstile.NewPace(clk, rates...)
		var done []time.Time
		may := func(at time.Time) bool {
			for _, r := range rates {
				n := 0
				for _, d := range done {
					if d.After(at.Add(-r.Per)) {
						n++
					}
				}
				if n >= r.N {
					return false
				}
			}
			return true
		}
		for _, step := range steps[:min(len(steps), 100)] {
			clk.Add(time.Duration(step) * time.Second)
			now := clk.Now()
			wait := p.Take()
			require.Equal(t, may(now), wait == 0)
			if wait == 0 {
				done = append(done, now)
				continue
			}
			require.False(t, may(now.Add(wait-time.Nanosecond)), "no sooner")
			require.True(t, may(now.Add(wait)), "and then")
		}
	})
}

func TestAClockThatWasSetBackKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	clk := clock.NewMock()
	clk.Set(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC))
	p := turnstile.NewPace(clk, turnstile.Rate{N: 1, Per: time.Hour})
	require.Zero(t, p.Take())
	clk.Set(time.Date(2024, 12, 29, 0, 0, 0, 0, time.UTC))
	require.Zero(t, p.Take())
	require.Equal(t, time.Hour, p.Take())
}
