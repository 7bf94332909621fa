package silence_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/silence"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// office has a message in each minute from 9 to 17 of working days, for some weeks from
// monday on, and is asked in each minute of all hours.
func office(w *silence.Watch, weeks int) (end time.Time) {
	now := monday
	for range weeks * 7 * 24 * 60 {
		if day := now.Weekday(); now.Hour() >= 9 && now.Hour() < 17 && day != time.Saturday && day != time.Sunday {
			w.Heard(now.Add(7 * time.Second))
		}
		now = now.Add(time.Minute)
		if since, _ := w.Wants(now); !since.IsZero() {
			w.Probed(now)
		}
	}
	return now
}

// An account that has a message in each minute of the day is missed within minutes,
// in the night only with the hour.
func TestASilenceIsAsLongAsTheHourHasIt(t *testing.T) {
	t.Parallel()
	for hour, want := range map[int]struct {
		within time.Duration
		reason string
	}{11: {13 * time.Minute, silence.Silent}, 3: {57 * time.Minute, silence.Idle}} {
		w := silence.New(1, monday)
		now := office(w, 2).Add(time.Duration(hour) * time.Hour)
		for at := now.Add(-time.Duration(hour) * time.Hour); at.Before(now); at = at.Add(time.Minute) {
			if at.Hour() >= 9 {
				w.Heard(at)
			} else if since, _ := w.Wants(at); !since.IsZero() {
				w.Probed(at)
			}
		}
		w.Heard(now)
		for at := now; ; at = at.Add(time.Second) {
			since, reason := w.Wants(at)
			if since.IsZero() {
				continue
			}
			require.Equal(t, want.reason, reason)
			require.True(t, now.Equal(since))
			require.GreaterOrEqual(t, at.Sub(now), 3*time.Minute)
			require.LessOrEqual(t, at.Sub(now), want.within)
			again, same := w.Wants(at.Add(5 * time.Second))
			require.Equal(t, since, again, "one wish")
			require.Equal(t, reason, same)
			w.Probed(at.Add(10 * time.Second))
			since, _ = w.Wants(at.Add(11 * time.Second))
			require.Zero(t, since)
			break
		}
	}
}

func TestAConnectIsProbedOnceInTenMinutes(t *testing.T) {
	t.Parallel()
	dues := map[time.Duration]bool{}
	for seed := range uint64(50) {
		w := silence.New(seed, monday)
		w.Connected(monday)
		w.Connected(monday.Add(20 * time.Second))
		at := monday
		for ; ; at = at.Add(time.Second) {
			if since, reason := w.Wants(at); !since.IsZero() {
				require.Equal(t, silence.Connected, reason)
				require.True(t, since.Equal(monday))
				break
			}
		}
		due := at.Sub(monday)
		require.GreaterOrEqual(t, due, 30*time.Second)
		require.LessOrEqual(t, due, 150*time.Second)
		dues[due] = true
		w.Probed(at)
		w.Connected(monday.Add(9 * time.Minute))
		since, _ := w.Wants(monday.Add(12 * time.Minute))
		require.Zero(t, since)
		w.Connected(monday.Add(13 * time.Minute))
		since, _ = w.Wants(monday.Add(16 * time.Minute))
		require.NotZero(t, since)
	}
	require.Greater(t, len(dues), 25, "not all together")
}

func TestAHintIsProbedAndForgotten(t *testing.T) {
	t.Parallel()
	w := silence.New(1, monday)
	w.Hint(silence.NoAck, monday.Add(time.Minute))
	w.Hint(silence.Undelivered, monday.Add(2*time.Minute))
	since, reason := w.Wants(monday.Add(3 * time.Minute))
	require.True(t, since.Equal(monday.Add(time.Minute)))
	require.Equal(t, silence.NoAck, reason)
	w.Heard(monday.Add(4 * time.Minute))
	_, reason = w.Wants(monday.Add(4 * time.Minute))
	require.Equal(t, silence.NoAck, reason, "a message that comes in says nothing of those that go out")
	w.Probed(monday.Add(5 * time.Minute))
	since, _ = w.Wants(monday.Add(5 * time.Minute))
	require.Zero(t, since)
	w.Hint(silence.Replay, monday.Add(6*time.Minute))
	w.Heard(monday.Add(65 * time.Minute))
	since, _ = w.Wants(monday.Add(66 * time.Minute))
	require.Zero(t, since, "for an hour")
}

// A week of nothing forgets the old rates; nothing is learnt of hours in which nobody
// watched; a clock that is set ahead or back leaves no silence behind.
func TestTimesThatNobodySaw(t *testing.T) {
	t.Parallel()
	w := silence.New(1, monday)
	now := office(w, 2)
	before := w.Snapshot()
	require.Equal(t, byte(240), before.Rates[(monday.Unix()/3600+10)%168])

	now = now.Add(30 * 24 * time.Hour) // it slept, or the clock was set
	since, _ := w.Wants(now)
	require.Zero(t, since)
	require.Equal(t, before, w.Snapshot())
	now = now.Add(-40 * 24 * time.Hour)
	since, _ = w.Wants(now)
	require.Zero(t, since)
	since, _ = w.Wants(now.Add(2 * time.Minute))
	require.Zero(t, since)
	since, _ = w.Wants(now.Add(58 * time.Minute))
	require.NotZero(t, since)
	require.Equal(t, before, w.Snapshot())

	for range 6 * 7 * 24 * 60 {
		now = now.Add(time.Minute)
		if since, _ := w.Wants(now); !since.IsZero() {
			w.Probed(now)
		}
	}
	require.Less(t, w.Snapshot().Rates[(monday.Unix()/3600+10)%168], byte(40), "six weeks of nothing")
}

