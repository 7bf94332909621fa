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

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/replay"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// InboundOptions are the optional settings of Inbound.
type InboundOptions struct {
	// To is the monitored account's address. Default: as its client's device
	// store says, and where that cannot be read the probe is not configured.
	To types.JID
	// Host is the application behind the monitored client. With it the probe
	// passes when Host.Seen was called with the message, and a message that the
	// client shows and the host does not confirm is a FAIL, "host_missed". The
	// host has three times as long as it took at most of late, 10 s at least.
	// Default: none; the client's own event is enough.
	Host *Host
	// IgnoreReplay makes nothing of a message that was sent while the account was
	// away. Set it where another process may connect the account in between, and
	// be given what waits, as among several instances with package owning: the one
	// that led before, and leads again, would miss it for ever. Default: such a
	// message must come when the account is back, or the next probe fails,
	// "replay_lost".
	IgnoreReplay bool
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
// the sender, arrival, and host where there is one. What the sender cannot do is
// an error of class "sender_…": the monitored account is not to blame.
//
// While the monitored account is away the message is sent all the same, and left:
// the outcome is a FAIL, "not_connected", and WhatsApp keeps the message. It must
// come within a minute after WhatsApp says that it has replayed what it kept (or
// six after the connection, where it never says so). The first probe after that
// fails without sending if it has not, with "replay_lost", and so does one more
// within five minutes, which confirms it. One message at a time is followed so,
// the first of the time away, and none over a restart of the program. Where no probe
// is asked for while the account is away, none is left: no monitor makes one early
// then, and what the server announces when the account is back is all there is
// (AccountStatus.Traffic).
//
// It adds an event handler to both clients for their life. A nil client is not
// configured, nor is the sender as its own receiver; opts may be nil.
func Inbound(sender, monitored Client, opts *InboundOptions) probe.Prober {
	if spawn.Nothing(sender) || spawn.Nothing(monitored) {
		return notConfigured
	}
	p := &inbound{}
	if opts != nil {
		p.opts = *opts
	}
	p.turns = sending.NewTurns(p.opts.Clock, p.opts.Burst, 1)
	p.sender, p.link = sending.NewLink(sender, p.turns.Clock), sending.NewLink(monitored, p.turns.Clock)
	p.link.Listen(p.overhear)
	return p
}

type inbound struct {
	opts         InboundOptions
	sender, link *sending.Link
	turns        *sending.Turns

	mu    sync.Mutex
	miss  miss          // the last probe that did not arrive in time
	left  replay.Watch  // what was sent while the account was away
	state tracker.State // after the last event
	pace  pace          // of the host
}

// miss is a message that did not arrive in time. It may yet.
type miss struct {
	series string
	sent   time.Time
	after  time.Duration // that it took; 0 while it is missing
}

// letter is one message on its way.
type letter struct {
	marker sending.Marker
	id     types.MessageID
	start  time.Time
}

// Probe implements probe.Prober.
func (p *inbound) Probe(ctx context.Context) (probe.Result, error) {
	to := p.opts.To
	if to.IsEmpty() {
		to = p.link.OwnID()
	}
	r, err := p.probe(ctx, to.ToNonAD())
	if err != nil {
		return probe.Result{}, err
	}
	r.Target = Mask(to.User)
	return r, nil
}

func (p *inbound) probe(ctx context.Context, to types.JID) (probe.Result, error) {
	if ctx.Err() == nil {
		if r, over := p.link.Finished(); over {
			return r, nil
		}
		if r, bad := p.replayed(); bad {
			return r, nil
		}
		if r, over := p.sender.Finished(); over {
			return probe.Result{}, probe.Inconclusive("sender_"+r.Class, errors.New(r.Detail))
		}
	}
	if to.IsEmpty() {
		return probe.Result{}, fmt.Errorf("%w: the monitored account's address is not known", probe.ErrNotConfigured)
	}
	if p.sender.IsOwn(to) || p.sender.IsOwn(p.link.OwnID()) {
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

	span := sending.NewSpan(ctx, p.turns.Clock)
	defer span.Close()
	l := letter{
		marker: sending.Marker{Series: sending.NewSeries(), Place: 1, Of: 1},
		id:     p.sender.Client.GenerateMessageID(), start: p.turns.Clock.Now(),
	}
	signs, stop := p.listen(l)
	defer stop()
	ack := sending.Send(ctx, p.sender, t, to, l.id, l.marker.Text(l.start)).Wait(span)
	if !ack.OK() && ack.Class != "no_ack" {
		if err := sending.CalledOff(ctx); err != nil {
			return probe.Result{}, err
		}
		return probe.Result{}, probe.Inconclusive("sender_"+ack.Class, errors.New(ack.Detail))
	}
	heard, over := p.await(span, signs)
	return p.judge(ctx, l, ack, heard, over)
}

// overhear takes what the monitored client says of messages that were missed or
// left, whether a probe is under way or not.
func (p *inbound) overhear(event any, state tracker.State, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case state == p.state:
	case tracker.IsFinal(state):
		p.left.Forget()
	case state == Reconnecting:
		p.left.Away(now)
	}
	p.state = state
	switch e := event.(type) {
	case *events.Connected:
		p.left.Back(now)
	case *events.OfflineSyncCompleted:
		p.left.Ended(now)
	case *events.UndecryptableMessage:
		p.left.Garbled(e.Info.ID)
	case *events.Message:
		got, ok := sending.Incoming(event)
		if !ok {
			return
		}
		p.left.Came(got.Series, now)
		if got.Series == p.miss.series && p.miss.after == 0 {
			p.miss.after = now.Sub(p.miss.sent)
		}
	}
}

// replayed returns the failure of what was left while the account was away, if it
// was to be there by now.
func (p *inbound) replayed() (probe.Result, bool) {
	p.mu.Lock()
	fate, after := p.left.Look(p.turns.Clock.Now())
	p.mu.Unlock()
	switch fate {
	case replay.Lost:
		return probe.Failed("replay_lost", "a message that was sent while the account was away did not come when it was back"), true
	case replay.Late:
		return probe.Failed("arrived_late", fmt.Sprintf("a message that was sent while the account was away came %v after all that waited was said to be there",
			after.Round(time.Second))), true
	case replay.Unreadable:
		return probe.Failed("undecryptable", "a message that was sent while the account was away came, and could not be read"), true
	case replay.None, replay.Open:
	}
	return probe.Result{}, false
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
