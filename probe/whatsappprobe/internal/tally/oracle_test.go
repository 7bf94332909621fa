package tally_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tally"
)

// book is the oracle: it forgets nothing, and counts anew each time.
type book struct {
	sends  []*sendNote
	unread []*readNote
	counts map[string][]time.Time
	turned time.Time
}

type sendNote struct {
	id, chat        string
	at              time.Time
	acked, reliable bool
	delivered       time.Time
	settled         time.Time // when its chat learnt of it, or is not to
	counts, got     bool      // whether the chat did, and what
}

type readNote struct {
	id, sender string
	at         time.Time
	brought    bool
}

// reliable is what a chat is by all that it learnt, oldest first.
func (b *book) reliable(chat string) bool {
	share, n := 0.0, 0
	settled := slices.Clone(b.sends)
	slices.SortStableFunc(settled, func(x, y *sendNote) int { return x.settled.Compare(y.settled) })
	for _, s := range settled {
		if s.chat != chat || !s.counts {
			continue
		}
		got := 0.0
		if s.got {
			got = 1
		}
		if n++; n == 1 {
			share = got
		} else {
			share = 0.75*share + 0.25*got
		}
	}
	return n >= 3 && share >= 0.8
}

// turn settles what is to be settled by now: what nobody got counts against its chat
// once a message was delivered that was sent then or later.
func (b *book) turn(now time.Time) {
	if now.Equal(b.turned) {
		return
	}
	b.turned = now
	var proven time.Time
	for _, s := range b.sends {
		if !s.delivered.IsZero() && s.at.After(proven) {
			proven = s.at
		}
	}
	for _, s := range b.sends {
		missed := s.acked && s.delivered.IsZero()
		if s.settled.IsZero() && !now.Before(s.at.Add(15*time.Minute)) && (!missed || !proven.Before(s.at)) {
			s.settled, s.counts = now, missed
		}
	}
}

// deliver takes a receipt.
func (s *sendNote) deliver(now time.Time) {
	if !s.delivered.IsZero() {
		return
	}
	s.delivered = now
	if s.settled.IsZero() {
		s.settled, s.counts, s.got = now, true, true
	}
}

func (b *book) traffic(now time.Time) (out longrun.Traffic) {
	b.turn(now)
	for _, s := range slices.Backward(b.sends) {
		if s.acked || !s.delivered.IsZero() {
			break
		}
		if now.Sub(s.at) >= time.Minute {
			out.Unacked++
			out.UnackedSince = s.at
		}
	}
	chats := map[string]bool{}
	for _, s := range slices.Backward(b.sends) {
		if !s.delivered.IsZero() {
			break
		}
		if s.reliable && s.acked && now.Sub(s.at) >= 15*time.Minute {
			out.Undelivered++
			out.UndeliveredSince = s.at
			chats[s.chat] = true
		}
	}
	out.UndeliveredTo = int64(len(chats))
	senders := map[string]bool{}
	for _, r := range b.unread {
		if age := now.Sub(r.at); !r.brought && age >= 10*time.Minute && age < 65*time.Minute {
			senders[r.sender] = true
		}
	}
	out.UnreadableFrom = int64(len(senders))
	return out
}

func (b *book) between(what string, now time.Time, from, to time.Duration) (n int64) {
	for _, at := range b.counts[what] {
		if age := now.Sub(at); age >= from && age <= to {
			n++
		}
	}
	return n
}

// What a Tally says is what the book says, as long as its memory suffices, whatever
// comes in whatever order.
func TestATallyAgreesWithABookThatForgetsNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var own tally.Tally
		b := &book{counts: map[string][]time.Time{}}
		now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC).Add(time.Duration(rng.IntN(3600)) * time.Second)
		next := 0
		for range 250 {
			now = now.Add(time.Duration(rng.IntN([]int{5, 60, 600, 1800}[rng.IntN(4)])) * time.Second)
			b.turn(now)
			// Only what both remember is asked for.
			recent := b.sends[max(0, len(b.sends)-25):]
			switch what := rng.IntN(10); {
			case what < 4:
				next++
				s := &sendNote{id: fmt.Sprint(next), chat: fmt.Sprint("chat", rng.IntN(5)), at: now}
				s.reliable = b.reliable(s.chat)
				b.sends = append(b.sends, s)
				b.counts["sent"] = append(b.counts["sent"], now)
				own.Sent(s.id, s.chat, false, false, now)
			case what < 6 && len(recent) > 0:
				s := recent[rng.IntN(len(recent))]
				s.acked = true
				own.Acked(s.id, 0, now)
			case what < 8 && len(recent) > 0:
				s := recent[rng.IntN(len(recent))]
				s.deliver(now)
				own.Delivered(s.id, true, now)
			case what < 9:
				next++
				r := &readNote{id: fmt.Sprint(next), sender: fmt.Sprint("sender", rng.IntN(3)), at: now}
				if len(b.unread) == 0 || now.Sub(b.unread[max(0, len(b.unread)-12)].at) > 80*time.Minute || len(b.unread) < 12 {
					b.unread = append(b.unread, r)
					own.Unreadable(r.id, r.sender, now)
					b.counts["received"] = append(b.counts["received"], now)
				}
			case len(b.unread) > 0:
				r := b.unread[len(b.unread)-1]
				if !r.brought && now.Sub(r.at) < 10*time.Minute {
					r.brought = true
					own.Received(r.id, "chat0", true, true, now)
				}
			}
			want, got := b.traffic(now), own.Traffic(now)
			require.Equal(t, []any{want.Unacked, want.Undelivered, want.UndeliveredTo}, []any{got.Unacked, got.Undelivered, got.UndeliveredTo}, "seed %d at %v", seed, now)
			require.WithinDuration(t, want.UnackedSince, got.UnackedSince, time.Second, "seed %d", seed)
			require.WithinDuration(t, want.UndeliveredSince, got.UndeliveredSince, time.Second, "seed %d", seed)
			if got.Unreadable > 0 {
				require.LessOrEqual(t, got.UnreadableFrom, int64(3))
			}
			for what, n := range map[string]int64{"sent": got.Sent, "received": got.Received} {
				require.GreaterOrEqual(t, n, b.between(what, now, 0, 55*time.Minute), "seed %d: %s", seed, what)
				require.LessOrEqual(t, n, b.between(what, now, 0, time.Hour), "seed %d: %s", seed, what)
			}
		}
	}
}
