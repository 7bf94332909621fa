package tally

import "time"

// Arrived takes a message that came, before the client looked at it, and whether it
// waited while the account was away.
func (t *Tally) Arrived(id string, waited bool, now time.Time) {
	t.Turn(now)
	t.replay.arrived(waited)
	if !waited {
		t.arrivals.put(event{of: Hash(id), who: uint32(now.UnixMilli()), at: second(now)}) //nolint:gosec // it is compared modulo 2^32
	}
}

// handled measures how long a message waited for the host, from when it arrived.
func (t *Tally) handled(id uint32, now time.Time) {
	if e, ok := t.arrivals.take(id); ok {
		t.hour.waited(time.Duration(uint32(now.UnixMilli())-e.who) * time.Millisecond) //nolint:gosec // modulo 2^32
	}
}

// Received takes a message that the client shows: of which chat, whether it counts as
// somebody's, and whether it was brought again. What a probe or another device of the
// account wrote counts as nobody's.
func (t *Tally) Received(id, chat string, foreign, again bool, now time.Time) {
	t.Turn(now)
	key := Hash(id)
	t.handled(key, now)
	_, waited := t.unread.take(key)
	if waited || again {
		t.hour.add(recovered, 1)
	}
	t.replay.shown()
	if !foreign {
		if waited { // nobody could know that it was nobody's
			t.hour.takeBack(received)
		}
		return
	}
	if !waited { // then it was counted before
		t.hour.add(received, 1)
	}
	s := second(now)
	c := t.chats.of(Hash(chat), true)
	c.seen, c.wrote = s, s
}

// Unreadable takes a message that the client could not read, however often it says so.
func (t *Tally) Unreadable(id, sender string, now time.Time) {
	t.Turn(now)
	key := Hash(id)
	t.handled(key, now)
	if t.unread.has(key) || t.lost.has(key) {
		return
	}
	t.replay.shown()
	t.hour.add(received, 1)
	if _, ours := t.spared.take(key); ours {
		return
	}
	if oldest := t.unread.put(event{of: key, who: Hash(sender), at: second(now)}); oldest.at != 0 {
		t.giveUp(oldest)
	}
}
