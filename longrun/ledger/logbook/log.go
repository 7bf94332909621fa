package logbook

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// Move makes the note that follows on the one that is there, and what is written
// with it.
type Move = func(note string) (next string, ops []store.Op, err error)

// Lease is what a log is written under.
type Lease interface {
	// Granted is the lock's note as it was when the lease was granted.
	Granted() string
	// Note is the lock's note as it is.
	Note() string
	// Move applies what change makes of the lock's note, in one commit with the new
	// note, or none of it. No other change of the note runs meanwhile. change may be
	// called again.
	Move(ctx context.Context, change Move) error
}

// Options say who writes the log.
type Options struct {
	// Origin names the log to whoever sees many. Default: evidence.Origin of the
	// ledger's root.
	Origin string
	// Key signs checkpoints and the note. Default: they are not signed.
	Key ed25519.PrivateKey
	// By is the instance. Required.
	By string
	// Anew is told when another tree begins, with why. Default: nobody is.
	Anew func(ctx context.Context, tree string, why error)
	// Added is told of each batch that is stored. Default: nobody is.
	Added func(evidence.Batch)
}

// Log is the log under one lease. It is for one goroutine.
type Log struct {
	ledger *ledger.Ledger
	lease  Lease
	Options

	tip    evidence.Tip
	note   evidence.Note  // that the tip was read by; of its number and root
	known  bool           // the tip is
	looked bool           // at the note that the lease was granted with
	broken int64          // what that showed, for the next header
	newest evidence.Batch // that the tip is behind, without its lines
}

// New returns the log as it is to go on under a lease. Nothing is read yet.
func New(l *ledger.Ledger, lease Lease, o Options) *Log {
	if o.Origin == "" {
		o.Origin = evidence.Origin(l.Root())
	}
	return &Log{ledger: l, lease: lease, Options: o}
}

// Addition is what is logged together.
type Addition struct {
	// Now is when, by the writer's clock.
	Now time.Time
	// Lines are those of a day's documents, and Broken the links among them that do
	// not fit.
	Lines  []evidence.Line
	Broken int64
	// Rollups are to be written, and logged as they are written. Those of which
	// Version is known are written on the condition that it is still the same.
	Rollups []Rollup
	// Restore is declared with it: its document is written, and logged first.
	Restore *evidence.Restore
}

// Rollup is one that is to be written.
type Rollup struct {
	longrun.Rollup
	Version string
}

// errMoved says that the log is not where it was.
var errMoved = errors.New("logbook: the log has moved on")

// maxTries is how often the log is looked up anew for one addition.
const maxTries = 5

// Append logs an addition, and writes its rollups with the numbers of the batches:
// all of it or nothing. It returns the rollups as they are stored.
func (g *Log) Append(ctx context.Context, a Addition) ([]longrun.Rollup, error) {
	for try := 1; ; try++ {
		old, err := g.ready(ctx)
		if err != nil {
			return nil, err
		}
		var stored []longrun.Rollup
		var added []evidence.Batch
		var next evidence.Tip
		err = g.lease.Move(ctx, func(text string) (string, []store.Op, error) {
			note, err := evidence.ParseNote(text)
			if err != nil {
				note = evidence.Note{}
			}
			if note.Number != g.note.Number || note.Root != g.note.Root {
				return "", nil, errMoved
			}
			var ops []store.Op
			if stored, added, ops, next, err = g.batches(note.Head, a, old); err != nil {
				return "", nil, err
			}
			note.Number, note.Root = next.Number, next.Edge.Root()
			return note.Sign(g.Origin, g.Key).String(), ops, nil
		})
		switch {
		case err == nil:
			g.landed(next, added)
			return stored, nil
		case errors.Is(err, errMoved) && try < maxTries:
			// Also what became of an addition of which that was not known.
			if landed, err := g.reload(ctx, next); err != nil {
				return nil, err
			} else if landed {
				g.landed(next, added)
				return stored, nil
			}
		case errors.Is(err, store.ErrConflict):
			if taken, readErr := g.taken(ctx, next.Number); readErr != nil {
				return nil, errors.Join(err, readErr)
			} else if taken && try < maxTries {
				continue
			}
			return nil, err
		default:
			g.known = false
			return nil, err
		}
	}
}

