package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

const (
	defaultQueueMessages = 5
	maxQueueMessages     = 10
	defaultMaxDepth      = 100
)

// QueueOptions are the optional settings of Queue.
type QueueOptions struct {
	// Messages is how many are sent, 2 to 10. Default: 5.
	Messages int
	// Enqueue puts a text for an account into the host's queue. It is called
	// once for each message, in order, and returns when the queue has it.
	// Default: none; the messages go straight through the client, one after the
	// other.
	Enqueue func(ctx context.Context, to types.JID, text string) error
	// Depth tells how many messages wait in the host's queue, before the probe
	// adds its own. Default: none; the depth is not judged.
	Depth func(ctx context.Context) (int64, error)
	// MaxDepth is the depth above which the probe fails. Default: 100.
	MaxDepth int64
	// To is the receiver's address. Default: as its client's device store says.
	To types.JID
	// Burst is how many messages may be sent at once; then it is one every 30 s.
	// Raise it only where no WhatsApp is at the other end. Default: 12, or what
	// three probes need if that is more.
	Burst int
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

// Queue returns a prober that sends several messages from cli to the receiver,
// an account of yours for probes alone, and passes when the receiver's client
// shows each of them once, in order, before the time is over. Its latency is
// that of the last one. What the receiver's client cannot do is an error.
//
// It adds an event handler to both clients for their life. A nil client is not
// configured; opts may be nil. A number of messages out of its range is taken
// as the nearest in it.
func Queue(cli, receiver Client, opts *QueueOptions) probe.Prober {
	if spawn.Nothing(cli) || spawn.Nothing(receiver) {
		return notConfigured
	}
	p := &queue{}
	if opts != nil {
		p.opts = *opts
	}
	if p.opts.Messages == 0 {
		p.opts.Messages = defaultQueueMessages
	}
	p.opts.Messages = min(max(p.opts.Messages, 2), maxQueueMessages)
	if p.opts.MaxDepth == 0 {
		p.opts.MaxDepth = defaultMaxDepth
	}
	p.turns = sending.NewTurns(p.opts.Clock, p.opts.Burst, p.opts.Messages)
	p.link, p.receiver = sending.NewLink(cli, p.turns.Clock), sending.NewLink(receiver, p.turns.Clock)
	return p
}

type queue struct {
	opts           QueueOptions
	link, receiver *sending.Link
	turns          *sending.Turns
}

// Probe implements probe.Prober.
func (p *queue) Probe(ctx context.Context) (probe.Result, error) {
	to := p.opts.To
	if to.IsEmpty() {
		to = p.receiver.OwnID()
	}
	r, err := p.probe(ctx, to.ToNonAD())
	r.Target = Mask(to.User)
	return r, err
}

func (p *queue) probe(ctx context.Context, to types.JID) (probe.Result, error) {
	if ctx.Err() == nil {
		if r, over := p.link.Finished(); over {
			return r, nil
		}
		if r, over := p.receiver.Finished(); over {
			return probe.Result{}, probe.Inconclusive("receiver_"+r.Class, errors.New(r.Detail))
		}
	}
	if to.IsEmpty() {
		return probe.Result{}, fmt.Errorf("%w: the receiver's address is not known", probe.ErrNotConfigured)
	}
	if p.link.IsOwn(to) || p.link.IsOwn(p.receiver.OwnID()) {
		return probe.Result{}, fmt.Errorf("%w: the receiver is the account itself", probe.ErrNotConfigured)
	}
	t, err := p.turns.Begin(ctx, p.opts.Messages)
	if errors.Is(err, sending.ErrBusy) {
		return p.link.Blocked(p.turns.Clock.Now()), nil
	}
	if err != nil {
		return probe.Result{}, err
	}
	defer t.Leave()
	return p.measure(ctx, t, to)
}

// measure judges the depth, sends the series and waits for it.
func (p *queue) measure(ctx context.Context, t *sending.Turn, to types.JID) (probe.Result, error) {
	start := p.turns.Clock.Now()
	if r, over, err := p.tooDeep(ctx, t); over || err != nil {
		return r, err
	}
	span := sending.NewSpan(ctx, p.turns.Clock)
	defer span.Close()
	name := sending.NewSeries()
	places := sending.NewRecord[int]()
	p.receiver.Listen(func(event any, _ tracker.State, now time.Time) {
		if m, ok := sending.Incoming(event); ok && m.Series == name && m.Place >= 1 && m.Place <= p.opts.Messages {
			places.Add(m.Place, now)
		}
	})
	defer p.receiver.Listen(nil)

	s := series{of: p.opts.Messages, start: start}
	for place := 1; place <= s.of; place++ {
		text := sending.Marker{Series: name, Place: place, Of: s.of}.Text(p.turns.Clock.Now())
		r, ok, err := p.put(ctx, span, t, to, text)
		if err != nil || !ok {
			return r, err
		}
	}
	s.handed = p.turns.Clock.Now()
	if span.Ended() {
		s.handed = span.End()
	}
	return p.collect(ctx, span, s, places)
}

// tooDeep judges the host's queue before anything is added to it.
func (p *queue) tooDeep(ctx context.Context, t *sending.Turn) (r probe.Result, over bool, err error) {
	if p.opts.Depth == nil {
		return probe.Result{}, false, nil
	}
	depths := make(chan int64, 1)
	err = p.ofTheHost(ctx, t, func() error {
		depth, err := p.opts.Depth(ctx)
		depths <- depth
		return err
	})
	switch {
	case sending.CalledOff(ctx) != nil:
		return probe.Result{}, false, sending.CalledOff(ctx)
	case err != nil:
		return probe.Result{}, false, probe.Inconclusive("queue_depth_unknown", errors.New(masking.Text(err.Error())))
	}
	if depth := <-depths; depth > p.opts.MaxDepth {
		return probe.Failed("queue_depth", fmt.Sprintf("%d messages wait, more than %d", depth, p.opts.MaxDepth)), true, nil
	}
	return probe.Result{}, false, nil
}

// errHung says that a function of the host did not come back in time.
var errHung = errors.New("it did not return in time")

// ofTheHost calls a function of the host, which may ignore its context, hang or
// panic. What hangs is part of the turn until it ends.
func (p *queue) ofTheHost(ctx context.Context, t *sending.Turn, fn func() error) error {
	t.Join()
	done := spawn.Start("the host", func() error {
		defer t.Leave()
		return spawn.Plain(fn(), errHung, context.Canceled, context.DeadlineExceeded)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	late := make(chan struct{})
	timer := p.turns.Clock.AfterFunc(sending.LastWord, func() { close(late) })
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-late:
		return errHung
	}
}

// put hands one message over, and reports whether that worked.
func (p *queue) put(ctx context.Context, span *sending.Span, t *sending.Turn, to types.JID, text string) (r probe.Result, ok bool, err error) {
	start := p.turns.Clock.Now()
	if p.opts.Enqueue == nil {
		if span.Ended() {
			if err := sending.CalledOff(ctx); err != nil {
				return probe.Result{}, false, err
			}
			return probe.Failed("no_ack", "the server did not answer to all messages in time"), false, nil
		}
		ack := sending.Send(ctx, p.link, t, to, p.link.Client.GenerateMessageID(), text).Wait(span)
		if ack.OK() {
			return probe.Result{}, true, nil
		}
		if err := sending.CalledOff(ctx); err != nil {
			return probe.Result{}, false, err
		}
		return ack.Failed(start), false, nil
	}
	err = errHung
	if !span.Ended() {
		err = p.ofTheHost(ctx, t, func() error { return p.opts.Enqueue(ctx, to, text) })
	}
	switch {
	case err == nil:
		return probe.Result{}, true, nil
	case sending.CalledOff(ctx) != nil:
		return probe.Result{}, false, sending.CalledOff(ctx)
	case errors.Is(err, errHung), ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return probe.Failed("enqueue_blocked", "the host's queue has not taken the message in time"), false, nil
	}
	return probe.Failed("enqueue_failed", "the host's queue did not take the message: "+masking.Text(err.Error())), false, nil
}
