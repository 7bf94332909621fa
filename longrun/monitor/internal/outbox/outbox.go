package outbox

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

const (
	// maxAge is how long a message is tried that a channel neither takes nor refuses.
	// One that is older is undelivered.
	maxAge = 72 * time.Hour
	// maxUnsent bounds the messages that are not sent; beyond it some are closed.
	maxUnsent = 5000
)

// Options are what an Outbox is made of. Each is required.
type Options struct {
	Channel *Channel
	Lead    leading.Lead
	// Draft is what the lead writes; messages are written through it.
	Draft *Draft
	// Standing returns the incident of a rule and target that is open, and since when
	// it is; an empty ID where none is.
	Standing func(r longrun.RuleID, target string) (incidentID string, since time.Time)
	// Trusted is the time where it may be believed by whoever does what cannot be
	// taken back: closes a message unsent.
	Trusted func() (time.Time, error)
}

// Outbox is the messages of one lead. What stands in its memory is the truth while
// the lead lasts, and nothing is sent before it is written. It is for one
// goroutine.
type Outbox struct {
	room.Deps
	Options
	unsent map[string]*longrun.Notice // those that wait, and those undelivered; at most maxUnsent
	loose  map[Key]bool               // of which what is unsent may be to be folded
	again  *retrial                   // of those undelivered

	outcomes chan Outcome // of the one sending under way
	sending  []string     // the messages of it
	retrying bool         // it is of undelivered ones alone
	unheld   int          // claims in a row that failed

	reading *reading // of Restore; nil before
	old     oldOnes
}

// Outcome is what became of one sending.
type Outcome struct {
	ids []string
	err error
}

// New returns an Outbox that knows of no message.
func New(d room.Deps, o Options) *Outbox {
	return &Outbox{
		Deps: d, Options: o, unsent: make(map[string]*longrun.Notice), loose: make(map[Key]bool),
		again: newRetrial(d.Clock, o.Channel.Taken(), d.Settings().TS), outcomes: make(chan Outcome, 1),
	}
}

// Waiting counts the messages that are to be sent, but for those undelivered.
func (o *Outbox) Waiting() (n int) {
	for _, u := range o.unsent {
		if u.State == longrun.Waiting {
			n++
		}
	}
	return n
}

// Undelivered counts the messages that could not be delivered and are kept, and
// returns since when the first of them is.
func (o *Outbox) Undelivered() (n int, since time.Time) {
	for _, u := range o.unsent {
		if u.State == longrun.Undelivered {
			if n++; n == 1 || u.UndeliveredSince.Before(since) {
				since = *u.UndeliveredSince
			}
		}
	}
	return n, since
}

// Outcomes has what becomes of sendings, for SentOff.
func (o *Outbox) Outcomes() <-chan Outcome { return o.outcomes }

// Queue puts a message into the outbox, with further lines. It is written with the
// state that it tells of.
func (o *Outbox) Queue(ctx context.Context, i longrun.Incident, s rules.State, kind longrun.NoticeKind, now time.Time, details ...string) {
	now = now.UTC().Truncate(time.Microsecond)
	n := &longrun.Notice{
		NoticeID: longrun.NoticeID(i.IncidentID, s.Seq), TS: now, Created: now, Kind: kind, State: longrun.Waiting,
		Key: s.Key(), IncidentID: i.IncidentID, Rule: i.Rule, Target: i.Target, Severity: i.Severity, Summary: i.Summary,
		Since: i.TSStart, Until: i.TSEnd, LastedSec: i.MTTRSec, Instances: i.Instances, Cause: i.Cause, Details: details, InstanceID: o.Self.InstanceID, CommitHash: o.Self.CommitHash,
	}
	if quiet := o.Channel.QuietFor(now); quiet > 0 {
		// Written down with each message, so that a later leader knows of it whatever
		// becomes of the message that was answered so.
		until := now.Add(quiet)
		n.TS, n.NotBefore = until, &until
	}
	for _, older := range o.unsent {
		if older.IncidentID == n.IncidentID && older.Kind == longrun.NoticeReminder && !slices.Contains(o.sending, older.NoticeID) {
			o.drop(older, longrun.Obsolete, "a later message says more")
		}
	}
	o.note(n)
	o.add(ctx, n)
}

