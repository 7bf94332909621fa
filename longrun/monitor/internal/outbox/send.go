package outbox

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

const (
	// minBackoff and maxBackoff bound the pause after a failure.
	minBackoff = 2 * time.Second
	maxBackoff = 5 * time.Minute
	// maxError bounds what is stored of why a message was not sent.
	maxError = 200
	// maxTogether bounds the messages that are looked at for one sending: more
	// than fit into it.
	maxTogether = 500
)

// Idle is how long nothing is due where nothing waits.
const Idle = 24 * time.Hour

// Send begins to send what is due, in one message as far as it fits, once that
// this instance does so is written down; where nothing is, what is undelivered. It
// returns how long nothing is to be sent.
func (o *Outbox) Send(ctx context.Context) time.Duration {
	if o.sending != nil {
		return Idle // its outcome comes
	}
	now := o.Clock.Now()
	o.again.look(o.Channel.Taken(), o.Settings().TS)
	due, wait := o.due(now)
	o.retrying = len(due) == 0
	all := 0
	if o.retrying {
		var left time.Duration
		due, all, left = o.late(now)
		wait = min(wait, left)
	}
	if len(due) == 0 || ctx.Err() != nil {
		return wait
	}
	if quiet := o.Channel.QuietFor(now); quiet > 0 {
		return quiet
	}
	if !o.Channel.Take() {
		return time.Second // a message that is in no outbox, or of an earlier lead
	}
	due = due[:min(len(due), maxTogether)]
	message, k := o.coalesce(due, all)
	if !o.claim(ctx, due[:k], now) {
		o.Channel.GiveBack()
		return PauseAfter(o.Clock, &o.unheld)
	}
	o.unheld = 0
	for _, n := range due[:k] {
		o.sending = append(o.sending, n.NoticeID)
	}
	ids := o.sending
	o.Channel.sendBeside(message, ids, func(err error) { o.outcomes <- Outcome{ids, err} })
	return Idle
}

// claim writes down that this instance sends these messages, and reports whether
// it may.
func (o *Outbox) claim(ctx context.Context, claimed []*longrun.Notice, now time.Time) bool {
	until := now.Add(o.claimTime()).UTC().Truncate(time.Microsecond)
	for _, n := range claimed {
		n.Attempts++
		n.ClaimedBy, n.ClaimedUntil = o.Self.InstanceID, &until
		o.note(n)
	}
	if o.Draft.Write(ctx) && o.Lead.Err() == nil {
		return true
	}
	// Should it have landed all the same, nobody is to wait for its end.
	for _, n := range claimed {
		n.Attempts--
		n.ClaimedBy, n.ClaimedUntil = "", nil
		o.note(n)
	}
	return false
}

// claimTime is how long a message is claimed for: to write that down, and to
// send it.
func (o *Outbox) claimTime() time.Duration { return room.StoreTimeout + o.Channel.patience() }

// due returns the messages that are to be sent now, the oldest first, and how
// long it is until the next one. About one target none overtakes another: with one
// that waits comes what is undelivered before it.
func (o *Outbox) due(now time.Time) (due []*longrun.Notice, wait time.Duration) {
	wait = Idle
	if o.Waiting() == 0 {
		return nil, wait
	}
	type placed struct {
		*longrun.Notice
		at time.Time // no earlier than that of what comes before it about its target
	}
	var all []placed
	for _, words := range o.words() {
		ready := 0 // up to behind the last one that waits
		var these []placed
		at := time.Time{}
		for _, n := range words {
			if left := untilDue(n, now); left > 0 {
				if slices.ContainsFunc(words, isWaiting) {
					wait = min(wait, left)
				}
				break
			}
			if isWaiting(n) || o.tellable(n) && !o.again.atFault(n.NoticeID) {
				at = room.Latest(at, n.Created)
				these = append(these, placed{n, at})
			}
			if isWaiting(n) {
				ready = len(these)
			}
		}
		all = append(all, these[:ready]...)
	}
	slices.SortFunc(all, func(a, b placed) int { return cmp.Or(a.at.Compare(b.at), before(a.Notice, b.Notice)) })
	for _, p := range all {
		due = append(due, p.Notice)
	}
	return due, wait
}

func isWaiting(n *longrun.Notice) bool { return n.State == longrun.Waiting }

