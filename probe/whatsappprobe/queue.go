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
	if isNil(cli) || isNil(receiver) {
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

// shown is one message of a series as the receiver's client showed it.
type shown struct {
	place int
	at    time.Time
}

// Probe implements probe.Prober.
func (p *queue) Probe(ctx context.Context) (probe.Result, error) {
	to := p.opts.To
	if to.IsEmpty() {
		to = p.receiver.OwnID()
	}
	target := Mask(to.User)
	if ctx.Err() == nil {
		if r, over := p.link.Finished(); over {
			r.Target = target
			return r, nil
		}
		if r, over := p.receiver.Finished(); over {
			return probe.Result{}, probe.Inconclusive("receiver_"+r.Class, errors.New(r.Detail))
		}
	}
	if to.IsEmpty() {
		return probe.Result{}, fmt.Errorf("%w: the receiver's address is not known", probe.ErrNotConfigured)
	}
	t, err := p.turns.Begin(ctx, p.opts.Messages)
	if errors.Is(err, sending.ErrBusy) {
		r := p.link.Blocked()
		r.Target = target
		return r, nil
	}
	if err != nil {
		return probe.Result{}, err
	}
	defer t.Leave()
	r, err := p.measure(ctx, t, to.ToNonAD())
	r.Target = target
	return r, err
}

// measure judges the depth, sends the series and waits for it.
func (p *queue) measure(ctx context.Context, t *sending.Turn, to types.JID) (probe.Result, error) {
	start := p.turns.Clock.Now()
	if r, over, err := p.tooDeep(ctx, t); over || err != nil {
		return r, err
	}
	series := sending.NewSeries()
	arrivals := make(chan shown, 2*maxQueueMessages)
	p.receiver.Listen(func(event any, now time.Time) {
		if m, ok := sending.Incoming(event); ok && m.Series == series {
			put(arrivals, shown{m.Place, now})
		}
	})
	defer p.receiver.Listen(nil)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var stages []probe.Stage
	for place := 1; place <= p.opts.Messages; place++ {
		text := sending.Marker{Series: series, Place: place, Of: p.opts.Messages}.Text(p.turns.Clock.Now())
		r, ok, err := p.put(ctx, t, to, text)
		if err != nil || !ok {
			r.Stages = append(stages, r.Stages...)
			return r, err
		}
	}
	handed := p.turns.Clock.Now()
	stages = append(stages, probe.Stage{Name: "send", Took: handed.Sub(start)})
	return p.collect(ctx, start, handed, stages, arrivals)
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
		return spawn.Plain(fn(), errHung)
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
func (p *queue) put(ctx context.Context, t *sending.Turn, to types.JID, text string) (r probe.Result, ok bool, err error) {
	start := p.turns.Clock.Now()
	if p.opts.Enqueue == nil {
		ack := sending.Send(ctx, p.link, t, to, p.link.Client.GenerateMessageID(), text).Wait(ctx)
		if err := sending.CalledOff(ctx); err != nil {
			return probe.Result{}, false, err
		}
		if !ack.OK() {
			return ack.Failed(start, ""), false, nil
		}
		return probe.Result{}, true, nil
	}
	err = p.ofTheHost(ctx, t, func() error { return p.opts.Enqueue(ctx, to, text) })
	switch {
	case sending.CalledOff(ctx) != nil:
		return probe.Result{}, false, sending.CalledOff(ctx)
	case errors.Is(err, errHung):
		return probe.Failed("enqueue_blocked", "the host's queue has not taken the message in time"), false, nil
	case err != nil:
		return probe.Failed("enqueue_failed", "the host's queue did not take the message: "+masking.Text(err.Error())), false, nil
	}
	return probe.Result{}, true, nil
}

// collect waits for the series, and says what was wrong with it.
func (p *queue) collect(ctx context.Context, start, handed time.Time, stages []probe.Stage, arrivals <-chan shown) (probe.Result, error) {
	var got []shown
	missing := p.opts.Messages
	seen := make([]bool, p.opts.Messages+1)
	verdict := func(class, detail string) (probe.Result, error) {
		now := p.turns.Clock.Now()
		return probe.Result{
			Status: probe.Fail, Latency: now.Sub(start), Class: class, Detail: detail,
			Stages: append(stages, probe.Stage{Name: "arrival", Took: now.Sub(handed)}),
		}, nil
	}
	for missing > 0 {
		select {
		case s := <-arrivals:
			if s.place < 1 || s.place > p.opts.Messages {
				continue
			}
			if seen[s.place] {
				return verdict("duplicate", fmt.Sprintf("message %d of %d came twice", s.place, p.opts.Messages))
			}
			seen[s.place] = true
			missing--
			got = append(got, s)
			continue
		case <-ctx.Done():
		}
		if err := sending.CalledOff(ctx); err != nil {
			return probe.Result{}, err
		}
		if len(arrivals) > 0 {
			continue
		}
		if r, over := p.receiver.Finished(); over {
			return probe.Result{}, probe.Inconclusive("receiver_"+r.Class, errors.New(r.Detail))
		}
		if p.receiver.State() != Connected {
			return probe.Result{}, probe.Inconclusive("receiver_not_connected", errors.New("the receiver's client is not connected"))
		}
		if missing == p.opts.Messages && p.opts.Enqueue == nil {
			return verdict("acked_not_delivered", fmt.Sprintf("the server took %d messages, and none arrived", p.opts.Messages))
		}
		return verdict("missing", fmt.Sprintf("%d of %d messages did not arrive in time", missing, p.opts.Messages))
	}
	for i, s := range got {
		if s.place != i+1 {
			return verdict("out_of_order", fmt.Sprintf("message %d of %d came as number %d", s.place, p.opts.Messages, i+1))
		}
	}
	if s, again := p.linger(ctx, arrivals); again {
		return verdict("duplicate", fmt.Sprintf("message %d of %d came twice", s.place, p.opts.Messages))
	}
	last := got[len(got)-1].at
	return probe.Result{
		Status: probe.Pass, Latency: max(last.Sub(start), time.Microsecond),
		Stages: append(stages, probe.Stage{Name: "arrival", Took: max(0, last.Sub(handed))}),
	}, nil
}

// lingering is how long a series that is complete is listened for: what comes
// twice comes at once, mostly. Later it is not seen.
const lingering = time.Second

// linger returns a message that came once more, if one does.
func (p *queue) linger(ctx context.Context, arrivals <-chan shown) (shown, bool) {
	over := make(chan struct{})
	timer := p.turns.Clock.AfterFunc(lingering, func() { close(over) })
	defer timer.Stop()
	select {
	case s := <-arrivals:
		return s, true
	case <-over:
	case <-ctx.Done():
	}
	return shown{}, false
}
