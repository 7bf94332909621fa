package tally

import "time"

// replayGrace is how long after its announced end a replay may still bring something.
const replayGrace = time.Minute

// replay is what a new connection begins with: the messages that waited.
type replay struct {
	announced int       // how many messages the server announced; 0 when there is none
	began     time.Time // when it did
	came      int       // how many came that had waited
	seen      int       // how many messages the client showed, of whatever kind
	over      time.Time // when the server said that all had come; zero before
	heard     bool      // what came is told by the connection, and not by the client alone
}

func (r *replay) arrived(waited bool) {
	if r.announced > 0 && waited {
		r.came++
	}
}

func (r *replay) shown() {
	if r.announced > 0 {
		r.seen++
	}
}

// Announced takes how many messages waited, as the server says; tapped tells that what
// comes is told by Arrived.
func (t *Tally) Announced(messages int, tapped bool, now time.Time) {
	t.Turn(now)
	t.replay = replay{announced: messages, began: now, heard: tapped}
}

// AllCame takes that the server said that all has come.
func (t *Tally) AllCame(now time.Time) {
	t.Turn(now)
	if t.replay.announced > 0 && t.replay.over.IsZero() {
		t.replay.over = now
	}
}

// Gone takes that the connection ended: what did not come waits for the next.
func (t *Tally) Gone() { t.replay = replay{} }

// endReplay counts what did not come. Where only the client tells, what it does not
// show may be of a kind that it shows nothing of: a few are no loss.
func (t *Tally) endReplay(now time.Time) {
	r := &t.replay
	if r.announced <= 0 || r.over.IsZero() || now.Sub(r.over) < replayGrace && !now.Before(r.over) {
		return
	}
	ended := *r
	*r = replay{}
	lost := ended.announced - ended.seen
	if ended.heard {
		lost = ended.announced - ended.came
	} else if lost < 2 || lost*20 < ended.announced {
		return
	}
	if lost > 0 {
		t.hour.add(replayLost, lost)
		t.lastLost = second(now)
	}
}

// Replaying returns since when messages that waited are still to come, as the server
// says; zero when none are.
func (t *Tally) Replaying() time.Time {
	if t.replay.announced <= 0 || !t.replay.over.IsZero() {
		return time.Time{}
	}
	return t.replay.began
}