// untilDue is how long a message still waits. No clock that was set back makes
// it wait for longer than a channel may ask for.
func untilDue(n *longrun.Notice, now time.Time) time.Duration {
	at := n.TS
	if now.Before(n.Created) && !at.Before(n.Created) { // both are of the clock before it was set back
		at = now
	}
	if n.ClaimedUntil != nil { // somebody may be sending it still
		at = room.Latest(at, *n.ClaimedUntil)
	}
	left := at.Sub(now)
	if left > maxQuiet+time.Minute {
		return 0
	}
	return left
}

// SentOff takes what became of a sending.
func (o *Outbox) SentOff(ctx context.Context, out Outcome) {
	o.sending = nil
	now := o.Clock.Now().UTC().Truncate(time.Microsecond)
	failed := ""
	switch {
	case out.err == nil:
	case alert.IsPartial(out.err) && alert.IsPermanent(out.err):
		failed = hostcall.Line(spawn.Text(out.err), maxError) // people were told, by another channel
	default:
		o.putOff(out, now)
		return
	}
	for _, id := range out.ids {
		if n := o.unsent[id]; n != nil {
			n.SentAt = &now
			o.drop(n, longrun.Sent, failed)
		}
	}
	if o.retrying {
		o.again.took = now
	}
	o.Log.InfoContext(ctx, "alerts sent", "messages", len(out.ids))
}

// putOff puts messages off, or keeps them as undelivered. Those that failed
// together wait together: what a channel that is down gets to do is few calls, and
// what one that is back gets is few messages.
func (o *Outbox) putOff(out Outcome, now time.Time) {
	refused := alert.IsPermanent(out.err)
	attempts := int64(0)
	for _, id := range out.ids {
		if n := o.unsent[id]; n != nil {
			attempts = max(attempts, n.Attempts)
		}
	}
	again := now.Add(Backoff(o.Clock, attempts))
	pause, asked := pauseOf(out.err)
	if asked {
		again = now.Add(pause)
	}
	for _, id := range out.ids {
		n := o.unsent[id]
		if n == nil {
			continue
		}
		n.Error = hostcall.Line(spawn.Text(out.err), maxError)
		if refused {
			o.keep(n, now)
			continue
		}
		n.TS, n.ClaimedBy, n.ClaimedUntil = again, "", nil
		if asked { // of every message, and of whoever leads next
			n.NotBefore = &again
		}
		if alert.IsPartial(out.err) && n.SentAt == nil {
			n.SentAt = &now
		}
		o.note(n)
	}
	switch {
	case refused:
		o.again.refuse(out.ids, o.retrying, now)
	case o.retrying:
		o.again.putOff(again)
	}
}

// Backoff is the pause after so many failures of a channel, spread by a fifth.
func Backoff(clk clock.Clock, attempts int64) time.Duration {
	pause := maxBackoff
	if attempts < 10 {
		pause = min(minBackoff<<max(attempts-1, 0), maxBackoff)
	}
	return spread(clk, pause)
}

// maxLeave bounds how long the end of a lead waits for a message under way.
const maxLeave = 5 * time.Second

// Leave ends the lead's part: what is being sent may arrive, and what is not
// written down is, as far as the lease and the time of the end still allow.
func (o *Outbox) Leave(ctx context.Context) {
	o.sayClosed(ctx)
	if o.Lead.Err() != nil {
		return
	}
	most := min(maxLeave, o.Self.Lease/4)
	tries := 2
	if o.sending != nil {
		waiting, cancel := o.Stop.Take(ctx, most)
		select {
		case out := <-o.outcomes:
			o.SentOff(waiting, out)
		case <-waiting.Done():
		}
		cancel()
		tries--
	}
	for range tries { // a store that was away for a moment takes it the second time
		writing, cancel := o.Stop.Take(ctx, most)
		written := o.Draft.Write(writing)
		cancel()
		if written {
			return
		}
	}
}

// Pause waits until something is to be done here: after wait, when wake says so,
// when the channel took a message that is in no outbox, or when a sending has an
// outcome, which it takes.
func (o *Outbox) Pause(ctx context.Context, wait time.Duration, wake <-chan struct{}) {
	waiting, cancel := deadline.With(ctx, o.Clock, wait)
	defer cancel()
	select {
	case <-waiting.Done():
	case <-wake:
	case <-o.Channel.took:
	case out := <-o.outcomes:
		o.SentOff(ctx, out)
	}
}
