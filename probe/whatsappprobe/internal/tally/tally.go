package tally

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// broughtIn is how long a message that could not be read may take to be brought again.
const broughtIn = 10 * minute

// Tally counts one account's messages. Its zero value is ready.
type Tally struct {
	hour       hourly
	sends      sends
	chats      chats
	unread     recent // messages that could not be read, and may be brought again; who: the sender
	lost       recent // those that were not; who: the sender
	spared     recent // those that could not be read for the store's fault
	arrivals   recent // messages that came and were not handled yet; who: milliseconds
	phoneless  recent // chats whose phone got no copy
	refused    recent // strangers that could not be written to; who: the chat
	replay     replay
	proven     uint32 // when the newest message was sent that was delivered
	turned     uint32 // the second in which time passed last
	lastNobody uint32
	lastLost   uint32
	lastStore  uint32
}

// Turn has time pass: what was to be by now, and is not, counts. Call it before
// anything else is told, and before Traffic.
func (t *Tally) Turn(now time.Time) {
	t.hour.turn(now)
	t.endReplay(now)
	s := second(now)
	if s == t.turned {
		return
	}
	t.turned = s
	for i, e := range t.unread.events {
		if e.at != 0 && (s < e.at && e.at-s > broughtIn || s >= e.at && s-e.at >= broughtIn) {
			t.unread.events[i] = event{}
			t.giveUp(e)
		}
	}
	for i := range t.sends.ids {
		if t.sends.ids[i] != 0 && t.sends.states[i]&settled == 0 && s >= t.sends.at[i] && s-t.sends.at[i] >= unanswered && t.told(i) {
			t.settle(i, s)
		}
	}
}

// told reports whether it is known what became of a message. One that reached nobody is
// its chat's doing if a later one was delivered; until then it may be the account's.
func (t *Tally) told(i int) bool {
	return t.sends.states[i]&(acked|delivered) != acked || t.proven >= t.sends.at[i]
}

// giveUp counts a message that was never brought.
func (t *Tally) giveUp(e event) {
	t.hour.add(unreadable, 1)
	t.lost.put(e)
}

// settle has a chat learn what became of a message: nothing, or nothing from its phone.
func (t *Tally) settle(i int, now uint32) {
	t.sends.states[i] |= settled
	c := t.chats.of(t.sends.chats[i], false)
	if c == nil {
		return
	}
	state := t.sends.states[i]
	if state&delivered == 0 {
		if state&acked != 0 { // or it is the account's own fault
			c.answered(false)
		}
		return
	}
	if state&companion == 0 || !c.hasPhone || state&group != 0 {
		return
	}
	if c.missed == 0 {
		c.silent = t.sends.at[i]
	}
	c.missed = min(c.missed, 254) + 1
	if c.missed >= silentSends && now-c.silent >= silentFor {
		t.noPhone(c.key, now)
	}
}

// Sent takes a message that went out.
func (t *Tally) Sent(id, chat string, toGroup, nobody bool, now time.Time) {
	t.Turn(now)
	t.hour.add(sent, 1)
	s, key := second(now), Hash(chat)
	c := t.chats.of(key, true)
	c.seen = s
	state := uint8(0)
	if c.reliable() && !nobody {
		state |= reliable
	}
	if toGroup {
		state |= group
	}
	if nobody {
		t.hour.add(toNobody, 1)
		t.lastNobody = s
	}
	t.sends.put(Hash(id), key, s, state)
}

// Acked takes the server's answer to a message, 0 for yes, and returns whether it is
// that the account may not write to strangers, and the chat one that knows it.
func (t *Tally) Acked(id string, code int, now time.Time) (stranger, known bool) {
	t.Turn(now)
	i := t.sends.find(Hash(id))
	if i < 0 {
		return code == notToStrangers, false
	}
	t.sends.states[i] |= acked
	if code == 0 {
		return false, false
	}
	t.sends.states[i] |= settled // it was refused, and nobody is to answer
	t.sends.states[i] &^= reliable
	if code != notToStrangers {
		return false, false
	}
	s := second(now)
	t.refused.put(event{of: t.sends.ids[i], who: t.sends.chats[i], at: s})
	c := t.chats.of(t.sends.chats[i], false)
	return true, c != nil && within(c.wrote, s, day)
}

