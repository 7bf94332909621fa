package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/probe"
)

var (
	// errBusy says that an earlier message still hangs in the client.
	errBusy = errors.New("whatsappprobe: an earlier message still waits to be sent")
	// errRate says that a probe is not made, since too many were.
	errRate = probe.Inconclusive("rate_limited", fmt.Errorf("more than %d probe messages at once, or one every %v", allowanceBurst, allowanceInterval))
)

// turns lets one probe at a time go, and no more of them than is safe to send.
type turns struct {
	clock     clock.Clock
	busy      chan struct{} // holds a token while a turn lasts
	allowance allowance
}

func newTurns(clk clock.Clock) *turns {
	if clk == nil {
		clk = clock.New()
	}
	return &turns{clock: clk, busy: make(chan struct{}, 1)}
}

// turn is the right to send. It lasts until everyone who joined it has left: the
// probe, and each of its sends, which may outlive it in the client's lock.
type turn struct {
	of      *turns
	members atomic.Int32
}

// begin waits for the turn before to end, within ctx, and takes n messages from
// the allowance. The caller has joined the turn.
func (t *turns) begin(ctx context.Context, n int) (*turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case t.busy <- struct{}{}:
	case <-ctx.Done():
		if err := calledOff(ctx); err != nil {
			return nil, err
		}
		return nil, errBusy
	}
	own := &turn{of: t}
	own.join()
	if !t.allowance.take(n, t.clock.Now()) {
		own.leave()
		return nil, errRate
	}
	return own, nil
}

func (t *turn) join() { t.members.Add(1) }

func (t *turn) leave() {
	if t.members.Add(-1) == 0 {
		<-t.of.busy
	}
}

// calledOff returns why a probe was ended by its caller, and nil where its time
// was over or it goes on. Whoever is called off cannot tell.
func calledOff(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}
