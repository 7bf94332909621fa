package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
)

// InboundOptions are the optional settings of Inbound.
type InboundOptions struct {
	// To is the monitored account's address. Default: as its client's device
	// store says, and where that cannot be read the probe is not configured.
	To types.JID
	// Burst is how many messages may be sent at once; then it is one every 30 s.
	// Raise it only where no WhatsApp is at the other end. Default: 12, or what
	// three probes need if that is more.
	Burst int
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

// Inbound returns a prober that sends one message from the sender, an account of
// yours for probes alone, to the monitored one, and passes when the monitored
// client's own event shows it. Its stages are queue, devices, encrypt and ack of
// the sender, and arrival. What the sender cannot do is an error of class
// "sender_…": the monitored account is not to blame.
//
// It adds an event handler to both clients for their life. A nil client is not
// configured; opts may be nil.
func Inbound(sender, monitored Client, opts *InboundOptions) probe.Prober {
	if isNil(sender) || isNil(monitored) {
		return notConfigured
	}
	p := &inbound{}
	if opts != nil {
		p.opts = *opts
	}
	p.turns = sending.NewTurns(p.opts.Clock, p.opts.Burst, 1)
	p.sender, p.link = sending.NewLink(sender, p.turns.Clock), sending.NewLink(monitored, p.turns.Clock)
	return p
}

type inbound struct {
	opts         InboundOptions
	sender, link *sending.Link
	turns        *sending.Turns

	mu   sync.Mutex
	miss miss // the last probe that did not arrive in time
}

// miss is a message that did not arrive in time. It may yet.
type miss struct {
	series string
	sent   time.Time
	after  time.Duration // that it took; 0 while it is missing
}

// arrival is what the monitored client showed of a probe.
type arrival struct {
	at         time.Time
	unreadable bool
}

// Probe implements probe.Prober.
func (p *inbound) Probe(ctx context.Context) (probe.Result, error) {
	to := p.opts.To
	if to.IsEmpty() {
		to = p.link.OwnID()
	}
	target := Mask(to.User)
	if ctx.Err() == nil {
		if r, over := p.link.Finished(); over {
			r.Target = target
			return r, nil
		}
		if r, over := p.sender.Finished(); over {
			return probe.Result{}, probe.Inconclusive("sender_"+r.Class, errors.New(r.Detail))
		}
	}
	if to.IsEmpty() {
		return probe.Result{}, fmt.Errorf("%w: the monitored account's address is not known", probe.ErrNotConfigured)
	}
	if p.sender.OwnID() == to.ToNonAD() {
		return probe.Result{}, fmt.Errorf("%w: the sender is the monitored account itself", probe.ErrNotConfigured)
	}
	t, err := p.turns.Begin(ctx, 1)
	if err != nil {
		if errors.Is(err, sending.ErrBusy) {
			err = probe.Inconclusive("sender_send_blocked", err)
		}
		return probe.Result{}, err
	}
	defer t.Leave()

	start := p.turns.Clock.Now()
	m := sending.Marker{Series: sending.NewSeries(), Place: 1, Of: 1}
	id := p.sender.Client.GenerateMessageID()
	arrivals := make(chan arrival, 8)
	p.link.Listen(func(event any, now time.Time) {
		p.noteLate(event, now)
		if got, ok := sending.Incoming(event); ok && got == m {
			put(arrivals, arrival{at: now})
		}
		if e, ok := event.(*events.UndecryptableMessage); ok && e.Info.ID == id {
			put(arrivals, arrival{at: now, unreadable: true})
		}
	})
	defer p.link.Listen(p.noteLate) // a message that is late is still heard

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ack := sending.Send(ctx, p.sender, t, to.ToNonAD(), id, m.Text(start)).Wait(ctx)
	if err := sending.CalledOff(ctx); err != nil {
		return probe.Result{}, err
	}
	unreadable := false
	for waiting := ack.OK() || ack.Class == "no_ack"; waiting; {
		select {
		case a := <-arrivals:
			if a.unreadable {
				unreadable = true // it is asked for again, and may come yet
				continue
			}
			// It came, so it was sent, whatever became of the ack.
			p.missed("", start)
			return probe.Result{
				Status: probe.Pass, Latency: max(a.at.Sub(start), time.Microsecond), Target: target,
				Stages: append(ack.Stages, probe.Stage{Name: "arrival", Took: max(0, a.at.Sub(ack.At))}),
			}, nil
		case <-ctx.Done():
			waiting = len(arrivals) > 0
		}
	}
	switch err := sending.CalledOff(ctx); {
	case err != nil:
		return probe.Result{}, err
	case !ack.OK():
		return probe.Result{}, probe.Inconclusive("sender_"+ack.Class, errors.New(ack.Detail))
	}
	now := p.turns.Clock.Now()
	r := probe.Result{
		Status: probe.Fail, Latency: now.Sub(start), Stages: append(ack.Stages, probe.Stage{Name: "arrival", Took: now.Sub(ack.At)}), Target: target,
		Class: "acked_not_delivered", Detail: "the server took the message, and the account did not show it",
	}
	if unreadable {
		r.Class, r.Detail = "undecryptable", "the message arrived, and could not be read"
	}
	if after := p.missed(m.Series, start); after > 0 && !unreadable {
		r.Class, r.Detail = "arrived_late", fmt.Sprintf("not in time; the one before arrived after %v", after.Round(time.Millisecond))
	}
	return r, nil
}

// noteLate takes the time at which the last missing message did arrive.
func (p *inbound) noteLate(event any, now time.Time) {
	got, ok := sending.Incoming(event)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if got.Series == p.miss.series && p.miss.after == 0 {
		p.miss.after = now.Sub(p.miss.sent)
	}
}

// missed notes that a message did not arrive in time; an empty series, that one
// did. It returns how long the one before took that was late, if the last probe's
// was, and 0 otherwise.
func (p *inbound) missed(series string, sent time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	after := p.miss.after
	p.miss = miss{series: series, sent: sent}
	return after
}