// notToStrangers is the server's refusal of a message to somebody who never wrote.
const notToStrangers = 463

// Refusals returns how many strangers could not be written to in a day, and when last.
func (t *Tally) Refusals(now time.Time) (chats int64, last time.Time) {
	n, _, at := t.refused.people(second(now), day)
	return n, moment(at)
}

// Delivered takes the receipt of one of a chat's devices, its phone or another.
func (t *Tally) Delivered(id string, phone bool, now time.Time) {
	t.Turn(now)
	i := t.sends.find(Hash(id))
	if i < 0 {
		return
	}
	s, c := second(now), t.chats.of(t.sends.chats[i], false)
	if t.sends.states[i]&delivered == 0 {
		t.sends.states[i] |= delivered
		t.proven = max(t.proven, t.sends.at[i])
		if c != nil && t.sends.states[i]&settled == 0 {
			c.answered(true)
		}
		if !phone {
			t.sends.states[i] |= companion
		}
	}
	if phone {
		t.sends.states[i] = t.sends.states[i]&^companion | settled
		if c != nil {
			c.hasPhone, c.missed, c.silent = true, 0, 0
		}
	}
	if c != nil {
		c.seen = max(c.seen, s)
	}
}

// NoPhone takes that a chat's phone got no copy.
func (t *Tally) NoPhone(chat string, now time.Time) {
	t.Turn(now)
	t.noPhone(Hash(chat), second(now))
}

func (t *Tally) noPhone(key, now uint32) { t.phoneless.put(event{of: key, who: key, at: now}) }

// StoreFailed takes that the client's own store refused a call, and which message could
// not be read for it, if one could not.
func (t *Tally) StoreFailed(id string, broken bool, now time.Time) {
	t.Turn(now)
	t.hour.add(storeErrors, 1)
	if broken {
		t.hour.add(storeBroken, 1)
	}
	t.lastStore = second(now)
	if id != "" {
		t.spared.put(event{of: Hash(id), at: t.lastStore})
	}
}

// Waited takes how long the host took, or let something wait.
func (t *Tally) Waited(d time.Duration, now time.Time) {
	t.Turn(now)
	t.hour.waited(d)
}

// Traffic returns the numbers of the last hour.
func (t *Tally) Traffic(now time.Time) longrun.Traffic {
	t.Turn(now)
	s := second(now)
	out := longrun.Traffic{
		Received: t.hour.sum(received), Recovered: t.hour.sum(recovered), Sent: t.hour.sum(sent),
		ToNobody: t.hour.sum(toNobody), ReplayLost: t.hour.sum(replayLost),
		StoreErrors: t.hour.sum(storeErrors), StoreBroken: t.hour.sum(storeBroken),
		Unreadable: t.hour.sum(unreadable), HandlerLag: t.hour.longest(),
	}
	// The two look back from now, and the steps from when theirs began.
	people, first, last := t.lost.people(s, hour+broughtIn)
	if out.Unreadable > 0 {
		out.UnreadableFrom, out.FirstUnreadable, out.LastUnreadable = people, moment(first), moment(last)
	}
	var since uint32
	out.Unacked, since = t.sends.unacked(s)
	out.UnackedSince = moment(since)
	out.Undelivered, out.UndeliveredTo, since = t.sends.undelivered(s)
	out.UndeliveredSince = moment(since)
	out.NoPhone, _, last = t.phoneless.people(s, hour)
	out.LastNoPhone = moment(last)
	for _, last := range []struct {
		n  int64
		at uint32
		to *time.Time
	}{{out.ToNobody, t.lastNobody, &out.LastToNobody}, {out.ReplayLost, t.lastLost, &out.LastReplayLost}, {out.StoreErrors, t.lastStore, &out.LastStoreError}} {
		if last.n > 0 {
			*last.to = moment(last.at)
		}
	}
	return out
}
