package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// OutboundOptions are the optional settings of Outbound.
type OutboundOptions struct {
	// AckIsEnough makes the server's ack a PASS. It proves that the account may
	// send, and not that anything arrives. Default: the delivery receipt of the
	// receiver's phone.
	AckIsEnough bool
	// AnyDevice makes the receipt of any of the receiver's devices a PASS, for a
	// receiver that has no phone behind it. Default: its phone's alone; what only
	// a linked device has is missing in the chat that people look at.
	AnyDevice bool
	// Receiver is the client of the account that is sent to, where this program
	// holds it. It tells what is the receiver's fault: it was not connected, or
	// its phone is off. Default: none; then a receiver that is away is not told
	// from a message that is lost.
	Receiver Client
	// AskPhone lets Receiver send a message back, to cli's account, where nothing
	// else tells whether its phone is awake: a linked device has the message, the
	// phone has not said so for 5 s, and gave no sign of life for half an hour.
	// Its copy of what is sent from there it answers when it is awake. Default:
	// nothing is sent from Receiver.
	AskPhone bool
	// Burst is how many messages may be sent at once; then it is one every 30 s.
	// Raise it only where no WhatsApp is at the other end. Default: 12, or what
	// three probes need if that is more.
	Burst int
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

// Outbound returns a prober that sends one message from cli to an account, one
// that you own and that is online, and passes when the receiver's phone says that
// it has it. Its stages are queue, devices, encrypt, ack and delivery.
//
// If only linked devices say so, the phone is waited for, 60 s more at the most.
// Then it is a FAIL where that phone is known to be awake: in the last 30 minutes
// it gave a sign of life to Receiver's client, as it does for all that is sent
// from there (an Inbound from the same account, say), or to cli. A phone that
// has been silent for longer may be off, and the outcome is an error; AskPhone
// makes sure.
//
// It adds an event handler to cli, and to Receiver, for the life of the client,
// so make one for each client. A nil cli or an empty to is not configured, nor is
// the account's own address, or a Receiver that is another account; opts may be
// nil.
func Outbound(cli Client, to types.JID, opts *OutboundOptions) probe.Prober {
	if spawn.Nothing(cli) || to.IsEmpty() {
		return notConfigured
	}
	p := &outbound{to: to.ToNonAD()}
	if opts != nil {
		p.opts = *opts
	}
	p.turns = sending.NewTurns(p.opts.Clock, p.opts.Burst, 1)
	p.link = sending.NewLink(cli, p.turns.Clock)
	if !spawn.Nothing(p.opts.Receiver) {
		p.asks = sending.NewTurns(p.opts.Clock, p.opts.Burst, 1)
		p.receiver = sending.NewLink(p.opts.Receiver, p.turns.Clock)
	}
	p.link.Listen(p.noteSign)
	return p
}

// notConfigured is the prober of a part that is not there.
var notConfigured = probe.Func(func(context.Context) (probe.Result, error) { //nolint:gochecknoglobals // a constant
	return probe.Result{}, probe.ErrNotConfigured
})

type outbound struct {
	opts     OutboundOptions
	to       types.JID
	link     *sending.Link
	receiver *sending.Link // nil without a client of it
	turns    *sending.Turns
	asks     *sending.Turns // of the receiver's own messages

	mu    sync.Mutex
	named types.JID // the receiver as its receipts name it, once one came
	phone time.Time // the last sign of life of its phone
}

// Probe implements probe.Prober.
func (p *outbound) Probe(ctx context.Context) (probe.Result, error) {
	r, err := p.probe(ctx)
	if err != nil {
		return probe.Result{}, err
	}
	r.Target = Mask(p.to.User)
	return r, nil
}

func (p *outbound) probe(ctx context.Context) (probe.Result, error) {
	if r, over := p.link.Finished(); over && ctx.Err() == nil {
		return r, nil
	}
	if p.link.IsOwn(p.to) {
		return probe.Result{}, fmt.Errorf("%w: a message to oneself has no delivery receipt; probe to another account", probe.ErrNotConfigured)
	}
	if p.receiver != nil && p.receiver.IsOther(p.to) {
		return probe.Result{}, fmt.Errorf("%w: Receiver is not the account that is sent to", probe.ErrNotConfigured)
	}
	t, err := p.turns.Begin(ctx, 1)
	if errors.Is(err, sending.ErrBusy) {
		return p.link.Blocked(p.turns.Clock.Now()), nil
	}
	if err != nil {
		return probe.Result{}, err
	}
	defer t.Leave()

	span := sending.NewSpan(ctx, p.turns.Clock)
	defer span.Close()
	id := p.link.Client.GenerateMessageID()
	receipts := sending.NewRecord[sending.Receipt]()
	p.link.Listen(func(event any, state tracker.State, now time.Time) {
		if r, ok := sending.ReceiptOf(event, id); ok {
			p.name(r.From)
			receipts.Add(r, now)
		}
		p.noteSign(event, state, now)
	})
	defer p.link.Listen(p.noteSign)

	start := p.turns.Clock.Now()
	marker := sending.Marker{Series: sending.NewSeries(), Place: 1, Of: 1}
	ack := sending.Send(ctx, p.link, t, p.to, id, marker.Text(start)).Wait(span)
	switch {
	case !ack.OK():
		if err := sending.CalledOff(ctx); err != nil {
			return probe.Result{}, err
		}
		// Without acks an account is as good as mute, whatever arrives: each of
		// its sends waits for one, and all others behind it.
		r := ack.Failed(start)
		if ack.Class == "no_ack" && slices.ContainsFunc(receipts.By(ack.At), isDelivery) {
			r.Detail = "the message arrived, and the server's ack did not"
		}
		return r, nil
	case p.opts.AckIsEnough:
		return probe.Result{Status: probe.Pass, Latency: ack.At.Sub(start), Stages: ack.Stages}, nil
	}
	heard, over := p.await(ctx, span, receipts)
	return p.judge(ctx, start, ack, heard, over)
}

// noteSign keeps the signs of life of the receiver's phone.
func (p *outbound) noteSign(event any, _ tracker.State, now time.Time) {
	sign, ok := sending.SignOf(event, now)
	if !ok || sign.Own {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if sign.Phone == p.named && sign.At.After(p.phone) {
		p.phone = sign.At
	}
}

// name takes the address by which the receiver signs: not the one that was
// written to, mostly.
func (p *outbound) name(device types.JID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.named = device.ToNonAD()
}

// phoneSeen returns when the receiver's phone last gave a sign of life.
func (p *outbound) phoneSeen() time.Time {
	p.mu.Lock()
	seen := p.phone
	p.mu.Unlock()
	if p.receiver == nil {
		return seen
	}
	if own := p.receiver.PhoneSeen(); own.After(seen) {
		return own
	}
	return seen
}
