package anchoring

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// The pauses after a keeper failed.
const (
	minPause = time.Minute
	maxPause = time.Hour
	// timeout bounds one call of a keeper.
	timeout = 30 * time.Second
)

// Checkpoint is what is to be kept.
type Checkpoint struct {
	// Text is a signed note, or without a key its text alone.
	Text string
	// At is when it was made.
	At time.Time
	// Found says that an earlier leader made it.
	Found bool
}

// Keeper takes checkpoints outside.
type Keeper struct {
	// Name says who it is, for the log.
	Name string
	// Keep takes one. It may hang, fail or panic.
	Keep func(ctx context.Context, c Checkpoint) error
	// Daily asks for one a day, of those that this instance made. Default: each that
	// is the newest.
	Daily bool
}

// Anchoring is the room. Its methods are safe for concurrent use.
type Anchoring struct {
	room.Deps
	keepers []*keeper
	wake    chan struct{}

	mu     sync.Mutex
	newest Checkpoint
}

// keeper is a Keeper with what it took. It is for one goroutine.
type keeper struct {
	Keeper
	caller *hostcall.Caller
	took   string    // the newest that it took
	day    time.Time // that it was of
	failed room.Backoff
}

// New returns an Anchoring that does nothing yet.
func New(d room.Deps, keepers ...Keeper) *Anchoring {
	a := &Anchoring{Deps: d, wake: make(chan struct{}, 1)}
	for _, k := range keepers {
		a.keepers = append(a.keepers, &keeper{
			Keeper: k, caller: hostcall.NewCaller(k.Name, timeout, 0, d.Clock), failed: room.Backoff{Shortest: minPause, Longest: maxPause, Clock: d.Clock},
		})
	}
	return a
}

// Callers are what calls the host here, for whoever waits for their end.
func (a *Anchoring) Callers() (callers []*hostcall.Caller) {
	for _, k := range a.keepers {
		callers = append(callers, k.caller)
	}
	return callers
}

// Newest is the text of the newest checkpoint that this instance knows of; empty
// before there is one.
func (a *Anchoring) Newest() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.newest.Text
}

// Tell hands over a checkpoint, which is the newest now. It does not wait.
func (a *Anchoring) Tell(c Checkpoint) {
	a.mu.Lock()
	a.newest = c
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Run hands on what it is told until ctx ends; without a keeper it ends at once.
func (a *Anchoring) Run(ctx context.Context) {
	if len(a.keepers) == 0 {
		return
	}
	for ctx.Err() == nil {
		waiting, cancel := deadline.With(ctx, a.Clock, a.turn(ctx))
		select {
		case <-waiting.Done():
		case <-a.wake:
		}
		cancel()
	}
}

// turn asks each keeper that lacks the newest one, and returns how long to wait for
// the next that failed.
func (a *Anchoring) turn(ctx context.Context) time.Duration {
	a.mu.Lock()
	c := a.newest
	a.mu.Unlock()
	wait := maxPause
	for _, k := range a.keepers {
		if !k.lacks(c) {
			continue
		}
		if left := k.failed.Wait(a.Clock.Now()); left > 0 {
			wait = min(wait, left)
			continue
		}
		err := k.caller.Call(ctx, func(ctx context.Context) error { return plain(k.Keep(ctx, c)) })
		switch {
		case err == nil:
			k.took, k.day = c.Text, longrun.DayOf(c.At).From
			k.failed.Well()
			a.Log.Over(k.Name)
		case ctx.Err() == nil:
			wait = min(wait, k.failed.Failed(a.Clock.Now()))
			a.Log.Once(ctx, slog.LevelWarn, k.Name, hostcall.ClassOf(err), "a checkpoint of the evidence was not taken outside; it is tried again", "by", k.Name, "error", hostcall.Text(err))
		}
	}
	return wait
}

func (k *keeper) lacks(c Checkpoint) bool {
	if c.Text == "" || c.Text == k.took {
		return false
	}
	return !k.Daily || !c.Found && !longrun.DayOf(c.At).From.Equal(k.day)
}

// plain is the error of a keeper without anything of the host's.
func plain(err error) error { return spawn.Plain(err, context.Canceled, context.DeadlineExceeded) }