func TestARestartKeepsWhatWasLearnt(t *testing.T) {
	t.Parallel()
	w := silence.New(1, monday)
	now := office(w, 2)
	w.Connected(now)
	text, err := json.Marshal(w.Snapshot())
	require.NoError(t, err)
	require.Less(t, len(text), 400)
	var s silence.Snapshot
	require.NoError(t, json.Unmarshal(text, &s))
	next := silence.New(2, now.Add(3*time.Hour))
	next.Restore(s, now.Add(3*time.Hour))
	kept := next.Snapshot()
	require.Equal(t, w.Snapshot().Rates, kept.Rates)
	require.InDelta(t, w.Snapshot().Quantile, kept.Quantile, 0)
	since, _ := next.Wants(now.Add(3*time.Hour + time.Second))
	require.Zero(t, since, "the time away is no silence")

	// What makes no sense changes nothing.
	nan := float32(math.NaN())
	for _, bad := range []silence.Snapshot{{}, {Rates: []byte{1}, Quantile: nan}, {Quantile: -1, LastJoin: now.Add(1000 * time.Hour)}, {Quantile: 1e9}} {
		fresh := silence.New(1, now)
		fresh.Restore(bad, now)
		require.Equal(t, silence.New(1, now).Snapshot(), fresh.Snapshot())
	}
}

// FuzzWatch: whatever is told in whatever order and time, the rates and the quantile
// stay in their bounds, a wish lies not in the future, and nothing panics.
func FuzzWatch(f *testing.F) {
	f.Add(uint64(1), 100)
	f.Add(uint64(7), 5000)
	f.Fuzz(func(t *testing.T, seed uint64, n int) {
		rng := rand.New(rand.NewPCG(seed, 1))
		now := monday
		w := silence.New(seed, now)
		for range min(max(n, 0), 5000) {
			switch rng.IntN(40) {
			case 0:
				now = now.Add(time.Duration(rng.Int64N(int64(300*time.Hour))) - 150*time.Hour)
			case 1:
				now = now.Add(time.Duration(rng.Int64N(int64(3 * time.Hour))))
			default:
				now = now.Add(time.Duration(rng.Int64N(int64(2 * time.Minute))))
			}
			switch rng.IntN(8) {
			case 0, 1, 2:
				w.Heard(now)
			case 3:
				w.Connected(now)
			case 4:
				w.Probed(now)
			case 5:
				w.Hint(silence.Replay, now)
			case 6:
				s := w.Snapshot()
				w = silence.New(seed, now)
				w.Restore(s, now)
			default:
				since, reason := w.Wants(now)
				require.False(t, since.After(now), reason)
				require.Equal(t, since.IsZero(), reason == "")
			}
			s := w.Snapshot()
			require.True(t, s.Quantile >= 3 && s.Quantile <= 12)
			for _, r := range s.Rates {
				require.True(t, r <= 240 || r == 255)
			}
		}
	})
}

// It is small, and telling it costs nothing.
func TestAWatchIsSmall(t *testing.T) { //nolint:paralleltest // it counts
	w := silence.New(1, monday)
	require.Less(t, unsafe.Sizeof(*w), uintptr(1536))
	now := office(w, 1)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		now = now.Add(10 * time.Second)
		w.Heard(now)
		w.Connected(now)
		w.Hint(silence.NoAck, now)
		w.Probed(now)
		_, _ = w.Wants(now)
	}))
}

func BenchmarkHeard(b *testing.B) {
	w := silence.New(1, monday)
	now := monday
	for b.Loop() {
		now = now.Add(7 * time.Second)
		w.Heard(now)
	}
}

func BenchmarkWants(b *testing.B) {
	w := silence.New(1, monday)
	now := monday
	for b.Loop() {
		now = now.Add(7 * time.Second)
		_, _ = w.Wants(now)
	}
}

// What was expected before a clock was set back makes no short silence a long one.
func TestNoSilenceOfLessThanThreeMinutesIsProbed(t *testing.T) {
	t.Parallel()
	full := silence.Snapshot{Rates: make([]byte, 168), Quantile: 3}
	for i := range full.Rates {
		full.Rates[i] = 240
	}
	w := silence.New(1, monday)
	now := monday.Add(10 * time.Hour)
	w.Restore(full, now)
	w.Heard(now)
	now = now.Add(170 * time.Second)
	since, _ := w.Wants(now)
	require.Zero(t, since)
	now = now.Add(-10 * time.Minute)
	for range 17 {
		since, _ = w.Wants(now)
		require.Zero(t, since)
		now = now.Add(10 * time.Second)
	}
	_, reason := w.Wants(now.Add(10 * time.Second))
	require.Equal(t, silence.Silent, reason)
}
