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
const maxRead = 2 * maxUnsent

// reading is the Scan of a new lead, as far as it has come.
type reading struct {
	page ledger.Page
	done bool
}

// Restore reads the newest messages, those that are tried still. What was read
// counts: after an error it is called again, and goes on where it was.
func (o *Outbox) Restore(ctx context.Context) error {
	ctx, cancel := deadline.With(ctx, o.Clock, room.StoreTimeout)
	defer cancel()
	if o.reading == nil {
		from, err := o.readFrom(ctx)
		if err != nil {
			return err
		}
		o.reading = &reading{page: ledger.Page{From: from, Desc: true, Limit: maxRead}}
	}
	r := o.reading
	if r.done {
		return nil
	}
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

// readFrom is where the first reading begins: so long before now, or before the
// newest message, where nobody has led for long.
func (o *Outbox) readFrom(ctx context.Context) (time.Time, error) {
	at := o.Clock.Now()
	newest, known, err := ledger.First[longrun.Notice](ctx, o.Ledger, ledger.Outbox, ledger.Page{To: at, Desc: true, Limit: 5})
	if err != nil {
		return time.Time{}, err
	}
	if known {
		at = newest.At
	}
	return at.Add(-maxAge - maxQuiet), nil
}

// restored takes what a document says.
func (o *Outbox) restored(ctx context.Context, e ledger.Entry[longrun.Notice]) {
	n := e.Value
	n.NoticeID = e.Key.ID // where it lies, whatever it says
	if o.isUnsent(&n) {
		o.fit(&n)
		o.add(ctx, &n)
	}
}

// isUnsent reports whether a message is still to be told. One of a version that
// gave up what was refused is, where its incident is open.
func (o *Outbox) isUnsent(n *longrun.Notice) bool {
	switch n.State {
	case longrun.Waiting:
		return true
	case longrun.Undelivered:
		return n.UndeliveredSince != nil || !saysOver(n) && o.tellable(n)
	case longrun.Sent, longrun.Obsolete:
	}
	return false
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
	if n.State == longrun.Undelivered {
		if n.UndeliveredSince == nil || n.UndeliveredSince.After(now) {
			n.UndeliveredSince = &n.Created
		}
		if n.UndeliveredSince.After(now) {
			n.UndeliveredSince = &now
		}
	}
	n.Attempts, n.More = min(max(n.Attempts, 0), maxAttempts), min(max(n.More, 0), maxAttempts)
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

// lookBack reads some of the older messages, and takes in those that nobody was
// told.
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
		default:
			o.takeOld(ctx, e, now)
		}
	}
	o.Log.Over("old messages")
	o.old.done = read < maxOld
}

// takeOld takes an old message in that nobody was told. Unless it only looks old, it
// could not be delivered: what became of its incident decides.
func (o *Outbox) takeOld(ctx context.Context, e ledger.Entry[longrun.Notice], now time.Time) {
	n := e.Value
	n.NoticeID = e.Key.ID
	if o.unsent[n.NoticeID] != nil || !o.isUnsent(&n) {
		return
	}
	o.fit(&n)
	o.add(ctx, &n)
	if o.unsent[n.NoticeID] != nil && (n.State == longrun.Undelivered || now.Sub(n.Created) > maxAge) && !o.busy(&n, now) {
		since := n.Created
		if n.UndeliveredSince == nil {
			n.UndeliveredSince = &since
		}
		o.keep(&n, now)
	}
}

func (o *Outbox) sayClosed(ctx context.Context) {
	if o.old.closed > 0 {
		o.Log.WarnContext(ctx, "messages that nobody was told in time are closed unsent", "messages", o.old.closed)
	}
	o.old.closed = 0
}