// add takes a message in. When too many are unsent, one is closed that is missed
// least, the oldest of them.
func (o *Outbox) add(ctx context.Context, n *longrun.Notice) {
	o.unsent[n.NoticeID] = n
	o.loose[keyOf(n)] = true
	if len(o.unsent) <= maxUnsent {
		return
	}
	var first *longrun.Notice
	for id, u := range o.unsent {
		if !slices.Contains(o.sending, id) && (first == nil || cmp.Or(cmp.Compare(missed(u), missed(first)), older(u, first)) < 0) {
			first = u
		}
	}
	o.Log.Once(ctx, slog.LevelError, "outbox", "full", "too many messages wait, and the oldest are closed unsent", "most", maxUnsent)
	o.drop(first, longrun.Obsolete, "too many messages wait")
}

// missed is how much a message is missed that is not sent: least one about what is
// over and was never told.
func missed(n *longrun.Notice) int {
	switch {
	case n.Untold:
		return 0
	case n.Kind == longrun.NoticeReminder:
		return 1
	}
	return 2
}

func older(a, b *longrun.Notice) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.NoticeID, b.NoticeID))
}

// before orders what is about one rule and target: by number, since a clock may have
// been set back between two of them.
func before(a, b *longrun.Notice) int {
	return cmp.Or(cmp.Compare(numberOf(a), numberOf(b)), older(a, b))
}

// numberOf is the number in a NoticeID, 0 where somebody made one without.
func numberOf(n *longrun.Notice) int64 {
	number, err := strconv.ParseInt(n.NoticeID[strings.LastIndexByte(n.NoticeID, '_')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// keyOf is the rule and target that a message is about.
func keyOf(n *longrun.Notice) Key { return Key{Rule: n.Rule, Target: n.Target} }

func (o *Outbox) note(n *longrun.Notice) { o.Draft.Note(keyOf(n), o.Ledger.SetNotice(*n)) }

// drop takes a message out of the outbox that is not to be sent any more.
func (o *Outbox) drop(n *longrun.Notice, state longrun.NoticeState, why string) {
	n.State, n.Error, n.ClaimedBy, n.ClaimedUntil = state, why, "", nil
	delete(o.unsent, n.NoticeID)
	o.again.forget(n.NoticeID)
	o.note(n)
}

// busy reports whether somebody may be sending a message: it is not touched then.
func (o *Outbox) busy(n *longrun.Notice, now time.Time) bool {
	if slices.Contains(o.sending, n.NoticeID) {
		return true
	}
	return n.ClaimedUntil != nil && n.ClaimedUntil.After(now) && n.ClaimedUntil.Sub(now) <= maxQuiet
}

// Tidy takes out of the outbox what is not to be sent any more, and makes of what
// could not be delivered as few messages as say it.
func (o *Outbox) Tidy(ctx context.Context) {
	now, untrusted := o.Trusted()
	now = now.UTC().Truncate(time.Microsecond)
	for id, n := range o.unsent {
		switch {
		case slices.Contains(o.sending, id):
		case o.Channel.wasTold(id): // under an earlier lead of this process, which could not write it down
			at := now // apart, so that a pass which finds nothing allocates nothing
			n.SentAt = &at
			o.drop(n, longrun.Sent, "")
		case untrusted != nil:
		case n.State == longrun.Undelivered:
			o.tidyUndelivered(ctx, n, now)
		case now.Sub(n.Created) > maxAge && !o.busy(n, now):
			o.grewOld(n, now)
		}
	}
	if untrusted == nil {
		o.lookBack(ctx, now)
	}
	if o.old.done {
		o.sayClosed(ctx)
	}
	o.foldLoose()
	o.sayUndelivered(ctx)
	if len(o.unsent) < maxUnsent/2 {
		o.Log.Over("outbox")
	}
}
