package leading

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// Options are what a Campaign is made of. Each is required unless it says otherwise.
type Options struct {
	Lock lock.Lock
	// Began is called when a term begins, before anything else of it.
	Began func(ctx context.Context)
	// Write writes beats for as long as the term lasts, and what still waits when
	// ctx ends. Its end ends the term.
	Write func(ctx context.Context, term *Term) error
	// GiveUp is called when another instance led since this one made its beats:
	// those that wait are not its to write any more.
	GiveUp func(ctx context.Context)
	// CutOff is called when a lease was lost that could not be renewed from the first
	// time to the second, because of the store or the way to it.
	CutOff func(from, to time.Time)
	// Replaced is called when another instance was seen to lead after this one did, or
	// later: it may have called this one dead.
	Replaced func()
	// Expired is called once, beside the tasks, in a term that replaced an
	// instance which fell silent, or died. It may outlast the term, since nobody else
	// knows of that instance: ctx ends with Run's.
	Expired func(ctx context.Context, before lock.Row)
	// TookOver is called once, beside the tasks and after Expired, in each term but
	// the first one that there was, with the time at which the term began; it need not
	// be given.
	TookOver func(ctx context.Context, before lock.Row, began time.Time)
	// Tasks are what a leader does beside its beats.
	Tasks []Task
}

// State is what an instance is.
type State struct {
	Leading bool
	// Epoch is that of the term, 0 without one.
	Epoch int64
	// Since is when it began to lead, or to stand by.
	Since time.Time
}

// Campaign is one instance's standing for the lease.
type Campaign struct {
	room.Deps
	Options
	supervisor *supervisor
	pace       *pace

	// claimed is the epoch under which this instance answers for the slots: it
	// leads, or nobody is known to lead after it. 0 when it does not.
	claimed atomic.Int64
	// replaced is the epoch of the last grant of another for which Replaced was called.
	replaced atomic.Int64

	mu    sync.Mutex
	state State
}

// New returns a Campaign that has not begun.
func New(d room.Deps, o Options) *Campaign {
	return &Campaign{Deps: d, Options: o, supervisor: newSupervisor(d, o.Tasks), pace: newPace(d.Clock)}
}

// Run stands by, leads when its turn comes, and stands by again, until ctx ends.
func (c *Campaign) Run(ctx context.Context) {
	c.set(false, 0)
	defer c.claimed.Store(0)
	left := spawn.Group{OnFault: func(f *spawn.Fault) { // of what terms leave to be done
		c.Log.ErrorContext(ctx, "what a take-over leaves to be done is not done", "error", f.Error(), "stack", f.Stack)
	}}
	defer func() { _ = left.Wait() }()
	for ctx.Err() == nil {
		err := lock.Run(ctx, c.Lock, func(term context.Context, lease *lock.Lease) error {
			return c.lead(term, lease, func(do func(run context.Context)) {
				left.Go("what a take-over leaves", func() error { do(ctx); return nil })
			})
		})
		if ctx.Err() != nil {
			return
		}
		c.set(false, 0)
		c.Log.WarnContext(ctx, "lease lost, standing by", "error", spawn.Text(err))
		lost, ok := errors.AsType[*lock.LostError](err)
		if _, mangled := errors.AsType[*lock.CorruptError](err); ok && !mangled && lost.Err != nil && lost.Holder == "" {
			c.CutOff(lost.Since, c.Clock.Now())
		}
		if !errors.Is(err, lock.ErrLost) && !deadline.Sleep(ctx, c.Clock, time.Second) {
			return // not a loss but a fault: do not spin on it
		}
	}
}

