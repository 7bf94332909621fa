package longrun_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestASlotHoldsItsBeatsAndNoOthers(t *testing.T) {
	t.Parallel()
	for _, interval := range drawtest.Intervals() {
		for _, origin := range drawtest.Origins() {
			for _, off := range []time.Duration{0, 1, -1, interval - 1, interval, -interval, 500 * interval / 3} {
				checkSlot(t, origin.Add(off), interval)
			}
		}
	}
}

func checkSlot(t *testing.T, at time.Time, interval time.Duration) {
	t.Helper()
	s := longrun.SlotAt(at, interval)
	start := s.Start(interval)
	require.Equal(t, drawtest.SlotStart(at, interval), start, "%v %v", at, interval)
	require.Equal(t, time.UTC, start.Location())
	require.Equal(t, s, longrun.SlotAt(start, interval))
	require.Equal(t, s, longrun.SlotAt(start.Add(interval-1), interval))
	require.Equal(t, s-1, longrun.SlotAt(start.Add(-1), interval))
	require.Equal(t, start.Add(interval), (s + 1).Start(interval))
	if y := start.Year(); y >= 0 && y <= 9999 {
		parsed, err := longrun.ParseSlotID(s.ID(interval))
		require.NoError(t, err)
		require.Equal(t, start, parsed)
	}
}

func FuzzSlot(f *testing.F) {
	f.Add(int64(1767049650), int64(205_000_000), uint8(0))
	f.Add(int64(-1), int64(999_999_999), uint8(2))
	f.Add(int64(253402300799), int64(0), uint8(3))
	f.Fuzz(func(t *testing.T, sec, ns int64, which uint8) {
		// time.Time itself ends somewhere; ten thousand years are enough.
		sec %= 253402300800
		checkSlot(t, time.Unix(sec, ns%1e9), drawtest.Intervals()[int(which)%len(drawtest.Intervals())])
	})
}

func TestASlotIDIsWrittenOneWayOnly(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", "2025-12-29", "2025-12-29T23:07:00", "2025-12-29T23-07-00Z", "2025-12-29T23-07-00.000",
		"2025-12-29T22-14-29-929Z", "2025-12-29t23-07-00", " 2025-12-29T23-07-00", "2025-12-29T24-00-00",
		"2025-02-29T00-00-00", "2025-12-29T23-07-60", "25-12-29T23-07-00", "2025-12-29T23-07-0", "2025-12-29T23-07-00,5",
	} {
		_, err := longrun.ParseSlotID(id)
		require.ErrorContains(t, err, "is no slot ID", id)
	}
}

func FuzzParseSlotID(f *testing.F) {
	f.Add("2025-12-29T23-07-00")
	f.Add("2025-12-29T23-07-00.5")
	f.Fuzz(func(t *testing.T, id string) {
		start, err := longrun.ParseSlotID(id)
		if err == nil {
			require.Equal(t, id, longrun.SlotAt(start, time.Second).ID(time.Second))
		}
	})
}

func TestAnIntervalIsWholeSecondsAndDividesADay(t *testing.T) {
	t.Parallel()
	valid, divisors := 0, divisorsOfADay()
	for sec := range 90_000 {
		interval := time.Duration(sec) * time.Second
		divides := slices.Contains(divisors, sec)
		if divides != (longrun.ValidateInterval(interval) == nil) {
			require.Fail(t, "a wrong answer", "%v", interval)
		}
		if divides {
			valid++
		}
	}
	require.Equal(t, 96, valid) // 86,400 = 2⁷·3³·5²
	for interval, why := range map[time.Duration]string{
		0: "under one second", -time.Minute: "under one second", time.Second - 1: "under one second",
		1500 * time.Millisecond: "not whole seconds", time.Minute + 1: "not whole seconds",
		7 * time.Minute: "does not divide a day", 48 * time.Hour: "does not divide a day",
		math.MaxInt64: "not whole seconds", math.MinInt64: "under one second",
	} {
		require.ErrorContains(t, longrun.ValidateInterval(interval), why)
	}
}

// divisorsOfADay are the products of the powers of 2, 3 and 5.
func divisorsOfADay() (all []int) {
	for a := 1; a <= 128; a *= 2 {
		for b := 1; b <= 27; b *= 3 {
			for c := 1; c <= 25; c *= 5 {
				all = append(all, a*b*c)
			}
		}
	}
	return all
}

// FuzzBeat: what a beat says of its time agrees with itself, to the microsecond
// that a store keeps.
func FuzzBeat(f *testing.F) {
	f.Add(int64(1767049650), int64(205_000_999), uint8(0))
	for i := range 200 {
		f.Add(int64(i-100)*987_654_321, int64(i)*7_777_777, uint8(i))
	}
	f.Fuzz(func(t *testing.T, sec, ns int64, which uint8) {
		now, interval := time.Unix(sec%253402300800, ns%1e9).In(time.FixedZone("", 7200)), drawtest.Intervals()[int(which)%len(drawtest.Intervals())]
		h := longrun.Beat(now, interval)
		require.Equal(t, time.UTC, h.TS.Location())
		require.False(t, h.TS.After(now))
		require.Less(t, now.Sub(h.TS), time.Microsecond)
		require.Zero(t, h.TS.Nanosecond()%1000)
		require.Equal(t, h.Slot(interval).ID(interval), h.BucketID)
		require.Equal(t, longrun.SlotAt(now, interval), h.Slot(interval))
		require.GreaterOrEqual(t, h.DriftSec, 0.0)
		require.Less(t, h.DriftSec, interval.Seconds())
		require.Equal(t, h.TS.Sub(h.Slot(interval).Start(interval)).Microseconds(), int64(math.Round(h.DriftSec*1e6)))
		require.Equal(t, int64(interval/time.Second), h.ExpectedIntervalSec)
		h.UptimeSec = 90
		require.Equal(t, 90*time.Second, h.TS.Sub(h.Started()))
	})
}
