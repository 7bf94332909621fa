// Package silence says when an account has been silent for so long that it should be
// probed: longer than is usual for it at that hour of the week.
//
// It does not say that anything is wrong: a silence and a dead account look alike, and
// only a probe tells them apart. It knows nothing of an hour of the week that it has
// not seen whole, and there only the longest bound holds. A Watch is for one goroutine
// at a time, and takes the times it is told as they are.
//
// The unit of a silence is not the minute but the active minute: how many minutes with
// a message were to be expected in it. So a silence of the night is short.
package silence

import (
	"time"
)

// Why a probe is wanted, as Wants says it.
const (
	// Silent: more active minutes passed without a message than nearly ever do.
	Silent = "silence"
	// Idle: nothing was heard, and no probe passed, for nearly an hour.
	Idle = "idle"
	// Connected: the account has just connected.
	Connected = "connected"
	// NoAck, Undelivered and Replay are hints that others give: the server did not
	// confirm a message, several of them reached nobody, and the replay of what came
	// while the account was away did not end.
	NoAck       = "no_ack"
	Undelivered = "undelivered"
	Replay      = "replay"
)

const (
	hours  = 168
	weight = 0.3 // of the newest week
	// The quantile of silences moves up by up and down by down, so that one of 200 is
	// longer, and stays between least and most.
	up, down    = 0.249, 0.00125
	least, most = 3, 12
	// minSilence is the shortest one that is wanted to be probed, maxIdle the longest
	// that is not.
	minSilence = 3 * time.Minute
	maxIdle    = 57 * time.Minute
	// The probe after a connect comes between these, and at most one in connectEvery.
	minSettle, maxSettle = 30 * time.Second, 150 * time.Second
	connectEvery         = 10 * time.Minute
	// hintFor is how long a hint is worth a probe.
	hintFor = time.Hour
	// maxGap is how long nothing may be told or asked; beyond that nobody watched.
	maxGap = 90 * time.Minute
)

const hour = int64(time.Hour)

// Watch knows the silences of one account. It needs less than 1 KB, and allocates
// nothing once it is made.
type Watch struct {
	rates [hours]rate // active minutes of each hour of the week
	q     float32     // the longest usual silence, in expected active minutes

	seed    uint64
	at      int64 // the newest time that was told; all times in nanoseconds since 1970
	whole   int64 // from when on everything was seen
	minute  int64 // the number of the newest active minute
	active  int32 // active minutes in the hour of at
	heard   int64 // the newest message
	sign    int64 // the newest message or probe that passed
	silence float64
	since   float64 // expected active minutes since heard, and since sign

	joined   int64 // when it connected, until the probe after it
	joinDue  int64
	lastJoin int64 // the last connect that was worth a probe
	hint     string
	hinted   int64
}

// New returns a Watch of an account of which nothing is known. The seed makes those of
// many accounts differ in when they want a probe after they connected together.
func New(seed uint64, now time.Time) *Watch {
	w := &Watch{q: least, seed: seed}
	for i := range w.rates {
		w.rates[i] = notKnown
	}
	w.begin(now.UnixNano())
	return w
}

// begin forgets what is of the time before t, and no rate.
func (w *Watch) begin(t int64) {
	w.at, w.whole, w.heard, w.sign, w.active = t, t, t, t, 0
	w.silence, w.since, w.minute = 0, 0, -1
	w.joined, w.hint, w.hinted = 0, "", 0
}

// Heard tells of a message by another. Status messages, the account's own and those
// that came late after it was away are none.
func (w *Watch) Heard(now time.Time) {
	t := now.UnixNano()
	w.advance(t)
	if w.silence > float64(w.q) {
		w.q = min(w.q+up, most)
	} else {
		w.q = max(w.q-down, least)
	}
	if minute := t / int64(time.Minute); minute != w.minute {
		w.minute = minute
		w.active++
	}
	w.heard, w.sign, w.silence, w.since = t, t, 0, 0
}

