package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// after calls the host back after stored beats, one call at a time and off the
// beat's own path: a switch that hangs must not cost a slot.
type after struct {
	fn     func(context.Context, longrun.Heartbeat)
	caller *caller
	once   *once
	latest chan longrun.Heartbeat // the beat that waits for a call
}

func newAfter(fn func(context.Context, longrun.Heartbeat), timeout time.Duration, clk clock.Clock, o *once) *after {
	return &after{fn: fn, caller: newCaller("AfterBeat", timeout, clk), once: o, latest: make(chan longrun.Heartbeat, 1)}
}

// tell hands over a stored beat. One that still waits gives way to it. It is
// called by one goroutine at a time, the writer's.
func (a *after) tell(h longrun.Heartbeat) {
	if a.fn == nil {
		return
	}
	select {
	case <-a.latest:
	default:
	}
	a.latest <- h
}

// run makes the calls until ctx ends.
func (a *after) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-a.latest:
			err := a.caller.call(ctx, func(ctx context.Context) error { a.fn(ctx, h); return nil })
			if err == nil {
				a.once.over("after")
			} else if ctx.Err() == nil {
				a.once.report(ctx, slog.LevelError, "after", publicText(err), "AfterBeat failed", "error", publicText(err))
			}
		}
	}
}
