package leading

import (
	"context"
	"log/slog"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// Host is what the host itself does for as long as its instance leads: it holds what
// only one instance may hold.
type Host struct {
	room.Deps
	fn     func(context.Context) error
	caller *hostcall.Caller
}

// NewHost returns a Host of fn, which is not nil.
func NewHost(d room.Deps, fn func(context.Context) error) *Host {
	return &Host{Deps: d, fn: fn, caller: hostcall.NewCaller("Leading", 0, 0, d.Clock)}
}

// Caller is for whoever waits for the end of calls.
func (h *Host) Caller() *hostcall.Caller { return h.caller }

// Task is the leader's part of it. Its end is waited for, at most a share of the
// time that the end of a run has, so that the lease is given back behind it.
func (h *Host) Task() Task { return Task{Name: "leading", Run: h.run} }

func (h *Host) run(ctx context.Context, lead Lead) error {
	patience := func() (context.Context, context.CancelFunc) { return h.Stop.Take(ctx, h.Stop.Share()) }
	err := h.caller.Stay(led{ctx, lead}, patience, h.fn)
	if ctx.Err() == nil {
		return err // too early, whatever it says
	}
	if _, left := spawn.As[*hostcall.LeftError](err); left {
		h.Log.Once(ctx, slog.LevelError, "leading", "left", "what the host does while it leads did not end with the lead and was left behind; another instance may lead now", "error", spawn.Text(err))
	} else {
		h.Log.Over("leading")
	}
	return err
}

// led is the context of a lead as the host has it. It ends as the lead does; and its
// Err looks at the clock itself, so that a process which was stopped for longer than
// its lease, and whose timers have not run yet, learns it from the first look.
type led struct {
	context.Context //nolint:containedctx // it is one
	lead            Lead
}

// Err implements context.Context.
func (l led) Err() error {
	_ = l.lead.Err() // ends the lease, and with it the context, when its time is over
	return l.Context.Err()
}
