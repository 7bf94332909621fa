package tally_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tally"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func TestWhatIsCountedIsForgottenWithinTheHour(t *testing.T) {
	t.Parallel()
	var own tally.Tally
	own.Sent("1", "a", false, true, noon)
	own.StoreFailed("", true, noon)
	own.NoPhone("a", noon)
	own.Waited(3*time.Second, noon)
	own.Announced(5, true, noon)
	own.AllCame(noon)
	got := own.Traffic(noon.Add(2 * time.Minute))
	require.Equal(t, longrun.Traffic{
		Sent: 1, ToNobody: 1, LastToNobody: noon, StoreErrors: 1, StoreBroken: 1, LastStoreError: noon, NoPhone: 1, LastNoPhone: noon,
		HandlerLag: 3 * time.Second, ReplayLost: 5, LastReplayLost: noon.Add(2 * time.Minute), Unacked: 1, UnackedSince: noon,
	}, got)
	got = own.Traffic(noon.Add(62 * time.Minute))
	got.Unacked, got.UnackedSince = 0, time.Time{} // that has no end of its own
	got.ReplayLost, got.LastReplayLost = 0, time.Time{}
	require.Equal(t, longrun.Traffic{}, got)
}

// Clocks are set back and forth, by seconds and by years.
func TestAClockThatStepsHarmsNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var own tally.Tally
		now := noon
		for n := range 400 {
			switch rng.IntN(12) {
			case 0:
				now = now.AddDate(rng.IntN(200)-100, 0, 0)
			case 1:
				now = now.Add(time.Duration(rng.IntN(7200)-3600) * time.Second)
			default:
				now = now.Add(time.Duration(rng.IntN(60)) * time.Second)
			}
			id, chat := fmt.Sprint(n-rng.IntN(5)), fmt.Sprint(rng.IntN(50))
			switch rng.IntN(9) {
			case 0:
				own.Sent(id, chat, rng.IntN(9) == 0, rng.IntN(9) == 0, now)
			case 1:
				own.Acked(id, rng.IntN(2)*463, now)
			case 2:
				own.Delivered(id, rng.IntN(2) == 0, now)
			case 3:
				own.Unreadable(id, chat, now)
			case 4:
				own.Received(id, chat, rng.IntN(2) == 0, rng.IntN(2) == 0, now)
			case 5:
				own.Arrived(id, rng.IntN(2) == 0, now)
			case 6:
				own.Announced(rng.IntN(9)-4, rng.IntN(2) == 0, now)
			case 7:
				own.AllCame(now)
			case 8:
				own.StoreFailed(id, rng.IntN(2) == 0, now)
			}
			got := own.Traffic(now)
			for _, n := range []int64{got.Received, got.Sent, got.Unreadable, got.UnreadableFrom, got.Unacked, got.Undelivered, got.UndeliveredTo, got.ReplayLost, got.StoreErrors} {
				require.GreaterOrEqual(t, n, int64(0), "seed %d", seed)
				require.LessOrEqual(t, n, int64(4000), "seed %d", seed)
			}
			require.LessOrEqual(t, got.UndeliveredTo, got.Undelivered)
		}
	}
}

func TestAClockThatWasFarAheadIsForgotten(t *testing.T) {
	t.Parallel()
	var own tally.Tally
	own.Sent("1", "a", false, false, noon.AddDate(30, 0, 0))
	own.StoreFailed("", false, noon.AddDate(30, 0, 0))
	require.Zero(t, own.Traffic(noon).Sent)
	own.Sent("2", "a", false, false, noon)
	require.EqualValues(t, 1, own.Traffic(noon.Add(-time.Minute)).Sent)
	require.Zero(t, own.Traffic(noon.Add(2*time.Hour)).Sent)
}

func TestAKnownChatIsNotForgottenForStrangers(t *testing.T) {
	t.Parallel()
	var own tally.Tally
	now := noon
	for n := range 4 {
		for friend := range 5 {
			id := fmt.Sprint("f", n, friend)
			own.Sent(id, fmt.Sprint("friend", friend), false, false, now)
			own.Acked(id, 0, now)
			own.Delivered(id, true, now)
		}
	}
	for n := range 5000 { // an offer to everybody
		now = now.Add(time.Second)
		id := fmt.Sprint("s", n)
		own.Sent(id, fmt.Sprint("stranger", n), false, false, now)
		own.Acked(id, 0, now)
	}
	require.Zero(t, own.Traffic(now.Add(time.Hour)).Undelivered, "strangers prove nothing")
	for n := range 6 {
		id := fmt.Sprint("l", n)
		own.Sent(id, fmt.Sprint("friend", n%5), false, false, now)
		own.Acked(id, 0, now)
	}
	got := own.Traffic(now.Add(16 * time.Minute))
	require.EqualValues(t, 6, got.Undelivered)
	require.EqualValues(t, 5, got.UndeliveredTo)
}

func TestAMessageThatTheStoreSpoiltIsTheStoresFault(t *testing.T) {
	t.Parallel()
	var own tally.Tally
	for n := range 5 { // the client asks for it again, in vain
		own.StoreFailed("1", false, noon.Add(time.Duration(n)*time.Second))
		own.Unreadable("1", "a", noon.Add(time.Duration(n)*time.Second))
	}
	own.Unreadable("2", "a", noon)
	got := own.Traffic(noon.Add(11 * time.Minute))
	require.EqualValues(t, 1, got.Unreadable)
	require.EqualValues(t, 5, got.StoreErrors)
}

func TestAReplayCountsByWhatCanBeKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tapped bool
		come   int
		lost   int64
		gone   bool
	}{
		"all, heard": {true, 100, 0, false}, "one lost, heard": {true, 99, 1, false},
		"one lost, not heard": {false, 99, 0, false}, "six lost, not heard": {false, 94, 6, false}, "three lost, not heard": {false, 97, 0, false},
		"the line broke":               {true, 10, 0, true},
		"live ones came beside, heard": {true, 98, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var own tally.Tally
			own.Announced(100, c.tapped, noon)
			require.Equal(t, noon, own.Replaying())
			for n := range c.come {
				if c.tapped {
					own.Arrived(fmt.Sprint(n), true, noon)
				}
				own.Received(fmt.Sprint(n), "a", true, false, noon)
			}
			for n := range 5 {
				if c.tapped {
					own.Arrived(fmt.Sprint("live", n), false, noon)
				}
			}
			if c.gone {
				own.Gone()
			}
			own.AllCame(noon)
			require.Zero(t, own.Replaying())
			require.Zero(t, own.Traffic(noon.Add(59*time.Second)).ReplayLost, "a full queue brings the last ones later")
			require.Equal(t, c.lost, own.Traffic(noon.Add(time.Minute)).ReplayLost)
		})
	}
}

func TestATallyIsSmall(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(tally.Tally{}), uintptr(1600))
}

// BenchmarkTally is a message that is sent, its ack, its receipt, and one that comes,
// in turn.
func BenchmarkTally(b *testing.B) {
	own := make([]tally.Tally, 200)
	ids := make([]string, 1024)
	for i := range ids {
		ids[i] = fmt.Sprintf("3EB0%016X", i)
	}
	now, n := noon, 0
	b.ReportAllocs()
	for b.Loop() {
		one, id := &own[n%len(own)], ids[n/4%len(ids)]
		switch n % 4 {
		case 0:
			one.Sent(id, id[10:], false, false, now)
		case 1:
			one.Acked(id, 0, now)
		case 2:
			one.Delivered(id, true, now)
		case 3:
			one.Received(id, id[9:], true, false, now)
		}
		if n++; n%800 == 0 {
			now = now.Add(time.Second)
		}
	}
}

// An account that writes seldom is seen to reach nobody, too: what its chats learn of
// it waits until it is known whose fault it is.
func TestWhatReachesNobodyIsSeenHoweverSlowlyItIsSent(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{time.Second, 4 * time.Minute, 20 * time.Minute, 2 * time.Hour} {
		var own tally.Tally
		now, n := noon, 0
		send := func(arrives bool) {
			n++
			own.Sent(fmt.Sprint(n), fmt.Sprint("chat", n%4), false, false, now)
			own.Acked(fmt.Sprint(n), 0, now)
			if arrives {
				own.Delivered(fmt.Sprint(n), true, now.Add(time.Second))
			}
			now = now.Add(every)
		}
		for range 16 {
			send(true)
		}
		first := now
		for range 8 {
			send(false)
		}
		got := own.Traffic(now.Add(15 * time.Minute))
		require.EqualValues(t, 8, got.Undelivered, "%v", every)
		require.EqualValues(t, 4, got.UndeliveredTo)
		require.Equal(t, first, got.UndeliveredSince)
		now = now.Add(15 * time.Minute)
		send(true)
		require.Zero(t, own.Traffic(now).Undelivered)

		// One that answers no longer, while the others do, is not relied on.
		for range 8 {
			own.Sent(fmt.Sprint("one", now), "chat0", false, false, now)
			own.Acked(fmt.Sprint("one", now), 0, now)
			own.Sent(fmt.Sprint("other", now), "chat1", false, false, now.Add(time.Second))
			own.Delivered(fmt.Sprint("other", now), true, now.Add(2*time.Second))
			now = now.Add(20 * time.Minute)
		}
		for n := range 8 {
			own.Sent(fmt.Sprint("last", n), "chat0", false, false, now)
			own.Acked(fmt.Sprint("last", n), 0, now)
		}
		require.Zero(t, own.Traffic(now.Add(15*time.Minute)).Undelivered)
	}
}

// Two that are under way when a clock is set back are not late for it, and neither do
// they hide that the next ones are.
func TestAClockThatIsSetBackMakesNothingLate(t *testing.T) {
	t.Parallel()
	for _, back := range []time.Duration{time.Second, time.Hour} {
		var own tally.Tally
		own.Sent("1", "a", false, false, noon)
		own.Sent("2", "a", false, false, noon)
		then := noon.Add(-back)
		require.Zero(t, own.Traffic(then).Unacked)
		own.Sent("3", "a", false, false, then)
		own.Sent("4", "a", false, false, then)
		require.Zero(t, own.Traffic(then.Add(59*time.Second)).Unacked)
		require.GreaterOrEqual(t, own.Traffic(then.Add(60*time.Second)).Unacked, int64(2))
	}
}
