package leading

import (
	"context"
	"errors"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
)

// Pace is how long after a background commit the next one is made at the
// earliest.
const Pace = time.Second

// pace gives out turns for background commits. It outlives a term: an instance
// that leads again at once keeps it.
type pace struct {
	clock clock.Clock
	turn  chan struct{} // holds a token while somebody waits for the time
	last  time.Time     // the last turn; of whoever has the token
}

func newPace(clk clock.Clock) *pace { return &pace{clock: clk, turn: make(chan struct{}, 1)} }

// wait returns when the caller's turn has come, or ctx's cause. Who gives up
// takes no turn.
func (p *pace) wait(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	rest := min(p.last.Add(Pace).Sub(p.clock.Now()), Pace) // the clock may have been set back
	if !deadline.Sleep(ctx, p.clock, rest) {
		return context.Cause(ctx)
	}
	p.last = p.clock.Now()
	return nil
}

// Term is one lease of this instance, in the hands of the room of beats. It is
// safe for concurrent use.
type Term struct {
	lease   *lock.Lease
	pace    *pace
	granted string
	// note is full while somebody moves the note: what is made of it must not be made
	// of one that another is about to replace.
	note chan struct{}
}

func newTerm(lease *lock.Lease, p *pace) *Term {
	return &Term{lease: lease, pace: p, granted: lease.Note(), note: make(chan struct{}, 1)}
}

var _ Lead = (*Term)(nil)

// Epoch implements Lead.
func (t *Term) Epoch() int64 { return t.lease.Token().Epoch }

// Err implements Lead.
func (t *Term) Err() error { return t.lease.Err() }

// Commit implements Lead.
func (t *Term) Commit(ctx context.Context, ops ...store.Op) error {
	chance.Apart(t.pace.clock, "commit", leastID(ops))
	if err := t.pace.wait(ctx); err != nil {
		return err
	}
	return t.lease.Commit(ctx, ops...)
}

// leastID names a commit, in whichever order its documents stand.
func leastID(ops []store.Op) (least string) {
	for i, op := range ops {
		if i == 0 || op.Key.ID < least {
			least = op.Key.ID
		}
	}
	return least
}

// Move implements Lead.
func (t *Term) Move(ctx context.Context, change Move) error {
	chance.Apart(t.pace.clock, "move", "")
	if err := t.pace.wait(ctx); err != nil {
		return err
	}
	return t.Beat(ctx, change)
}

// maxMoves is how often a change is made of a note that moved meanwhile: once, by an
// earlier commit whose outcome was not known.
const maxMoves = 3

// Beat is Move for beats alone, which waits for no other commit but one that is
// under way.
func (t *Term) Beat(ctx context.Context, change Move) error {
	select {
	case t.note <- struct{}{}:
		defer func() { <-t.note }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for try := 1; ; try++ {
		was := t.lease.Note()
		next, ops, err := change(was)
		if err != nil {
			return err
		}
		if err = t.lease.CommitNote(ctx, was, next, ops...); !errors.Is(err, lock.ErrNoteMoved) || try == maxMoves {
			return err
		}
	}
}

// Settle is a plain renewal: behind it the outcome of an earlier commit is known.
func (t *Term) Settle(ctx context.Context) error { return t.lease.Commit(ctx) }

// Note implements Lead.
func (t *Term) Note() string { return t.lease.Note() }

// Granted implements Lead.
func (t *Term) Granted() string { return t.granted }

// Previous is the row that this term replaced, and how it came about.
func (t *Term) Previous() (lock.Row, lock.How) { return t.lease.Previous() }
