package hostcall

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// AfterBeat calls the host back after stored beats, one call at a time and off
// the beat's own path: a switch that hangs must not cost a slot.
type AfterBeat struct {
	fn     func(context.Context, longrun.Heartbeat)
	caller *Caller
	log    *Log
	latest chan longrun.Heartbeat // the beat that waits for a call
}

// NewAfterBeat returns an AfterBeat of fn, which may be nil.
func NewAfterBeat(fn func(context.Context, longrun.Heartbeat), timeout time.Duration, clk clock.Clock, log *Log) *AfterBeat {
	return &AfterBeat{fn: fn, caller: NewCaller("AfterBeat", timeout, 0, clk), log: log, latest: make(chan longrun.Heartbeat, 1)}
}

// Caller is for whoever waits for the end of calls.
func (a *AfterBeat) Caller() *Caller { return a.caller }

// Clear forgets a beat that waits: it is of an earlier run.
func (a *AfterBeat) Clear() {
	select {
	case <-a.latest:
	default:
	}
}

// Tell hands over a stored beat. One that still waits gives way to it. It is
// called by one goroutine at a time.
func (a *AfterBeat) Tell(h longrun.Heartbeat) {
	if a.fn == nil {
		return
	}
	a.Clear()
	a.latest <- h
}

// Run makes the calls until ctx ends.
func (a *AfterBeat) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-a.latest:
			err := a.caller.Call(ctx, func(ctx context.Context) error { a.fn(ctx, h); return nil })
			if err == nil {
				a.log.Over("after")
			} else if ctx.Err() == nil {
				a.log.Once(ctx, slog.LevelError, "after", ClassOf(err), "AfterBeat failed", "error", Text(err))
			}
		}
	}
}