// lead writes beats and does all else for as long as the lease lasts.
// What is left is done beside the term, and goes on after it.
func (c *Campaign) lead(ctx context.Context, lease *lock.Lease, left func(do func(run context.Context))) error {
	term := newTerm(lease, c.pace)
	prev, how := lease.Previous()
	began := c.Clock.Now().UTC()
	c.set(true, term.Epoch())
	c.Log.InfoContext(ctx, "leading", "epoch", term.Epoch(), "after", string(how), "previous", prev.HolderInstanceID)
	if how == lock.First && term.Epoch() > 1 {
		c.Log.ErrorContext(ctx, "the store has lost the lock's document, and perhaps more: the evidence chain begins anew", "epoch_before", term.Epoch()-1)
	}
	before := prev.Epoch // of the last grant under which anybody worked: epochs may lie between whose replies were lost
	if claimed := c.claimed.Swap(term.Epoch()); claimed != before {
		c.GiveUp(ctx)
		if claimed != 0 {
			c.replacedBy(before)
		}
	}
	c.Log.Over("holder")
	c.proven(ctx)
	c.Began(ctx)

	beside, end := context.WithCancel(ctx)
	var group spawn.Group
	defer func() { _ = group.Wait() }() // faults are in the tasks' status
	defer end()
	for _, t := range c.Tasks {
		if t.Begin != nil {
			t.Begin(beside)
		}
	}
	if how != lock.First {
		left(func(run context.Context) {
			if how == lock.Expired || how == lock.Died {
				c.Expired(run, prev)
			}
			if c.TookOver != nil {
				c.TookOver(beside, prev, began)
			}
		})
	}
	c.supervisor.start(beside, &group, term)
	return c.Write(ctx, term)
}

// proven says, once, when there is no proof of death: a crash costs slots then that it
// need not.
func (c *Campaign) proven(ctx context.Context) {
	err := c.Lock.View().Unproven
	if err == nil {
		c.Log.Over("proof")
		return
	}
	c.Log.Once(ctx, slog.LevelWarn, "proof", "none", "no proof of death: after a crash the lease decides", "error", spawn.Text(err))
}

func (c *Campaign) set(leads bool, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = State{Leading: leads, Epoch: epoch, Since: c.Clock.Now().UTC()}
}

// State is what this instance is now.
func (c *Campaign) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// TaskStatus is how each task of the leader is, in their order.
func (c *Campaign) TaskStatus() []TaskStatus { return c.supervisor.Status() }

// Answers reports whether this instance makes beats now: it leads, or its lease
// ended and, as far as it could see, nobody has led since.
func (c *Campaign) Answers(ctx context.Context) bool {
	epoch := c.claimed.Load()
	if epoch == 0 {
		return false
	}
	view := c.Lock.View()
	if view.Leading || view.Worked <= epoch {
		return true
	}
	c.claimed.Store(0)
	c.GiveUp(ctx)
	c.replacedBy(view.Worked)
	return false
}

// replacedBy takes note of a grant of another, after one of this instance's.
func (c *Campaign) replacedBy(epoch int64) {
	if c.replaced.Swap(epoch) != epoch {
		c.Replaced()
	}
}

// Holder returns who leads and at which epoch, as this instance last saw it;
// nobody where it saw none.
func (c *Campaign) Holder() (string, int64) {
	row := c.Lock.View().Row
	if !row.Held() {
		return "", row.Epoch
	}
	return row.HolderInstanceID, row.Epoch
}

// Saw takes note of the lock's document, whenever anyone here reads it: a standby
// says for whom it stands by.
func (c *Campaign) Saw(rec store.Record) {
	row, err := lock.ReadRow(rec)
	ctx := context.Background()
	if err != nil {
		c.Log.Once(ctx, slog.LevelError, "lock", "corrupt", "nobody can lead: the lock's document is not usable", "error", spawn.Text(err))
		return
	}
	c.Log.Over("lock")
	c.proven(ctx)
	if c.State().Leading || !row.Held() || rec.Age() >= row.Lease() || row.HolderInstanceID == "" {
		return
	}
	claimed := c.claimed.Load()
	if claimed != 0 && row.Epoch > claimed && row.HolderInstanceID != c.Self.InstanceID { // of its own grants Answers tells
		c.replacedBy(row.Epoch)
	}
	if row.Epoch != claimed {
		c.Log.Changed(ctx, slog.LevelInfo, "holder", row.HolderInstanceID+" "+row.Owner, "standing by", "holder", row.HolderInstanceID, "epoch", row.Epoch)
	}
}
