package tracker

import (
	"time"

	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
)

const (
	// manyStrangers is to how many people a message must be refused in a day, before
	// that is a restriction: one who does not want mail is none.
	manyStrangers = 2
	// forgiven is how long nobody must have been refused before a restriction without
	// an end of its own, or one whose end is over, is taken for over.
	forgiven = time.Hour
	// byRefusals is the reason of a restriction that WhatsApp did not announce.
	byRefusals = "refused_463"
)

// timelock takes what WhatsApp says of a restriction, its beginning and its end.
func (f *Follower) timelock(e *events.NotifyAccountReachoutTimelock, now time.Time) {
	if !e.IsActive {
		f.Account.Restricted, f.muted = longrun.Restriction{}, time.Time{}
		return
	}
	f.restrict(e.EnforcementType, e.TimeEnforcementEnds.Time, now)
}

func (f *Follower) restrict(reason string, until, now time.Time) {
	r := &f.Account.Restricted
	if r.From.IsZero() {
		r.From = now
	}
	r.Until, r.Reason = time.Time{}, short(reason)
	if !until.IsZero() {
		r.Until = until.UTC()
	}
}

// refused takes that a message was refused because its receiver is a stranger; known
// tells that they wrote within a day, and are none.
func (f *Follower) refused(known bool, now time.Time) {
	f.muted = now
	chats, _ := f.tally.Refusals(now)
	if f.Account.Restricted.From.IsZero() && (known || chats >= manyStrangers) {
		f.Account.Restricted = longrun.Restriction{From: now, Reason: byRefusals}
	}
}

// restricted is what is left of a restriction: one that has no end that was announced
// ends when nobody was refused for an hour, and one that should be over lasts as long
// as people are refused.
func (f *Follower) restricted(now time.Time) longrun.Restriction {
	r := f.Account.Restricted
	quiet := f.muted.IsZero() || now.Sub(f.muted) >= forgiven
	switch {
	case r.From.IsZero():
	case r.Reason == byRefusals && quiet:
		f.Account.Restricted = longrun.Restriction{}
		return longrun.Restriction{}
	case !r.Until.IsZero() && !now.Before(r.Until):
		if quiet { // it stays known, so that its end can be told
			return r
		}
		r.Until = time.Time{}
	}
	return r
}

// banned takes a ban; WhatsApp says how long it lasts from now on, or nothing.
func (f *Follower) banned(e *events.TemporaryBan, now time.Time) {
	b := &f.Account.Banned
	if b.From.IsZero() {
		b.From = now
	}
	b.Until, b.Reason = time.Time{}, short(e.Code.String())
	if e.Expire > 0 {
		b.Until = now.Add(e.Expire)
	}
}
