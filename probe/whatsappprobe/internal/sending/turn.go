package sending

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/probe"
)

// ErrBusy says that an earlier message still hangs in the client.
var ErrBusy = errors.New("whatsappprobe: an earlier message still waits to be sent")

// Turns lets one probe of a prober at a time go, and no more than is safe to send.
// Two probers of one account do not know of each other: a monitor asks them one
// after the other.
type Turns struct {
	Clock     clock.Clock
	busy      chan struct{} // holds a token while a turn lasts
	allowance allowance
}

// NewTurns returns turns of probes that send so many messages each. Whatever the
// burst, a probe and its confirmation fit in it, and a second probe by hand.
func NewTurns(clk clock.Clock, burst, messages int) *Turns {
	if clk == nil {
		clk = clock.New()
	}
	if burst == 0 {
		burst = defaultBurst
	}
	return &Turns{Clock: clk, busy: make(chan struct{}, 1), allowance: allowance{burst: max(burst, 3*messages)}}
}

// Turn is the right to send. It lasts until everyone who joined it has left: the
// probe, and each of its sends, which may outlive it in the client's lock.
type Turn struct {
	of      *Turns
	members atomic.Int32
}

// Begin waits for the turn before to end, within ctx, and takes n messages from
// the allowance. The caller has joined the turn.
func (t *Turns) Begin(ctx context.Context, n int) (*Turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case t.busy <- struct{}{}:
	case <-ctx.Done():
		if err := CalledOff(ctx); err != nil {
			return nil, err
		}
		return nil, ErrBusy
	}
	own := t.begun()
	if ctx.Err() != nil { // both at once: nothing is sent when the time is over
		own.Leave()
		if err := CalledOff(ctx); err != nil {
			return nil, err
		}
		return nil, ErrBusy
	}
	if !t.allowance.take(n, t.Clock.Now()) {
		own.Leave()
		return nil, probe.Inconclusive("rate_limited", fmt.Errorf("more than %d probe messages at once, or one every %v", t.allowance.burst, allowanceInterval))
	}
	return own, nil
}

// TryBegin is Begin for who would rather not send than wait, or send too much.
func (t *Turns) TryBegin(n int) (*Turn, bool) {
	select {
	case t.busy <- struct{}{}:
	default:
		return nil, false
	}
	own := t.begun()
	if !t.allowance.take(n, t.Clock.Now()) {
		own.Leave()
		return nil, false
	}
	return own, true
}

func (t *Turns) begun() *Turn {
	own := &Turn{of: t}
	own.Join()
	return own
}

// Join lengthens the turn until Leave is called once more.
func (t *Turn) Join() { t.members.Add(1) }

// Leave is called by each who joined, once. The last one ends the turn.
func (t *Turn) Leave() {
	if t.members.Add(-1) == 0 {
		<-t.of.busy
	}
}

// CalledOff returns why a probe was ended by its caller, and nil where its time
// was over or it goes on. Whoever is called off cannot tell; a monitor whose own
// time is over calls off.
func CalledOff(ctx context.Context) error {
	if deadline.TimedOut(ctx) {
		return nil
	}
	return context.Cause(ctx)
}
