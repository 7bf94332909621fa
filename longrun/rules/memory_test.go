package rules_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// memoryOf is a process that uses some memory from hour to hour, with a day's curve,
// a nightly job, warm-up, a saw tooth and noise, and gains so many bytes an hour.
func memoryOf(rng *rand.Rand, started, now time.Time, gain float64) int64 {
	const mb = 1 << 20
	age := now.Sub(started).Hours()
	used := 120*mb + gain*age + 30*mb*float64(now.Hour())/24 + float64(rng.IntN(6*mb))
	used += 20 * mb * min(age, 3) / 3           // caches fill
	used += 10 * mb * (age - float64(int(age))) // between two collections
	if now.Hour() == 3 {
		used += 80 * mb
	}
	return int64(used)
}

// A leak is told before the process reaches its limit, the sooner the faster it is;
// no day's curve is one.
func TestALeakIsToldBeforeTheLimitAndADaysCurveIsNone(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	const mb = 1 << 20
	for _, c := range []struct {
		gain, limit float64 // a MB an hour, and within how many hours it is told
	}{{0, 0}, {2, 60}, {4, 40}, {8, 40}, {16, 30}, {40, 12}} {
		for seed := range uint64(10) {
			rng := rand.New(rand.NewPCG(seed, uint64(c.gain)))
			h := newHosting(0)
			began := h.in.Now
			h.in.Started = began
			leaks := began.AddDate(0, 0, 3)
			h.wrong = append(h.wrong, func(now time.Time, b *longrun.Heartbeat, _ []longrun.AccountStatus) {
				b.MemoryRSS = memoryOf(rng, began, now, 0)
				if now.After(leaks) {
					b.MemoryRSS += int64(c.gain * mb * now.Sub(leaks).Hours())
				}
			})
			h.run(3 * 24 * 60)
			require.Empty(t, h.told(), "before it leaks")
			if c.gain == 0 {
				h.run(4 * 24 * 60)
				require.Empty(t, h.told())
				continue
			}
			for h.board.State(rules.MemoryGrowth, "").Phase != rules.Firing {
				h.look()
				hours := h.in.Now.Sub(leaks).Hours()
				require.LessOrEqual(t, hours, c.limit, "%v MB an hour, seed %d", c.gain, seed)
				require.Less(t, h.in.Beat.MemoryRSS, h.in.MemoryLimit, "%v MB an hour reached the limit unnoticed", c.gain)
			}
			// A restart frees it.
			leaks = h.in.Now.AddDate(1, 0, 0)
			h.in.Memory.Forget()
			h.run(26 * 60)
			require.Equal(t, rules.Inactive, h.board.State(rules.MemoryGrowth, "").Phase)
		}
	}
}

// Without a limit nothing is said, whatever is used.
func TestWithoutALimitNoMemoryIsTooMuch(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, -1} {
		h := newHosting(0)
		h.in.MemoryLimit = limit
		h.wrong = append(h.wrong, func(now time.Time, b *longrun.Heartbeat, _ []longrun.AccountStatus) {
			b.MemoryRSS = now.Unix() * 1000
		})
		h.run(3 * 24 * 60)
		require.Empty(t, h.told())
	}
}

// Growth is told by when it reaches the limit: what takes longer than four days is no
// matter yet, however much it is of the limit in a day.
func TestGrowthThatIsFarFromTheLimitIsNotToldYet(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	h := newHosting(0)
	began := h.in.Now
	h.in.Started = began
	perDay := float64(h.in.MemoryLimit) / 20 // 5 %
	used := func(now time.Time) float64 { return 10*mb + perDay*now.Sub(began).Hours()/24 }
	h.wrong = append(h.wrong, func(now time.Time, b *longrun.Heartbeat, _ []longrun.AccountStatus) { b.MemoryRSS = int64(used(now)) })
	for h.board.State(rules.MemoryGrowth, "").Phase != rules.Firing {
		require.Less(t, h.in.Now.Sub(began), 16*24*time.Hour)
		h.look()
	}
	left := (float64(h.in.MemoryLimit) - used(h.in.Now)) / perDay
	require.InDelta(t, 4, left, 0.3, "days")
}
