package monitor

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

const (
	// maxNoticeAge is how long a message is tried: what is older helps nobody.
	maxNoticeAge = 72 * time.Hour
	// minBackoff and maxBackoff bound the pause after a failure.
	minBackoff = 2 * time.Second
	maxBackoff = 5 * time.Minute
	// maxNoticeError bounds what is stored of why a message was not sent.
	maxNoticeError = 200
)

// outcome is what became of one sending.
type outcome struct {
	ids []string
	err error
}

// queue puts a message into the outbox. It is written with the state that it
// tells of.
func (w *watch) queue(i longrun.Incident, s rules.State, kind longrun.NoticeKind, now time.Time) {
	now = now.UTC().Truncate(time.Microsecond)
	n := &longrun.Notice{
		NoticeID: longrun.NoticeID(i.IncidentID, s.Seq), TS: now, Created: now, Kind: kind, State: longrun.Waiting,
		Key: s.Key(), IncidentID: i.IncidentID, Rule: i.Rule, Target: i.Target, Severity: i.Severity, Summary: i.Summary,
		Since: i.TSStart, Until: i.TSEnd, InstanceID: w.m.cfg.InstanceID, CommitHash: w.m.cfg.CommitHash,
	}
	if quiet := w.a.channel.quietFor(now); quiet > 0 {
		// Written down with each message, so that a later leader knows of it whatever
		// becomes of the message that was answered so.
		until := now.Add(quiet)
		n.TS, n.NotBefore = until, &until
	}
	for _, older := range w.outbox {
		if older.IncidentID == n.IncidentID && older.Kind == longrun.NoticeReminder && !slices.Contains(w.sending, older.NoticeID) {
			w.drop(older, longrun.Obsolete, "a later message says more")
		}
	}
	w.outbox[n.NoticeID] = n
	w.noteNotice(n)
}

// drop takes a message out of the outbox that is not to be sent any more.
func (w *watch) drop(n *longrun.Notice, state longrun.NoticeState, why string) {
	n.State, n.Error, n.ClaimedBy, n.ClaimedUntil = state, why, "", nil
	delete(w.outbox, n.NoticeID)
	w.noteNotice(n)
}

// tidy takes out of the outbox what is not to be sent any more.
func (w *watch) tidy() {
	now := w.m.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	for id, n := range w.outbox {
		switch {
		case slices.Contains(w.sending, id):
		case w.a.wasTold(id): // under an earlier lead of this process, which could not write it down
			n.SentAt = &now
			w.drop(n, longrun.Sent, "")
		case now.Sub(n.Created) > maxNoticeAge:
			w.m.deps.Log.Error("a message is given up", "key", n.Key, "kind", string(n.Kind), "attempts", n.Attempts, "error", n.Error)
			w.drop(n, longrun.Obsolete, "too old: "+n.Error)
		}
	}
}

// send begins to send what is due, in one message as far as it fits, once that
// this instance does so is written down. It returns how long nothing is due.
func (w *watch) send(ctx context.Context) time.Duration {
	if w.sending != nil {
		return idle // its outcome wakes the watch
	}
	now := w.m.cfg.Clock.Now()
	due, wait := w.due(now)
	if len(due) == 0 || ctx.Err() != nil {
		return wait
	}
	if quiet := w.a.channel.quietFor(now); quiet > 0 {
		return quiet
	}
	if !w.a.channel.take() {
		return time.Second // a message that is in no outbox, or of an earlier lead
	}
	messages := make([]alert.Message, len(due))
	for i, n := range due {
		messages[i] = w.m.message(*n)
	}
	message, k := alert.Coalesce(messages)
	claimed := due[:k]
	until := now.Add(w.claimTime()).UTC().Truncate(time.Microsecond)
	var ids []string
	for _, n := range claimed {
		n.Attempts++
		n.ClaimedBy, n.ClaimedUntil = w.m.cfg.InstanceID, &until
		w.noteNotice(n)
		ids = append(ids, n.NoticeID)
	}
	if !w.write(ctx) || w.lease.Err() != nil {
		// Should it have landed all the same, nobody is to wait for its end.
		for _, n := range claimed {
			n.Attempts--
			n.ClaimedBy, n.ClaimedUntil = "", nil
			w.noteNotice(n)
		}
		w.a.channel.giveBack()
		return pauseAfter(&w.unheld)
	}
	w.sending, w.unheld = ids, 0
	w.a.sends.Go(func() {
		err := w.a.channel.send(w.a.life, message)
		if err == nil {
			w.a.noteTold(ids)
		}
		w.outcomes <- outcome{ids, err}
	})
	return idle
}

