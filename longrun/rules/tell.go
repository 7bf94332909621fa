package rules

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// How often one rule and target may speak. A message takes the room of one, of
// which there are as many as atOnce and, up to that, one more with each throttle
// that passes, an hour at most: so that within a day at most 30 come, whatever
// happens. Each of the others leaves some room for the one that matters more.
const (
	atOnce  = 6
	maxUnit = time.Hour
	// leftByChange is what a change that is told by itself leaves; where it cannot,
	// it is told as flapping.
	leftByChange = 2
	// leftBySummary is what a summary leaves, for the word that it got worse.
	leftBySummary = 1
	// leftByReminder is what a reminder leaves that comes with each throttle. Where
	// it cannot, it comes with each second one.
	leftByReminder = 4
	// settled is how long something fires, while it flaps, until that is told.
	settled = 10 * time.Minute
	// changesFor is how long after a change another one counts with it.
	changesFor = 6 * time.Hour
)

// Tell decides whether a state that was left with t has to be told at now, and
// returns it with that noted. It is asked at every look.
//
// What it holds to: the last message is true. Whatever fires is told at once,
// however short a time after the last message; a state that is muted is told when
// it no longer is, if it still fires then. What goes on is repeated once in each
// throttle. Resolved is told whenever Firing was, muted or not: nobody is left to
// believe that it goes on.
//
// What changes too often to be told of each change flaps: after four messages in
// a short time the next one says so, and how it is. From then on it is summed up at
// most once in each throttle, and besides when it has been firing for ten minutes
// though the last message said that it is well; an end of that is told when
// nothing has changed for an hour and longer, as Firing, Reminder or Resolved. So of
// one rule and target at most six messages come at once, and then one in each
// throttle, of which none counts as longer than an hour.
func (s State) Tell(t Change, muted bool, throttle time.Duration, now time.Time) (State, longrun.NoticeKind) {
	now = stored(now)
	s = s.setBack(now)
	unit := min(throttle, maxUnit)
	var kind longrun.NoticeKind
	if s.FlapSince == nil {
		kind = s.change(t, muted, throttle, now)
		if t == Resolved {
			s.Notified = false
		}
	} else {
		kind = s.flap(muted, unit, now)
	}
	if kind == longrun.NoNotice {
		return s, kind
	}
	switch kind {
	case longrun.NoticeFlapping:
		if s.FlapSince == nil {
			s.FlapSince = new(now)
		}
	case longrun.NoticeFiring, longrun.NoticeReminder:
		s.LastSent, s.FlapSince = new(now), nil
	case longrun.NoticeResolved:
		s.FlapSince = nil
	case longrun.NoNotice:
	}
	s.Notified = s.Phase == Firing
	s.Owed, s.LastWord = s.owes(unit, now)+1, new(now)
	s.Seq++
	s.TS = now
	return s, kind
}

// change is what is told while each change is.
func (s State) change(t Change, muted bool, throttle time.Duration, now time.Time) longrun.NoticeKind {
	unit := min(throttle, maxUnit)
	kind := longrun.NoNotice
	switch {
	case t == Resolved:
		if s.Notified {
			kind = longrun.NoticeResolved
		}
	case s.Phase != Firing || muted:
	case !s.Notified:
		kind = longrun.NoticeFiring
	default:
		every, left := throttle, leftByReminder
		if !s.affords(left, unit, now) {
			every, left = 2*throttle, leftByChange
		}
		if (s.LastSent == nil || now.Sub(*s.LastSent) >= every) && s.affords(left, unit, now) {
			return longrun.NoticeReminder
		}
		return longrun.NoNotice
	}
	if kind != longrun.NoNotice && !s.affords(leftByChange, unit, now) {
		return longrun.NoticeFlapping
	}
	return kind
}

// flap is what is told while it flaps.
func (s State) flap(muted bool, unit time.Duration, now time.Time) longrun.NoticeKind {
	var change, word time.Time
	if s.LastChange != nil {
		change = *s.LastChange
	}
	if s.LastWord != nil {
		word = *s.LastWord
	}
	firing := s.Phase == Firing
	switch {
	case firing && muted:
		return longrun.NoNotice
	case now.Sub(change) >= unit && s.affords(leftByChange, unit, now): // it is stable
		switch {
		case !firing:
			return longrun.NoticeResolved
		case s.Notified:
			return longrun.NoticeReminder
		}
		return longrun.NoticeFiring
	case muted:
		return longrun.NoNotice
	case firing && !s.Notified && now.Sub(change) >= settled && s.affords(0, unit, now),
		change.After(word) && now.Sub(word) >= unit && s.affords(leftBySummary, unit, now):
		return longrun.NoticeFlapping
	}
	return longrun.NoNotice
}

// affords reports whether there is room for a message, and for so many behind it.
func (s State) affords(left int, unit time.Duration, now time.Time) bool {
	const hair = 1e-9
	return s.owes(unit, now) <= float64(atOnce-1-left)+hair
}

// owes is how many messages are not made up for at now.
func (s State) owes(unit time.Duration, now time.Time) float64 {
	if s.LastWord == nil {
		return 0
	}
	return max(0, min(s.Owed, atOnce)-float64(now.Sub(*s.LastWord))/float64(unit))
}

// setBack is the state by a clock that was set back: the throttle begins anew now
// and not when the next incident comes, which would then wait for it.
func (s State) setBack(now time.Time) State {
	notAfter := func(t *time.Time) *time.Time {
		if t != nil && t.After(now) {
			s.TS = now
			return new(now)
		}
		return t
	}
	s.LastWord, s.LastSent, s.LastChange = notAfter(s.LastWord), notAfter(s.LastSent), notAfter(s.LastChange)
	s.ChangesSince, s.FlapSince = notAfter(s.ChangesSince), notAfter(s.FlapSince)
	return s
}

// changed counts a change.
func (s State) changed(now time.Time) State {
	if s.FlapSince == nil && (s.LastChange == nil || s.ChangesSince == nil || now.Sub(*s.LastChange) >= changesFor) {
		s.Changes, s.ChangesSince = 0, new(now)
	}
	s.Changes++
	s.LastChange = new(now)
	return s
}

// Flaps says, in one line, how often it changed and how it is now.
func (s State) Flaps() string {
	text := "changed " + words.Counted(s.Changes, "time")
	if s.ChangesSince != nil {
		text += " since " + words.Moment(*s.ChangesSince)
	}
	switch {
	case s.Phase == Firing && s.Since != nil:
		return text + ", and fires now, since " + words.Moment(*s.Since)
	case s.LastEnd != nil:
		return text + ", and is well now, since " + words.Moment(*s.LastEnd)
	}
	return text
}
