package whatsappprobe

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
)

const (
	// phonePatience is how long a phone is waited for after a linked device has
	// the message.
	phonePatience = time.Minute
	// askAfter is how long it is waited for before it is asked whether it is awake.
	askAfter = 5 * time.Second
	// phoneAwake is how long after its last sign of life a phone is taken to be
	// on the network.
	phoneAwake = 30 * time.Minute
)

type receipts = []sending.Heard[sending.Receipt]

func isDelivery(h sending.Heard[sending.Receipt]) bool { return !h.What.Unreadable }

// first returns the first of the receipts that says of the phone, or of a linked
// device, that it has the message; or could not read it.
func first(all receipts, phone, unreadable bool) (time.Time, bool) {
	i := slices.IndexFunc(all, func(h sending.Heard[sending.Receipt]) bool {
		return (h.What.From.Device == 0) == phone && h.What.Unreadable == unreadable
	})
	if i < 0 {
		return time.Time{}, false
	}
	return all[i].At, true
}

// arrived returns when the message was where it must be, if it was.
func (p *outbound) arrived(all receipts) (at time.Time, ok bool) {
	at, ok = first(all, true, false)
	if !p.opts.AnyDevice {
		return at, ok
	}
	if linked, has := first(all, false, false); has && (!ok || linked.Before(at)) {
		return linked, true
	}
	return at, ok
}

// await waits for the receiver's phone, and for a minute after another of its
// devices has the message.
func (p *outbound) await(ctx context.Context, span *sending.Span, r *sending.Record[sending.Receipt]) (heard receipts, over time.Time) {
	done := func(all receipts) bool { _, ok := p.arrived(all); return ok }
	heard, over = r.Await(span, 0, func(all receipts) bool {
		_, linked := first(all, false, false)
		return linked || done(all)
	})
	at, linked := first(heard, false, false)
	if !linked || done(heard) {
		return heard, over
	}
	if left := phonePatience - over.Sub(at); p.opts.AskPhone && left > askAfter && !p.awake(over) {
		if heard, over = r.Await(span, askAfter, done); done(heard) || span.Ended() {
			return heard, over
		}
		defer p.ask(ctx)()
	}
	return r.Await(span, max(phonePatience-over.Sub(at), 1), done)
}

// awake reports whether the receiver's phone gave a sign of life lately.
func (p *outbound) awake(now time.Time) bool { return now.Sub(p.phoneSeen()) <= phoneAwake }

// ask has the receiver send a message, whose copy its phone answers. It waits for
// nothing; stop calls it off.
func (p *outbound) ask(ctx context.Context) (stop func()) {
	own := p.link.OwnID()
	if p.receiver == nil || own.IsEmpty() || p.receiver.IsOwn(own) {
		return func() {}
	}
	t, ok := p.asks.TryBegin(1)
	if !ok {
		return func() {}
	}
	defer t.Leave()
	marker := sending.Marker{Series: sending.NewSeries(), Place: 1, Of: 1}
	return sending.Send(ctx, p.receiver, t, own, p.receiver.Client.GenerateMessageID(), marker.Text(p.asks.Clock.Now())).CallOff
}

// judge says what the receipts of a message mean that the server took.
func (p *outbound) judge(ctx context.Context, start time.Time, ack sending.Ack, heard receipts, over time.Time) (probe.Result, error) {
	r := probe.Result{Status: probe.Pass}
	at, ok := p.arrived(heard)
	if ok {
		// A receipt may overtake the ack.
		r.Latency = max(at.Sub(start), time.Microsecond)
		r.Stages = append(ack.Stages, probe.Stage{Name: "delivery", Took: max(0, at.Sub(ack.At))})
		return r, nil
	}
	if err := sending.CalledOff(ctx); err != nil {
		return probe.Result{}, err
	}
	r.Status, r.Latency = probe.Fail, over.Sub(start)
	r.Stages = append(ack.Stages, probe.Stage{Name: "delivery", Took: over.Sub(ack.At)})
	_, linked := first(heard, false, false)
	_, unread := first(heard, true, true)
	_, unreadHere := first(heard, false, true)
	switch {
	case unread: // and so it is awake
		r.Class, r.Detail = "undecryptable", "the message arrived, and the receiver's phone could not read it"
	case linked:
		if !p.awake(over) {
			return probe.Result{}, probe.Inconclusive("receiver_phone_offline",
				errors.New("a linked device of the receiver has the message; its phone has not, and has given no sign of life for half an hour"))
		}
		r.Class, r.Detail = "partly_delivered", "a linked device of the receiver has the message, and the phone has not got it, though it is awake"
	case unreadHere:
		r.Class, r.Detail = "undecryptable", "the message arrived, and the receiver could not read it"
	case p.receiver != nil && !p.receiver.Stayed(start, over, Connected):
		return probe.Result{}, probe.Inconclusive("recipient_offline", errors.New("the receiver's client was not connected all the time"))
	default:
		r.Class, r.Detail = "acked_not_delivered", "the server took the message, and no receipt of its delivery came"
	}
	return r, nil
}
