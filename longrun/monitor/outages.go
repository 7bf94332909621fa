package monitor

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
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
	state   rules.State
	summary string
	muted   string // why this instance does not tell of it
	began   time.Time
	speaks  bool // this instance tells of the outage
	queue   []direct
	sending bool
	ended   []pastOutage // not recorded yet
}

// direct is a message that stands in no outbox.
type direct struct {
	alert.Message
	made time.Time
}

// pastOutage is an outage that this instance saw the end of.
type pastOutage struct {
	longrun.Window
	told bool // this instance spoke of it
}

// look judges the rule. It is called once per slot, whoever leads, and asks no
// store.
func (o *outages) look(ctx context.Context) {
	now := o.m.cfg.Clock.Now()
	h := o.m.store.Health()
	if h.Since.IsZero() && o.quiet() {
		return
	}
	if !h.Since.IsZero() {
		o.choose(ctx, h.Since)
	}
	in := rules.Inputs{Now: now, Settings: o.m.live.Now(), Outage: rules.Outage{Since: h.Since, Ended: h.Ended}}
	rule, _ := rules.Of(rules.StoreUnreachable)
	muted, _ := o.m.alarms.mute.known(rule.ID, "", now)

	o.mu.Lock()
	defer o.mu.Unlock()
	if muted == "" && !o.speaks {
		muted = "the leader tells of it"
	}
	from := o.state.Since
	f := rule.Check(o.state, &in, rules.Target{})
	next, transition := o.state.Next(f, rule.Policy, now)
	if transition == rules.Resolved && from != nil {
		o.remember(pastOutage{longrun.Window{From: *from, To: *next.LastEnd}, o.speaks})
	}
	next, kind := next.Tell(transition, muted != "", in.Settings.AlertThresholds.Throttle(), now)
	o.state, o.muted, o.summary = next, "", ""
	if next.Phase == rules.Firing {
		o.muted, o.summary = muted, hostcall.Line(f.Summary, maxSummary)
	}
	if kind != longrun.NoNotice {
		o.tell(ctx, o.notice(kind, from, next), now)
	}
}

// notice is what is told of the state after a look; from is when the outage
// before that began.
func (o *outages) notice(kind longrun.NoticeKind, from *time.Time, s rules.State) longrun.Notice {
	n := longrun.Notice{
		Kind: kind, Rule: rules.StoreUnreachable, Severity: rules.SeverityOf(rules.StoreUnreachable), Summary: o.summary,
		InstanceID: o.m.cfg.InstanceID, CommitHash: o.m.cfg.CommitHash,
	}
	if kind == longrun.NoticeResolved {
		n.Since, n.Until, n.Summary = *from, s.LastEnd, "the store answers again"
	} else {
		n.Since = *s.Since
	}
	n.IncidentID = rules.IncidentID(n.Rule, "", n.Since)
	// Its numbers are this instance's own: another one's messages are others.
	n.Key = s.Key() + "-" + n.Since.UTC().Format("20060102T150405")
	return n
}

// tell queues a message. A reminder that still waits is obsolete: after a night
// in which the channel was away too, nobody wants one for each hour of it.
func (o *outages) tell(ctx context.Context, n longrun.Notice, now time.Time) {
	o.queue = slices.DeleteFunc(o.queue, func(d direct) bool { return d.Kind == alert.Reminder })
	o.queue = append(o.queue, direct{o.m.message(n), now})
	if !o.sending {
		o.sending = true
		o.group.Go(func() { o.send(ctx) })
	}
}

// quiet reports whether nothing is left of an earlier outage.
func (o *outages) quiet() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.Phase == "" || o.state.Phase == rules.Inactive
}

// choose decides once for each outage whether this instance tells of it.
func (o *outages) choose(ctx context.Context, since time.Time) {
	o.mu.Lock()
	known := o.began.Equal(since)
	o.mu.Unlock()
	if known {
		return
	}
	leader, _ := o.m.campaign.Holder()
	speaks := o.m.campaign.Answers(ctx) || leader == ""
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began, o.speaks = since, speaks
}

// maxEnded bounds the outages that wait to be recorded.
const maxEnded = 100

func (o *outages) remember(past ...pastOutage) {
	o.ended = append(o.ended, past...)
	o.ended = o.ended[max(0, len(o.ended)-maxEnded):]
}

// over returns the outages that are not recorded yet, and again takes some back.
func (o *outages) over() []pastOutage {
	o.mu.Lock()
	defer o.mu.Unlock()
	ended := o.ended
	o.ended = nil
	return ended
}

func (o *outages) again(past ...pastOutage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remember(past...)
}

// maxDirect is how long a message is tried that stands in no outbox.
const maxDirect = 6 * time.Hour

// send sends what is queued, the oldest first and as few messages, until nothing
// is.
func (o *outages) send(ctx context.Context) {
	channel := o.m.alarms.channel
	for failures := int64(0); ; {
		now := o.m.cfg.Clock.Now()
		message, sent, ok := o.next(ctx, now)
		if !ok {
			return
		}
		pause := channel.quietFor(now)
		switch {
		case pause > 0:
		case !channel.take():
			pause = time.Second // a message of the outbox is under way
		default:
			err := channel.send(ctx, message)
			if err == nil || alert.IsPermanent(err) {
				o.done(sent)
				failures = 0
				continue
			}
			failures++
			pause = backoff(failures)
		}
		deadline.Sleep(ctx, o.m.cfg.Clock, pause)
	}
}

// next returns the message to send, and the keys of those that it is made of.
// Without one, send is over.
func (o *outages) next(ctx context.Context, now time.Time) (m alert.Message, keys []string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = slices.DeleteFunc(o.queue, func(d direct) bool { return now.Sub(d.made) > maxDirect })
	if len(o.queue) == 0 || ctx.Err() != nil {
		o.sending = false
		return alert.Message{}, nil, false
	}
	var due []alert.Message
	for _, d := range o.queue {
		due = append(due, d.Message)
		keys = append(keys, d.Key)
	}
	m, k := alert.Coalesce(due)
	return m, keys[:k], true
}

// done takes messages out of the queue that need not be tried again.
func (o *outages) done(keys []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = slices.DeleteFunc(o.queue, func(d direct) bool { return slices.Contains(keys, d.Key) })
}

// status is how the rule stands, nothing where it never stood otherwise.
func (o *outages) status() (AlarmStatus, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return AlarmStatus{State: o.state, Muted: o.muted, Summary: o.summary}, o.state.Rule != ""
}
