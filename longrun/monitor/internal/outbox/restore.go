package outbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxRead bounds what a new lead reads before it judges: the newest messages.
// Older ones are looked through later.
const maxRead = 2 * maxWaiting

// reading is the Scan of a new lead, as far as it has come.
type reading struct {
	page ledger.Page
	done bool
}

// Restore reads the newest messages, those that are tried still. What was read
// counts: after an error it is called again, and goes on where it was.
func (o *Outbox) Restore(ctx context.Context) error {
	if o.reading == nil {
		o.reading = &reading{page: ledger.Page{From: o.Clock.Now().Add(-maxAge - maxQuiet), Desc: true, Limit: maxRead}}
	}
	r := o.reading
	if r.done {
		return nil
	}
	ctx, cancel := deadline.With(ctx, o.Clock, room.StoreTimeout)
	defer cancel()
	for e, err := range o.Ledger.Notices(ctx, r.page) {
		mangled, isMangled := errors.AsType[*ledger.DocumentError](err)
		if err != nil && !isMangled {
			return err
		}
		r.page.After = e.Cursor()
		r.page.Limit--
		if isMangled {
			o.Mangled(ctx, mangled, e.Version)
		} else {
			o.restored(ctx, e)
		}
		if r.page.Limit == 0 { // a page without a limit is all of it
			break
		}
	}
	r.done = true
	o.old.to = r.page.From
	if r.page.Limit == 0 {
		o.old.to = r.page.After.At.Add(time.Microsecond)
	}
	return nil
}

// restored takes what a document says.
func (o *Outbox) restored(ctx context.Context, e ledger.Entry[longrun.Notice]) {
	n := e.Value
	n.NoticeID = e.Key.ID // where it lies, whatever it says
	switch n.State {
	case longrun.Waiting:
		o.fit(&n)
		o.add(ctx, &n)
	case longrun.Undeliverable:
		if len(o.failed) < maxWaiting {
			o.failed[n.NoticeID] = n.Created
		}
	case longrun.Sent, longrun.Obsolete:
	}
}

// maxSummary bounds the text of a message that somebody may have edited, and
// maxAttempts its count.
const (
	maxSummary  = 400
	maxAttempts = 1_000_000
)

// fit makes of a message that another instance wrote, or a person, one that holds
// nothing up. A claim, and what the channel asked for, are of another machine's
// clock.
func (o *Outbox) fit(n *longrun.Notice) {
	now := o.Clock.Now().UTC().Truncate(time.Microsecond)
	latestClaim, latestDue := now.Add(o.claimTime()), now.Add(maxQuiet+time.Minute)
	if n.ClaimedUntil != nil && n.ClaimedUntil.After(latestClaim) {
		n.ClaimedUntil = &latestClaim
	}
	if n.TS.After(latestDue) {
		n.TS = now
	}
	if n.Created.After(latestDue) {
		n.Created = now
	}
	if n.NotBefore != nil && n.NotBefore.Before(latestDue) {
		o.Channel.hush(*n.NotBefore)
	}
	n.Attempts = min(max(n.Attempts, 0), maxAttempts)
	if len(n.Summary) > maxSummary {
		n.Summary = hostcall.Line(n.Summary, maxSummary)
	}
}

const (
	// maxOld bounds the documents that one pass over the older ones reads, and
	// oldEvery is how long after it the next one comes at the earliest.
	maxOld   = 200
	oldEvery = time.Minute
)

// oldOnes is how far a lead has looked through the messages that are older than
// what it read first.
type oldOnes struct {
	to     time.Time // where those begin that it read
	next   time.Time // when it looks again
	after  store.Cursor
	done   bool
	closed int // of which it has not said
}

// sweptTo takes note of how far this process has looked through them, what it
// closed being written, and returns the farthest: no lead looks twice.
func (c *Channel) sweptTo(after store.Cursor) store.Cursor {
	c.mu.Lock()
	defer c.mu.Unlock()
	if after.At.After(c.swept.At) || after.At.Equal(c.swept.At) && after.ID > c.swept.ID {
		c.swept = after
	}
	return c.swept
}

// lookBack reads some of the older messages. One that waits is closed, being too
// old for anyone, or taken in where that is by a clock that was wrong.
func (o *Outbox) lookBack(ctx context.Context, now time.Time) {
	if o.Draft.Len() > 0 {
		return // of the last pass, perhaps
	}
	o.old.after = o.Channel.sweptTo(o.old.after)
	// What the clock was is no matter: a wait that is too long is none.
	if o.old.done || o.reading == nil || !o.reading.done || now.Before(o.old.next) && o.old.next.Sub(now) <= oldEvery {
		return
	}
	o.old.next = now.Add(oldEvery)
	reading, cancel := deadline.With(ctx, o.Clock, room.StoreTimeout)
	defer cancel()
	read := 0
	for e, err := range o.Ledger.Notices(reading, ledger.Page{To: o.old.to, Limit: maxOld, After: o.old.after}) {
		mangled, isMangled := errors.AsType[*ledger.DocumentError](err)
		if err != nil && !isMangled {
			if ctx.Err() == nil {
				o.Log.Once(ctx, slog.LevelWarn, "old messages", "unread", "old messages cannot be read, and are later", "error", hostcall.Text(err))
			}
			return
		}
		read++
		o.old.after = e.Cursor()
		switch {
		case isMangled:
			o.Mangled(ctx, mangled, e.Version)
		case e.Value.State == longrun.Waiting && o.waiting[e.Key.ID] == nil:
			o.close(ctx, e, now)
		}
	}
	o.Log.Over("old messages")
	if o.old.done = read < maxOld; o.old.done {
		o.sayClosed(ctx)
	}
}

// close closes an old message that waits, if it is as old as it looks.
func (o *Outbox) close(ctx context.Context, e ledger.Entry[longrun.Notice], now time.Time) {
	n := e.Value
	n.NoticeID = e.Key.ID
	if now.Sub(n.Created) <= maxAge && !o.Channel.wasTold(n.NoticeID) {
		o.fit(&n)
		o.add(ctx, &n)
		return
	}
	n.State, n.Error, n.ClaimedBy, n.ClaimedUntil = longrun.Obsolete, "too old: "+hostcall.Line(n.Error, maxError), "", nil
	o.Draft.Note(Key{Rule: n.Rule, Target: n.Target, Closed: n.NoticeID}, o.Ledger.SetNotice(n))
	o.old.closed++
}

func (o *Outbox) sayClosed(ctx context.Context) {
	if o.old.closed > 0 {
		o.Log.WarnContext(ctx, "messages that nobody was told in time are closed unsent", "messages", o.old.closed)
	}
	o.old.closed = 0
}
