package monitor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// outages watches the store itself. While it is away nothing can be written and
// nobody leads for long, so that this rule is judged by every instance for
// itself, from memory, and told directly: at most once in each throttle by one
// instance, and only by one that led when the store went, or that knew of no
// leader. What became of it is an incident as soon as somebody leads again.
type outages struct {
	m *Monitor

	group sync.WaitGroup // of the messages under way

	mu      sync.Mutex
	state   longrun.AlertState
	began   time.Time
	speaks  bool // this instance tells of the outage
	queue   []alert.Message
	sending bool
	ended   []longrun.Window // not recorded yet
}

// look judges the rule. It is called once per slot, whoever leads.
func (o *outages) look(ctx context.Context) {
	now := o.m.cfg.Clock.Now()
	h := o.m.reach.health()
	if h.since.IsZero() && o.quiet() {
		return
	}
	if !h.since.IsZero() {
		o.choose(ctx, h.since)
	}
	limits := o.m.settings.Load().AlertThresholds
	f := longrun.CheckStoreUnreachable(h.since, now, time.Duration(limits.StoreUnreachableSec*float64(time.Second)))
	muted, _ := o.m.alarms.mute.known(longrun.StoreUnreachable, "", now)

	o.mu.Lock()
	defer o.mu.Unlock()
	from := o.state.Since
	next, transition := o.state.Next(f, longrun.StoreUnreachable.Policy(), now)
	if transition == longrun.Resolved && from != nil {
		o.remember(longrun.Window{From: *from, To: *next.LastEnd})
	}
	next, kind := next.Tell(transition, muted != "" || !o.speaks, limits.Throttle(), now)
	o.state = next
	if kind == longrun.NoNotice {
		return
	}
	n := longrun.Notice{
		Kind: kind, Rule: longrun.StoreUnreachable, Severity: longrun.StoreUnreachable.Severity(), Summary: publicLine(f.Summary, maxSummary),
		InstanceID: o.m.cfg.InstanceID, CommitHash: o.m.cfg.CommitHash,
	}
	if transition == longrun.Resolved {
		n.Since, n.Until, n.Summary = *from, next.LastEnd, "the store answers again"
	} else {
		n.Since = *next.Since
	}
	n.IncidentID = longrun.IncidentID(n.Rule, "", n.Since)
	// Its numbers are this instance's own: another one's messages are others.
	n.Key = next.Key() + "-" + n.Since.UTC().Format("20060102T150405")
	o.queue = append(o.queue, o.m.message(n))
	if !o.sending {
		o.sending = true
		o.group.Go(func() { o.send(ctx) })
	}
}

// quiet reports whether nothing is left of an earlier outage.
func (o *outages) quiet() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.State == "" || o.state.State == longrun.Inactive
}

// choose decides once for each outage whether this instance tells of it.
func (o *outages) choose(ctx context.Context, since time.Time) {
	o.mu.Lock()
	known := o.began.Equal(since)
	o.mu.Unlock()
	if known {
		return
	}
	speaks := o.m.answers(ctx) || !o.m.lock.View().Row.Held()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began, o.speaks = since, speaks
}

// maxEnded bounds the outages that wait to be recorded.
const maxEnded = 100

func (o *outages) remember(w longrun.Window) {
	if len(o.ended) >= maxEnded {
		o.ended = o.ended[1:]
	}
	o.ended = append(o.ended, w)
}

// over returns the outages that are not recorded yet, and again takes one back.
func (o *outages) over() []longrun.Window {
	o.mu.Lock()
	defer o.mu.Unlock()
	ended := o.ended
	o.ended = nil
	return ended
}

func (o *outages) again(w longrun.Window) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remember(w)
}

// maxDirect is how long a message is tried that stands in no outbox.
const maxDirect = 6 * time.Hour

// send sends what is queued, in order, until nothing is.
func (o *outages) send(ctx context.Context) {
	for {
		o.mu.Lock()
		if len(o.queue) == 0 || ctx.Err() != nil {
			o.sending = false
			o.mu.Unlock()
			return
		}
		m := o.queue[0]
		o.queue = o.queue[1:]
		o.mu.Unlock()
		o.deliver(ctx, m)
	}
}

func (o *outages) deliver(ctx context.Context, m alert.Message) {
	begun := o.m.cfg.Clock.Now()
	for attempt := int64(1); ; attempt++ {
		err := o.m.alarms.channel.send(ctx, m)
		if err == nil || alert.IsPermanent(err) || o.m.cfg.Clock.Now().Sub(begun) > maxDirect {
			return
		}
		pause := backoff(attempt)
		if wait, ok := errors.AsType[*alert.RetryAfterError](err); ok {
			pause = min(max(wait.After, 0), maxQuiet) + time.Second
		}
		if !sleep(ctx, o.m.cfg.Clock, pause) {
			return
		}
	}
}

// status is how the rule stands, nothing where it never stood otherwise.
func (o *outages) status() (longrun.AlertState, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state, o.state.Rule != ""
}
