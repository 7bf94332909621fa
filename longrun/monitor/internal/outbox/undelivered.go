package outbox

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
)

const (
	// maxKept is how long after the end of what it tells of a message is kept that
	// could not be delivered.
	maxKept = 30 * 24 * time.Hour
	// renewEvery is how often the time of one that is kept is renewed: a new lead
	// reads what is due lately.
	renewEvery = 24 * time.Hour
)

// keep keeps a message that could not be delivered.
func (o *Outbox) keep(n *longrun.Notice, now time.Time) {
	n.State, n.TS, n.ClaimedBy, n.ClaimedUntil = longrun.Undelivered, now, "", nil
	if n.UndeliveredSince == nil {
		n.UndeliveredSince = &now
	}
	o.loose[keyOf(n)] = true
	o.note(n)
}

// grewOld keeps a message that was tried for as long as one is.
func (o *Outbox) grewOld(n *longrun.Notice, now time.Time) {
	if n.SentAt != nil { // some channel took it, and that has to do
		o.drop(n, longrun.Sent, n.Error)
		return
	}
	o.keep(n, now)
}

// tidyUndelivered closes a message that nobody needs to be told any more.
func (o *Outbox) tidyUndelivered(ctx context.Context, n *longrun.Notice, now time.Time) {
	switch {
	case o.busy(n, now):
	case n.Until != nil && now.Sub(*n.Until) > maxKept:
		o.Log.ErrorContext(ctx, "a message is given up: what it tells of is over for too long", "message", n.Key, "attempts", n.Attempts, "error", n.Error)
		o.drop(n, longrun.Obsolete, "too old: "+n.Error)
	case o.old.done && !o.loose[keyOf(n)] && !o.tellable(n):
		o.drop(n, longrun.Obsolete, "its incident is over")
		o.old.closed++
	case now.Sub(n.TS) > renewEvery:
		n.TS = now
		o.note(n)
	}
}

// tellable reports whether what a message says is true still: that something began
// or goes on is told while it does.
func (o *Outbox) tellable(n *longrun.Notice) bool {
	if saysOver(n) {
		return true
	}
	open, _ := o.Standing(n.Rule, n.Target)
	return open == n.IncidentID
}

// sayUndelivered says, once for each class of trouble, that there is something
// that could not be delivered, and that there no longer is.
func (o *Outbox) sayUndelivered(ctx context.Context) {
	n, since := o.Undelivered()
	if n > 0 {
		s := o.Channel.Status()
		o.Log.Once(ctx, slog.LevelError, "undelivered", cmp.Or(s.Class, "kept"), "messages could not be delivered, and are told when the channel works again", "messages", n, "since", since, "error", s.LastError)
	} else if o.Log.Over("undelivered") {
		o.Log.InfoContext(ctx, "nothing is undelivered any more")
	}
}

// message is a notice as the channel gets it, with what there is to know of one
// that comes late.
func (o *Outbox) message(n *longrun.Notice) alert.Message {
	m := o.Channel.Message(*n)
	if n.Untold {
		m.Details = append(m.Details, "that it began may not have been told: alerts could not be delivered")
	} else if n.UndeliveredSince != nil {
		m.Details = append(m.Details, "could not be delivered since "+n.UndeliveredSince.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if n.More > 0 {
		m.Details = append(m.Details, fmt.Sprintf("%d more of it before, all over, of which nobody was told", n.More))
	}
	if saysOver(n) && n.UndeliveredSince != nil {
		if open, since := o.Standing(n.Rule, n.Target); open != "" && open != n.IncidentID {
			m.Details = append(m.Details, "another one goes on since "+since.UTC().Format("2006-01-02 15:04:05 UTC"))
		}
	}
	return m
}

// coalesce makes one message of the first k of due. all is how many are
// undelivered in all: where they do not fit, the message says how many follow.
func (o *Outbox) coalesce(due []*longrun.Notice, all int) (message alert.Message, k int) {
	messages := make([]alert.Message, len(due))
	for i, n := range due {
		messages[i] = o.message(n)
	}
	first := messages[0].Details
	for k = len(due); ; {
		if all > k {
			messages[0].Details = append(slices.Clip(first), fmt.Sprintf("%d more messages could not be delivered, and follow", all-k))
		}
		m, fits := alert.Coalesce(messages)
		if fits >= k {
			return m, k
		}
		k, messages = fits, messages[:fits]
	}
}