// Connected tells that the account connected. What passed before it is no silence.
func (w *Watch) Connected(now time.Time) {
	t := now.UnixNano()
	w.advance(t)
	w.silence, w.since = 0, 0
	if w.lastJoin != 0 && t-w.lastJoin < int64(connectEvery) {
		return
	}
	w.joined, w.lastJoin = t, t
	w.joinDue = t + int64(minSettle) + int64(mix(w.seed^uint64(t))%uint64(maxSettle-minSettle)) //nolint:gosec // any number does
}

// Probed tells that a probe of the account passed: that it is not dead now. Of one
// that failed it is not told, and goes on to want one.
func (w *Watch) Probed(now time.Time) {
	t := now.UnixNano()
	w.advance(t)
	w.sign, w.since, w.joined, w.hint = t, 0, 0, ""
}

// Hint tells that something else speaks for a probe; see NoAck, Undelivered and
// Replay. While one waits, another changes nothing.
func (w *Watch) Hint(reason string, now time.Time) {
	t := now.UnixNano()
	w.advance(t)
	if w.hint == "" || t-w.hinted >= int64(hintFor) {
		w.hint, w.hinted = reason, t
	}
}

// Wants returns since when a probe is wanted and why; the zero time where none is. The
// same answer again is the same wish.
func (w *Watch) Wants(now time.Time) (since time.Time, reason string) {
	t := now.UnixNano()
	w.advance(t)
	quiet := t - w.sign
	switch {
	case w.hint != "" && t-w.hinted < int64(hintFor):
		return time.Unix(0, w.hinted), w.hint
	case w.joined != 0 && t >= w.joinDue && t-w.joined < int64(hintFor):
		return time.Unix(0, w.joined), Connected
	case quiet >= int64(minSilence) && w.since >= float64(w.q):
		return time.Unix(0, w.sign), Silent
	case quiet >= int64(maxIdle):
		return time.Unix(0, w.sign), Idle
	}
	return time.Time{}, ""
}

// advance lets time pass up to t, and learns each hour that is over and was seen whole.
func (w *Watch) advance(t int64) {
	if t-w.at > int64(maxGap) {
		w.begin(t)
		return
	}
	if t < w.at { // the clock was set back: nothing lies in the future
		w.at, w.whole = t, t
		w.heard, w.sign, w.lastJoin, w.joined = min(w.heard, t), min(w.sign, t), min(w.lastJoin, t), min(w.joined, t)
		w.joinDue, w.hinted = min(w.joinDue, t+int64(maxSettle)), min(w.hinted, t)
		w.active, w.minute = 0, min(w.minute, t/int64(time.Minute))
		return
	}
	for w.at/hour != t/hour {
		end := (w.at/hour + 1) * hour
		w.pass(end)
		w.learn(end/hour - 1)
	}
	w.pass(t)
}

// pass counts what was to be expected up to t, in the hour of at.
func (w *Watch) pass(t int64) {
	if e, known := w.expected(w.at / hour); known {
		e *= float64(t-w.at) / float64(hour)
		w.silence += e
		w.since += e
	}
	w.at = t
}

// expected is what is expected of the hour h: what it had, and half as much of each of
// its neighbours, since a single hour of a few weeks is a matter of luck.
func (w *Watch) expected(h int64) (minutes float64, known bool) {
	own, before, after := w.rates[h%hours], w.rates[(h+hours-1)%hours], w.rates[(h+1)%hours]
	if own == notKnown || before == notKnown || after == notKnown {
		return own.minutes(), own != notKnown
	}
	return (before.minutes() + 2*own.minutes() + after.minutes()) / 4, true
}

// learn takes the number of active minutes of the hour h, which is over, into account.
func (w *Watch) learn(h int64) {
	n := float64(w.active)
	w.active = 0
	if w.whole > h*hour+int64(2*time.Minute) {
		return
	}
	at := &w.rates[h%hours]
	if *at != notKnown {
		n = at.minutes() + weight*(n-at.minutes())
	}
	*at = rateOf(n)
}

// rate is a number of active minutes in an hour, in thousandths.
type rate uint16

const notKnown rate = 1<<16 - 1

func rateOf(minutes float64) rate { return rate(min(max(minutes, 0), 60)*1000 + 0.5) }

func (r rate) minutes() float64 { return float64(r) / 1000 }

// mix makes a number of another that has nothing to do with it: splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
