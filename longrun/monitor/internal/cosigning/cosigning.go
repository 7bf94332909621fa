package cosigning

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

const (
	// The pauses after a witness did not cosign.
	minPause = time.Minute
	maxPause = time.Hour
	// timeout bounds one call of a witness, and proofTime the reading of a proof.
	timeout   = 30 * time.Second
	proofTime = time.Minute
)

// Witness is who is asked.
type Witness struct {
	Key   witness.Key
	Adder witness.Adder
}

// Options are what the room is made of.
type Options struct {
	// Witnesses are who is asked. Default: nobody is.
	Witnesses []Witness
	// Tell tells people what a witness says against this log, or that it is over. It
	// is called again, later and later, until it returns nil. Required.
	Tell func(ctx context.Context, a Accusation) error
}

// Accusation is what a witness says against this log.
type Accusation struct {
	// By is the witness.
	By string
	// What it says, in one line.
	What string
	// Since is when it said so first, and Until when it cosigned again: zero while it
	// does not. Both are by this instance's clock.
	Since, Until time.Time
	// Again says that people were told of it before, of an earlier checkpoint.
	Again bool
}

// Status is what is known of one witness, by this instance.
type Status struct {
	Name string
	// Size is how many leaves the last checkpoint had that it cosigned, and At when,
	// by its clock. Zero: none that this instance saw.
	Size int64
	At   time.Time
	// Contradiction is what it says against this log, Since when; empty where it says
	// nothing.
	Contradiction string
	Since         time.Time
	// Error is why it did not cosign the newest checkpoint yet; empty where it did, or
	// was not asked yet.
	Error string
}

// Cosigning is the room. Its methods are safe for concurrent use.
type Cosigning struct {
	room.Deps
	options Options
	asked   []*asked
	wake    chan struct{}

	mu     sync.Mutex
	newest evidence.Batch // without its lines
	status []Status
}

// asked is a Witness with what it said. It is for the one goroutine of the task.
type asked struct {
	Witness
	caller *hostcall.Caller
	tree   string // of which it …
	seen   int64  // … has cosigned so many leaves, as far as is known
	done   int64  // the newest batch that it cosigned
	failed room.Backoff
	accuse
}

// New returns a Cosigning that does nothing yet.
func New(d room.Deps, o Options) *Cosigning {
	c := &Cosigning{Deps: d, options: o, wake: make(chan struct{}, 1), status: make([]Status, len(o.Witnesses))}
	for i, w := range o.Witnesses {
		c.status[i].Name = w.Key.Name()
		c.asked = append(c.asked, &asked{
			Witness: w, caller: hostcall.NewCaller("the witness "+w.Key.Name(), timeout, 0, d.Clock),
			failed: room.Backoff{Shortest: minPause, Longest: maxPause, Clock: d.Clock},
			accuse: accuse{retry: room.Backoff{Shortest: minPause, Longest: maxPause, Clock: d.Clock}},
		})
	}
	return c
}

// Callers are what calls the host here, for whoever waits for their end.
func (c *Cosigning) Callers() (callers []*hostcall.Caller) {
	for _, w := range c.asked {
		callers = append(callers, w.caller)
	}
	return callers
}

// Status is what is known of each witness, in the order of Options.
func (c *Cosigning) Status() []Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Status(nil), c.status...)
}

// Tell hands over the batch that is the newest now. It does not wait.
func (c *Cosigning) Tell(b evidence.Batch) {
	b.Lines = ""
	c.mu.Lock()
	c.newest = b
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Task is what the leader runs.
func (c *Cosigning) Task() leading.Task {
	return leading.Task{Name: "cosigning", Begin: c.begin, Run: c.run}
}

// begin forgets what an earlier lead of this instance had to ask for: another one may
// have gone on since.
func (c *Cosigning) begin(context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest = evidence.Batch{}
}

func (c *Cosigning) run(ctx context.Context, lead leading.Lead) error {
	for _, w := range c.asked {
		w.forget()
	}
	for ctx.Err() == nil {
		waiting, cancel := deadline.With(ctx, c.Clock, c.turn(ctx, lead))
		select {
		case <-waiting.Done():
		case <-c.wake:
		}
		cancel()
	}
	return nil
}

// turn asks each witness that has not cosigned the newest checkpoint, and returns how
// long to wait for the next that is to be asked again.
func (c *Cosigning) turn(ctx context.Context, lead leading.Lead) time.Duration {
	c.mu.Lock()
	b := c.newest
	c.mu.Unlock()
	wait := maxPause
	for i, w := range c.asked {
		if b.Number > 0 && w.done != b.Number {
			wait = min(wait, c.one(ctx, lead, i, b))
		}
		wait = min(wait, c.tell(ctx, w))
	}
	return wait
}

// one has a witness cosign a batch, and returns how long to wait where it does not.
func (c *Cosigning) one(ctx context.Context, lead leading.Lead, i int, b evidence.Batch) time.Duration {
	w := c.asked[i]
	if found := cosignature(b, b.Cosigned, w.Key); found != nil { // by an earlier lead
		c.cosigned(i, b, *found)
		return maxPause
	}
	if left := w.failed.Wait(c.Clock.Now()); left > 0 {
		return left
	}
	found, err := c.ask(ctx, w, b)
	if err == nil {
		err = c.keep(ctx, lead, b, found.Line)
	}
	against, accused := errors.AsType[*contradiction](err)
	switch {
	case err == nil:
		c.cosigned(i, b, found)
		return maxPause
	case ctx.Err() != nil || lead.Err() != nil:
		return maxPause // whoever leads next asks
	case accused:
		c.accused(ctx, i, b, against)
	default:
		c.Log.Once(ctx, slog.LevelWarn, w.name(), hostcall.ClassOf(err), "a witness did not cosign a checkpoint of the evidence; it is asked again", "witness", w.Key.Name(), "error", spawn.Text(err))
		c.set(i, func(s *Status) { s.Error = spawn.Text(err) })
	}
	return w.failed.Failed(c.Clock.Now())
}

func (a *asked) name() string { return "the witness " + a.Key.Name() }

// cosigned takes note of a cosignature that is stored.
func (c *Cosigning) cosigned(i int, b evidence.Batch, found witness.Cosignature) {
	w := c.asked[i]
	w.tree, w.seen, w.done = b.Tree, b.Size, b.Number
	w.failed.Well()
	c.Log.Over(w.name())
	w.agreed(c.Clock.Now().UTC())
	c.set(i, func(s *Status) {
		*s = Status{Name: s.Name, Size: b.Size, At: found.At}
	})
}

func (c *Cosigning) set(i int, change func(*Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.status[i])
}