// claimTime is how long a message is claimed for: to write that down, and to
// send it.
func (w *watch) claimTime() time.Duration {
	return w.m.deps.Self.AsideTimeout() + w.a.channel.patience()
}

// due returns the messages that are to be sent now, the oldest first, and how
// long it is until the next one. Of one incident none overtakes another.
func (w *watch) due(now time.Time) (due []*longrun.Notice, wait time.Duration) {
	wait = idle
	if len(w.outbox) == 0 {
		return nil, wait
	}
	behind := make(map[string]bool) // incidents of which an older message waits
	for _, n := range slices.SortedFunc(maps.Values(w.outbox), older) {
		left := untilDue(n, now)
		switch {
		case left > 0:
			wait = min(wait, left)
			behind[n.IncidentID] = true
		case !behind[n.IncidentID]:
			due = append(due, n)
		}
	}
	return due, wait
}

func older(a, b *longrun.Notice) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.NoticeID, b.NoticeID))
}

// untilDue is how long a message still waits. No clock that was set back makes
// it wait for longer than a channel may ask for.
func untilDue(n *longrun.Notice, now time.Time) time.Duration {
	at := n.TS
	if n.ClaimedUntil != nil { // somebody may be sending it still
		at = room.Latest(at, *n.ClaimedUntil)
	}
	left := at.Sub(now)
	if left > maxQuiet+time.Minute {
		return 0
	}
	return left
}

// sentOff takes what became of a sending.
func (w *watch) sentOff(ctx context.Context, o outcome) {
	w.sending = nil
	now := w.m.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	if o.err == nil {
		for _, id := range o.ids {
			n := w.outbox[id]
			n.SentAt = &now
			w.drop(n, longrun.Sent, "")
		}
		w.m.deps.Log.InfoContext(ctx, "alerts sent", "messages", len(o.ids))
		return
	}
	w.failed(o, now)
}

// failed puts messages off, or gives them up. Those that failed together wait
// together: what a channel that is down gets to do is few calls, and what one
// that is back gets is few messages.
func (w *watch) failed(o outcome, now time.Time) {
	attempts := int64(0)
	for _, id := range o.ids {
		attempts = max(attempts, w.outbox[id].Attempts)
	}
	again := now.Add(backoff(attempts))
	pause, asked := pauseOf(o.err)
	if asked {
		again = now.Add(pause)
	}
	for _, id := range o.ids {
		n := w.outbox[id]
		n.ClaimedBy, n.ClaimedUntil = "", nil
		n.Error = hostcall.Line(o.err.Error(), maxNoticeError)
		if alert.IsPermanent(o.err) {
			w.drop(n, longrun.Undeliverable, n.Error)
			continue
		}
		n.TS = again
		if asked { // of every message, and of whoever leads next
			n.NotBefore = &again
		}
		w.noteNotice(n)
	}
}

// backoff is the pause after so many failures, spread by a fifth.
func backoff(attempts int64) time.Duration {
	pause := maxBackoff
	if attempts < 10 {
		pause = min(minBackoff<<max(attempts-1, 0), maxBackoff)
	}
	return (pause * time.Duration(90+rand.IntN(21)) / 100).Truncate(time.Microsecond)
}

// maxLeave bounds how long the end of a lead waits for a message under way.
const maxLeave = 5 * time.Second

// leave ends the watch: what is being sent may arrive, and what is not written
// down is, as far as the lease still allows.
func (w *watch) leave(ctx context.Context) {
	defer func() {
		w.m.outages.again(w.outages...)
	}()
	if w.lease.Err() != nil {
		return
	}
	ctx, cancel := deadline.With(context.WithoutCancel(ctx), w.m.cfg.Clock, min(maxLeave, w.m.cfg.Lease/4))
	defer cancel()
	if w.sending != nil {
		select {
		case o := <-w.outcomes:
			w.sentOff(ctx, o)
		case <-ctx.Done():
		}
	}
	w.write(ctx)
}

// message is a notice as the channel gets it.
func (m *Monitor) message(n longrun.Notice) alert.Message {
	out := alert.Message{
		Kind: alert.Firing, Rule: string(n.Rule), Target: n.Target, Severity: string(n.Severity), Summary: n.Summary,
		Since: n.Since, Instance: n.InstanceID, Commit: n.CommitHash, IncidentID: n.IncidentID, Key: n.Key, Link: m.link(n.IncidentID),
	}
	switch n.Kind {
	case longrun.NoticeReminder:
		out.Kind = alert.Reminder
	case longrun.NoticeResolved:
		out.Kind = alert.Resolved
	case longrun.NoticeFiring, longrun.NoNotice:
	}
	if n.Until != nil {
		out.Until = *n.Until
	}
	return out
}
