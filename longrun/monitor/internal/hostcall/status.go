package hostcall

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// ErrNoStatus says that the host tells nothing of itself.
var ErrNoStatus = errors.New(longrun.NoStatus)

// MaxAccounts bounds how many accounts of a host are looked at.
const MaxAccounts = 10_000

// Status asks the host how it is: a host that hangs costs a beat its counts and
// nothing more.
type Status struct {
	fn     func(context.Context) (longrun.HostStatus, error)
	caller *Caller
}

// NewStatus returns a Status of fn, which may be nil.
func NewStatus(fn func(context.Context) (longrun.HostStatus, error), timeout time.Duration, clk clock.Clock) *Status {
	return &Status{fn: fn, caller: NewCaller("the status function", timeout, 0, clk)}
}

// Caller is for whoever waits for the end of calls.
func (s *Status) Caller() *Caller { return s.caller }

// Ask returns the host's status, or why there is none. What it returns is ours:
// the host may use its slices again.
func (s *Status) Ask(ctx context.Context) (longrun.HostStatus, error) {
	if s.fn == nil {
		return longrun.HostStatus{}, ErrNoStatus
	}
	answers := make(chan longrun.HostStatus, 1)
	err := s.caller.Call(ctx, func(ctx context.Context) error {
		status, err := s.fn(ctx)
		if err != nil {
			return spawn.Plain(err, context.Canceled, context.DeadlineExceeded)
		}
		answers <- own(status)
		return nil
	})
	if err != nil {
		return longrun.HostStatus{}, err
	}
	return <-answers, nil
}

// own is a status that shares nothing with the host's. Counts below zero count
// nothing.
func own(s longrun.HostStatus) longrun.HostStatus {
	s.Accounts = slices.Clone(s.Accounts[:min(len(s.Accounts), MaxAccounts)])
	for _, n := range []*int64{&s.Connected, &s.Reconnecting, &s.NeedsQR, &s.QueueDepth} {
		*n = max(*n, 0)
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Reconnects = max(a.Reconnects, 0)
		if len(a.Reason) > MaxText {
			a.Reason = Line(a.Reason, MaxText)
		}
	}
	return s
}
