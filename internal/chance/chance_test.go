package chance_test

import (
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/chance"
)

// scripted is a simulation's clock.
type scripted struct {
	clock.Clock
	says  float64
	asked *[]string
}

func (s scripted) Chance(chance.Ours) float64 { return s.says }

func (s scripted) Apart(_ chance.Ours, who, what string) { *s.asked = append(*s.asked, who+" "+what) }

func TestASimulationSaysWhatChanceIs(t *testing.T) {
	t.Parallel()
	for _, says := range []float64{0, 0.25, 0.999} {
		var asked []string
		clk := scripted{clock.New(), says, &asked}
		require.InDelta(t, says, chance.Of(clk), 0)
		require.Equal(t, time.Duration(says*float64(time.Second)), chance.Below(clk, time.Second))
		require.True(t, chance.Simulated(clk))
		chance.Apart(clk, "commit", "a")
		require.Equal(t, []string{"commit a"}, asked)
	}
}

func TestElseItIsNobodys(t *testing.T) {
	t.Parallel()
	seen := map[float64]bool{}
	for range 100 {
		d := chance.Below(clock.New(), time.Second)
		require.GreaterOrEqual(t, d, time.Duration(0))
		require.Less(t, d, time.Second)
		seen[chance.Of(nil)] = true
	}
	require.Greater(t, len(seen), 50)
	require.Zero(t, chance.Below(nil, 0))
	require.False(t, chance.Simulated(clock.New()))
	chance.Apart(clock.New(), "commit", "a")
}
