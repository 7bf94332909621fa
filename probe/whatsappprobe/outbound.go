package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
)

// OutboundOptions are the optional settings of Outbound.
type OutboundOptions struct {
	// AckIsEnough makes the server's ack a PASS. It proves that the account may
	// send, and not that anything arrives. Default: the delivery receipt of one
	// of the receiver's devices.
	AckIsEnough bool
	// Burst is how many messages may be sent at once; then it is one every 30 s.
	// Raise it only where no WhatsApp is at the other end. Default: 12, or what
	// three probes need if that is more.
	Burst int
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

// Outbound returns a prober that sends one message from cli to an account, one
// that you own and that is online, and passes at its delivery receipt: a receiver
// that is away is not told from a message that is lost. Its
// stages are queue, devices, encrypt, ack and delivery. It adds an event handler
// to cli for the life of the client, so make one for each client. A nil cli or
// an empty to is not configured; opts may be nil.
func Outbound(cli Client, to types.JID, opts *OutboundOptions) probe.Prober {
	if isNil(cli) || to.IsEmpty() {
		return notConfigured
	}
	p := &outbound{to: to.ToNonAD()}
	if opts != nil {
		p.opts = *opts
	}
	p.turns = sending.NewTurns(p.opts.Clock, p.opts.Burst, 1)
	p.link = sending.NewLink(cli, p.turns.Clock)
	return p
}

// notConfigured is the prober of a part that is not there.
var notConfigured = probe.Func(func(context.Context) (probe.Result, error) { //nolint:gochecknoglobals // a constant
	return probe.Result{}, probe.ErrNotConfigured
})

type outbound struct {
	opts  OutboundOptions
	to    types.JID
	link  *sending.Link
	turns *sending.Turns
}

// Probe implements probe.Prober.
func (p *outbound) Probe(ctx context.Context) (probe.Result, error) {
	target := Mask(p.to.User)
	if r, over := p.link.Finished(); over && ctx.Err() == nil {
		r.Target = target
		return r, nil
	}
	if p.link.OwnID() == p.to {
		return probe.Result{}, fmt.Errorf("%w: a message to oneself has no delivery receipt; probe to another account", probe.ErrNotConfigured)
	}
	t, err := p.turns.Begin(ctx, 1)
	if errors.Is(err, sending.ErrBusy) {
		r := p.link.Blocked()
		r.Target = target
		return r, nil
	}
	if err != nil {
		return probe.Result{}, err
	}
	defer t.Leave()

	id := p.link.Client.GenerateMessageID()
	arrived := make(chan time.Time, 1)
	unreadable := make(chan struct{}, 1)
	p.link.Listen(func(event any, now time.Time) {
		delivered, retry := sending.Receipt(event, id)
		if delivered {
			put(arrived, now)
		}
		if retry {
			put(unreadable, struct{}{})
		}
	})
	defer p.link.Listen(nil)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // whatever is left of the send
	start := p.turns.Clock.Now()
	ack := sending.Send(ctx, p.link, t, p.to, id, sending.Marker{Series: sending.NewSeries(), Place: 1, Of: 1}.Text(start)).Wait(ctx)
	if err := sending.CalledOff(ctx); err != nil {
		return probe.Result{}, err
	}
	var delivered time.Time
	switch {
	case !ack.OK():
		// Without acks an account is as good as mute, whatever arrives: each of
		// its sends waits for one, and all others behind it.
		if ack.Class != "no_ack" || len(arrived) == 0 {
			return ack.Failed(start, target), nil
		}
		r := ack.Failed(start, target)
		r.Detail = "the message arrived, and the server's ack did not"
		return r, nil
	case p.opts.AckIsEnough:
		return probe.Result{Status: probe.Pass, Latency: ack.At.Sub(start), Stages: ack.Stages, Target: target}, nil
	}
	select {
	case delivered = <-arrived:
	case <-ctx.Done():
	}
	now := p.turns.Clock.Now()
	if delivered.IsZero() {
		if err := sending.CalledOff(ctx); err != nil {
			return probe.Result{}, err
		}
		r := probe.Result{
			Status: probe.Fail, Latency: now.Sub(start), Stages: append(ack.Stages, probe.Stage{Name: "delivery", Took: now.Sub(ack.At)}), Target: target,
			Class: "acked_not_delivered", Detail: "the server took the message, and no receipt of its delivery came",
		}
		if len(unreadable) > 0 {
			r.Class, r.Detail = "undecryptable", "the message arrived, and the receiver could not read it"
		}
		return r, nil
	}
	return probe.Result{
		// A receipt may overtake the ack.
		Status: probe.Pass, Latency: max(delivered.Sub(start), time.Microsecond), Target: target,
		Stages: append(ack.Stages, probe.Stage{Name: "delivery", Took: max(0, delivered.Sub(ack.At))}),
	}, nil
}

// put sends v unless one waits already.
func put[T any](ch chan T, v T) {
	select {
	case ch <- v:
	default:
	}
}
