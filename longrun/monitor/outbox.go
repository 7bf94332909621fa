package monitor

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
)

const (
	// maxNoticeAge is how long a message is tried: what is older helps nobody.
	maxNoticeAge = 72 * time.Hour
	// maxQuiet is the longest that a channel may ask to be left alone. Three
	// hours have been seen.
	maxQuiet = 6 * time.Hour
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
func (w *watch) queue(i longrun.Incident, s longrun.AlertState, kind longrun.NoticeKind, now time.Time) {
	now = now.UTC().Truncate(time.Microsecond)
	n := &longrun.Notice{
		NoticeID: longrun.NoticeID(i.IncidentID, s.Seq), TS: now, Created: now, Kind: kind, State: longrun.Waiting,
		Key: s.Key(), IncidentID: i.IncidentID, Rule: i.Rule, Target: i.Target, Severity: i.Severity, Summary: i.Summary,
		Since: i.TSStart, Until: i.TSEnd, InstanceID: w.m.cfg.InstanceID, CommitHash: w.m.cfg.CommitHash,
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

// expire drops what is too old.
func (w *watch) expire() {
	now := w.m.cfg.Clock.Now()
	for _, n := range w.outbox {
		if now.Sub(n.Created) > maxNoticeAge && !slices.Contains(w.sending, n.NoticeID) {
			w.m.cfg.Logger.Error("a message is given up", "key", n.Key, "kind", string(n.Kind), "attempts", n.Attempts, "error", n.Error)
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
	if wait := w.quiet.Sub(now); wait > 0 {
		return wait
	}
	due, wait := w.due(now)
	if len(due) == 0 || ctx.Err() != nil {
		return wait
	}
	messages := make([]alert.Message, len(due))
	for i, n := range due {
		messages[i] = w.m.message(*n)
	}
	message, k := alert.Coalesce(messages)
	until := now.Add(w.a.channel.patience()).UTC().Truncate(time.Microsecond)
	var ids []string
	for _, n := range due[:k] {
		n.Attempts++
		n.ClaimedBy, n.ClaimedUntil = w.m.cfg.InstanceID, &until
		w.noteNotice(n)
		ids = append(ids, n.NoticeID)
	}
	if !w.write(ctx) || w.lease.Err() != nil {
		// Claimed or not: the claim is ours, and it is tried again at once.
		for _, n := range due[:k] {
			n.Attempts--
			n.ClaimedUntil = nil
		}
		return time.Second
	}
	w.sending = ids
	// The end of the lead alone does not break off a message: leave waits for it.
	sending := context.WithoutCancel(ctx)
	go func() {
		err := w.a.channel.send(sending, message)
		if err == nil {
			w.a.noteTold(ids)
		}
		w.outcomes <- outcome{ids, err}
	}()
	return idle
}

// due returns the messages that are to be sent now, the oldest first, and how
// long it is until the next one.
func (w *watch) due(now time.Time) (due []*longrun.Notice, wait time.Duration) {
	wait = idle
	for _, n := range w.outbox {
		at := n.TS
		if n.ClaimedUntil != nil { // somebody may be sending it still
			at = latest(at, *n.ClaimedUntil)
		}
		if left := at.Sub(now); left > 0 {
			wait = min(wait, left)
		} else {
			due = append(due, n)
		}
	}
	slices.SortFunc(due, func(a, b *longrun.Notice) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.NoticeID, b.NoticeID))
	})
	return due, wait
}

// sentOff takes what became of a sending.
func (w *watch) sentOff(ctx context.Context, o outcome) {
	w.sending = nil
	now := w.m.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	for _, id := range o.ids {
		n := w.outbox[id]
		if n == nil {
			continue
		}
		n.ClaimedBy, n.ClaimedUntil = "", nil
		if o.err == nil {
			n.SentAt = &now
			w.drop(n, longrun.Sent, "")
			continue
		}
		w.failed(n, o.err, now)
	}
	if o.err == nil {
		w.m.cfg.Logger.InfoContext(ctx, "alerts sent", "messages", len(o.ids))
	}
}

// failed puts a message off, or gives it up.
func (w *watch) failed(n *longrun.Notice, err error, now time.Time) {
	n.Error = publicLine(err.Error(), maxNoticeError)
	if alert.IsPermanent(err) {
		w.drop(n, longrun.Undeliverable, n.Error)
		return
	}
	if wait, ok := errors.AsType[*alert.RetryAfterError](err); ok {
		// For every message, and for whoever leads next.
		until := now.Add(min(max(wait.After, 0), maxQuiet) + time.Second)
		n.TS, n.NotBefore, w.quiet = until, &until, latest(w.quiet, until)
	} else {
		n.TS = now.Add(backoff(n.Attempts))
	}
	w.noteNotice(n)
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

func levelOf(err error) slog.Level {
	if err == nil {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}
