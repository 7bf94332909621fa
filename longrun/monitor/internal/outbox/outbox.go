package outbox

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

const (
	// maxAge is how long a message is tried: what is older helps nobody.
	maxAge = 72 * time.Hour
	// maxWaiting bounds the messages that wait; beyond it the oldest are closed.
	maxWaiting = 5000
)

// Options are what an Outbox is made of. Each is required.
type Options struct {
	Channel *Channel
	Lead    leading.Lead
	// Draft is what the lead writes; messages are written through it.
	Draft *Draft
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
	waiting map[string]*longrun.Notice // at most maxWaiting
	failed  map[string]time.Time       // undelivered, and when they were decided; at most maxWaiting

	outcomes chan Outcome // of the one sending under way
	sending  []string     // the messages of it
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
		Deps: d, Options: o, waiting: make(map[string]*longrun.Notice), failed: make(map[string]time.Time),
		outcomes: make(chan Outcome, 1),
	}
}

// Waiting counts the messages that are not sent, and Undelivered those of the last
// three days that the channel refused for good.
func (o *Outbox) Waiting() int { return len(o.waiting) }

// Undelivered is said at Waiting.
func (o *Outbox) Undelivered() int { return len(o.failed) }

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
	for _, older := range o.waiting {
		if older.IncidentID == n.IncidentID && older.Kind == longrun.NoticeReminder && !slices.Contains(o.sending, older.NoticeID) {
			o.drop(older, longrun.Obsolete, "a later message says more")
		}
	}
	o.note(n)
	o.add(ctx, n)
}

// add takes a message in. When too many wait, the oldest is closed.
func (o *Outbox) add(ctx context.Context, n *longrun.Notice) {
	o.waiting[n.NoticeID] = n
	if len(o.waiting) <= maxWaiting {
		return
	}
	var first *longrun.Notice
	for id, w := range o.waiting {
		if !slices.Contains(o.sending, id) && (first == nil || older(w, first) < 0) {
			first = w
		}
	}
	o.Log.Once(ctx, slog.LevelError, "outbox", "full", "too many messages wait, and the oldest are closed unsent", "most", maxWaiting)
	o.drop(first, longrun.Obsolete, "too many messages wait")
}

func older(a, b *longrun.Notice) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.NoticeID, b.NoticeID))
}

func (o *Outbox) note(n *longrun.Notice) {
	o.Draft.Note(Key{Rule: n.Rule, Target: n.Target}, o.Ledger.SetNotice(*n))
}

// drop takes a message out of the outbox that is not to be sent any more.
func (o *Outbox) drop(n *longrun.Notice, state longrun.NoticeState, why string) {
	n.State, n.Error, n.ClaimedBy, n.ClaimedUntil = state, why, "", nil
	delete(o.waiting, n.NoticeID)
	if state == longrun.Undeliverable && len(o.failed) < maxWaiting {
		o.failed[n.NoticeID] = n.Created
	}
	o.note(n)
}

// Tidy takes out of the outbox what is not to be sent any more.
func (o *Outbox) Tidy(ctx context.Context) {
	now, untrusted := o.Trusted()
	now = now.UTC().Truncate(time.Microsecond)
	var oldest *longrun.Notice
	tooOld := 0
	for id, n := range o.waiting {
		switch {
		case slices.Contains(o.sending, id):
		case o.Channel.wasTold(id): // under an earlier lead of this process, which could not write it down
			at := now // apart, so that a pass which finds nothing allocates nothing
			n.SentAt = &at
			o.drop(n, longrun.Sent, "")
		case untrusted == nil && now.Sub(n.Created) > maxAge:
			tooOld++
			if oldest == nil || older(n, oldest) < 0 {
				oldest = n
			}
			o.drop(n, longrun.Obsolete, "too old: "+n.Error)
		}
	}
	if oldest != nil {
		o.Log.ErrorContext(ctx, "messages are given up: they are too old to help anyone", "messages", tooOld, "oldest", oldest.Key, "attempts", oldest.Attempts, "error", oldest.Error)
	}
	for id, created := range o.failed {
		if now.Sub(created) > maxAge {
			delete(o.failed, id)
		}
	}
	if len(o.waiting) < maxWaiting/2 {
		o.Log.Over("outbox")
	}
	if untrusted == nil {
		o.lookBack(ctx, now)
	}
}
