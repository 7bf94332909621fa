package tracker

import (
	"hash/fnv"
	"io"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/silence"
)

const (
	// manyUndelivered messages in a row, to manyChats that nearly always answer, ask for
	// a probe: one of 200 quiet months of an account has that by chance.
	manyUndelivered = 6
	manyChats       = 4
	// replayFor is how long what waited may take to come.
	replayFor = 5 * time.Minute
)

// hints is what has asked for a probe, by when it began, so that each does once.
type hints struct{ unacked, undelivered, replay time.Time }

// suspect is why the account should be probed: by its silence, or by what becomes of its
// messages. One that is not connected is known to be in trouble, and not suspected.
func (f *Follower) suspect(t *longrun.Traffic, now time.Time) longrun.Suspect {
	if f.Account.State != Connected {
		return longrun.Suspect{}
	}
	if t.Unacked > 0 && !t.UnackedSince.Equal(f.hinted.unacked) {
		f.hinted.unacked = t.UnackedSince
		f.watch.Hint(silence.NoAck, now)
	}
	if t.Undelivered >= manyUndelivered && t.UndeliveredTo >= manyChats && !t.UndeliveredSince.Equal(f.hinted.undelivered) {
		f.hinted.undelivered = t.UndeliveredSince
		f.watch.Hint(silence.Undelivered, now)
	}
	if since := f.tally.Replaying(); !since.IsZero() && now.Sub(since) >= replayFor && !since.Equal(f.hinted.replay) {
		f.hinted.replay = since
		f.watch.Hint(silence.Replay, now)
	}
	since, reason := f.watch.Wants(now)
	if since.IsZero() {
		return longrun.Suspect{}
	}
	return longrun.Suspect{Since: since.UTC(), Reason: reason}
}

// heard has the account's silence end with a message of somebody's, or of a probe. What
// waited while it was away ends none: it says nothing of what comes now.
func (f *Follower) heard(isProbe, foreign bool, now time.Time) {
	switch {
	case f.watch == nil || !f.tally.Replaying().IsZero():
	case isProbe:
		f.watch.Probed(now)
	case foreign:
		f.watch.Heard(now)
	}
}

// seedOf makes those of many accounts that connect together differ.
func seedOf(id string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, id) // never fails
	return h.Sum64()
}