// Declare writes a declared restore and logs it: r must say of what is left what the log
// says, and so be declared before anything else is logged. The errors are r's own, and
// the store's.
func (g *Log) Declare(ctx context.Context, r evidence.Restore) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := g.locate(ctx); err != nil {
		return err
	}
	if g.tip.Edge.Size() != r.Size || g.tip.Number > 0 && g.tip.Tree != r.Tree {
		return fmt.Errorf("logbook: the log goes on behind %d leaves of %q, and the restore is to %d of %q: the lock's note and the newest batch are not of one backup", g.tip.Edge.Size(), g.tip.Tree, r.Size, r.Tree)
	}
	_, err := g.Append(ctx, Addition{Now: r.TS, Restore: &r})
	return err
}

// landed takes note of batches that are stored.
func (g *Log) landed(next evidence.Tip, added []evidence.Batch) {
	g.tip, g.note, g.broken = next, evidence.Note{Number: next.Number, Root: next.Edge.Root()}, 0
	for _, b := range added {
		if g.Added != nil {
			g.Added(b)
		}
		b.Lines = ""
		g.newest = b
	}
}

// Newest returns the batch that the log goes on from, without its lines: the zero one
// before the first, and where another tree is to begin.
func (g *Log) Newest(ctx context.Context) (evidence.Batch, error) {
	if err := g.locate(ctx); err != nil || g.tip.Number == 0 || g.newest.Number != g.tip.Number {
		return evidence.Batch{}, err
	}
	return g.newest, nil
}

// batches makes the batches of an addition, with what is written.
func (g *Log) batches(head evidence.Head, a Addition, old []evidence.Line) (stored []longrun.Rollup, added []evidence.Batch, ops []store.Op, next evidence.Tip, err error) {
	next = g.tip
	lines := slices.Concat(old, a.Lines)
	if a.Restore != nil {
		lines = slices.Insert(lines, 0, evidence.RestoreLine(a.Restore.RestoreID, *a.Restore))
		ops = append(ops, g.ledger.CreateRestore(*a.Restore))
	}
	room := evidence.MaxLines - len(a.Rollups)
	if room < 1 {
		return nil, nil, nil, next, fmt.Errorf("logbook: %d rollups at once: %w", len(a.Rollups), store.ErrInvalid)
	}
	last := g.tip.Number + int64(max(1, (len(lines)+room-1)/room)) // the number of the last batch
	var numbers []int64                                            // of those with lines of documents
	for n := range (len(lines) + room - 1) / room {
		if to := min((n+1)*room, len(lines)); to > len(old) {
			numbers = append(numbers, g.tip.Number+int64(n)+1)
		}
	}
	var rolled []evidence.Line
	for _, r := range a.Rollups {
		r.Batch = last
		if len(a.Lines) > 0 {
			r.Batches = append(slices.Clone(r.Batches), numbers...)
		}
		op := g.ledger.SetRollup(r.Rollup)
		if r.Version != "" {
			op = store.Update(op.Key, r.Rollup, r.Version)
		}
		stored, ops = append(stored, r.Rollup), append(ops, op)
		rolled = append(rolled, evidence.RollupLine(r.Date, r.Rollup))
	}
	broken := a.Broken + g.broken
	for number := next.Number + 1; number <= last; number++ {
		n := min(room, len(lines))
		part := lines[:n:n]
		if lines = lines[n:]; number == last {
			part = append(part, rolled...)
		}
		var b evidence.Batch
		if b, next, err = next.Next(evidence.Draft{TS: a.Now, By: g.By, Head: head, Broken: broken, Lines: part}, g.Key); err != nil {
			return nil, nil, nil, next, err
		}
		broken = 0
		ops, added = append(ops, g.ledger.CreateBatch(b)), append(added, b)
	}
	return stored, added, ops, next, nil
}

// another is the name of the tree that begins with a batch.
func (g *Log) another(number int64) string { return g.Origin + "#" + strconv.FormatInt(number, 10) }

// own reports whether a tree is one of this log.
func (g *Log) own(tree string) bool {
	base, _, _ := strings.Cut(tree, "#")
	return base == g.Origin
}
