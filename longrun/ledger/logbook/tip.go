package logbook

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// ready looks up where the log goes on, unless that is known, and returns the lines
// that a first batch takes of what earlier versions left.
func (g *Log) ready(ctx context.Context) ([]evidence.Line, error) {
	if err := g.locate(ctx); err != nil || g.tip.Number > 0 {
		return nil, err
	}
	return g.leftBehind(ctx)
}

func (g *Log) locate(ctx context.Context) error {
	if g.known {
		return nil
	}
	return g.lookUp(ctx, g.lease.Note())
}

// leftBehind are the lines of the rollups that there are before the first batch.
func (g *Log) leftBehind(ctx context.Context) (lines []evidence.Line, err error) {
	for e, err := range g.ledger.Rollups(ctx, ledger.Page{}) {
		switch {
		case isDocument(err):
		case err != nil:
			return nil, err
		case len(lines) < evidence.MaxLines/2: // twice the years of anybody
			lines = append(lines, evidence.RollupLine(e.Key.ID, e.Value))
		}
	}
	return lines, nil
}

// lookUp reads the batch that a note names, and holds it against the note. Where
// they do not agree, or there is no such note, another tree begins behind the
// newest batch.
func (g *Log) lookUp(ctx context.Context, text string) error {
	note, unread := evidence.ParseNote(text)
	if unread != nil {
		note = evidence.Note{}
	}
	why := unread
	if note.Number > 0 {
		e, err := g.ledger.Batch(ctx, note.Number)
		switch {
		case errors.Is(err, store.ErrNotFound):
			why = fmt.Errorf("batch %d is missing", note.Number)
		case isDocument(err):
			why = err
		case err != nil:
			return err
		default:
			o, err := e.Value.Open()
			switch {
			case err != nil:
				why = err
			case o.Root != note.Root:
				why = fmt.Errorf("batch %d is not the one that the note is of", note.Number)
			case !g.own(o.After.Tree):
				why = fmt.Errorf("the log has another origin, %.200q", o.After.Tree)
			default:
				g.granted(&e.Value)
				g.take(o.After, note)
				e.Value.Lines = ""
				g.newest = e.Value
				return nil
			}
		}
	}
	newest, err := g.ledger.NewestBatch(ctx)
	if err != nil {
		return err
	}
	last := max(newest.Value.Number, note.Number)
	if last == 0 {
		g.take(evidence.Tip{Tree: g.Origin}, note)
		return nil
	}
	if why == nil {
		why = errors.New("the note of the lock is lost")
	}
	g.begin(ctx, last, note, why)
	return nil
}

// begin begins another tree behind the batch of a number.
func (g *Log) begin(ctx context.Context, last int64, note evidence.Note, why error) {
	g.take(evidence.Tip{Tree: g.another(last + 1), Number: last}, note)
	g.newest = evidence.Batch{}
	if g.Anew != nil {
		g.Anew(ctx, g.tip.Tree, why)
	}
}

func (g *Log) take(tip evidence.Tip, note evidence.Note) {
	g.tip, g.known, g.looked = tip, true, true
	g.note = evidence.Note{Number: note.Number, Root: note.Root}
}

// granted looks once at the note that the lease was granted with: one that somebody
// made up counts as a break in the chain, so that going on from it hides nothing.
// Which key signed it a note does not say: it must be by ours where the newest batch
// is.
func (g *Log) granted(newest *evidence.Batch) {
	if g.looked || len(g.Key) == 0 {
		return
	}
	public, _ := g.Key.Public().(ed25519.PublicKey) // what an Ed25519 key returns
	note, err := evidence.ParseNote(g.lease.Granted())
	if err != nil || note.Signature == "" {
		return
	}
	if _, err := evidence.VerifyCheckpoint(newest.Checkpoint, public); err == nil && note.Verify(g.Origin, public) != nil {
		g.broken++
	}
}

// reload looks the log up as the note has it now, and reports whether that is next:
// an addition of which nobody knew whether it had landed.
func (g *Log) reload(ctx context.Context, next evidence.Tip) (landed bool, err error) {
	text := g.lease.Note()
	note, err := evidence.ParseNote(text)
	if err == nil && next.Number > 0 && note.Number == next.Number && note.Root == next.Edge.Root() {
		return true, nil
	}
	g.known = false
	return false, g.lookUp(ctx, text)
}

// taken reports whether there is a batch of a number that is about to be written: a
// note was lost, or set back. Another tree begins behind it then.
func (g *Log) taken(ctx context.Context, number int64) (bool, error) {
	for n := g.tip.Number + 1; n <= number; n++ {
		_, err := g.ledger.Batch(ctx, n)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil && !isDocument(err):
			return false, err
		}
		newest, err := g.ledger.NewestBatch(ctx)
		if err != nil {
			return false, err
		}
		g.begin(ctx, max(n, newest.Value.Number), g.note, fmt.Errorf("there is a batch %d already", n))
		return true, nil
	}
	return false, nil
}

// Logged says what the log has of a day, by its stored rollup: ledger.CloseDay asks.
func (g *Log) Logged(ctx context.Context, e ledger.Entry[longrun.Rollup]) (ledger.Logged, error) {
	if err := g.locate(ctx); err != nil {
		return ledger.Logged{}, err
	}
	if g.tip.Number == 0 {
		return ledger.Logged{Trusted: true}, nil
	}
	return Logged(ctx, g.ledger, e)
}

// Logged says what the log has of a day, by its stored rollup. It reads the batches
// that the rollup names.
func Logged(ctx context.Context, l *ledger.Ledger, e ledger.Entry[longrun.Rollup]) (ledger.Logged, error) {
	has := ledger.Logged{Has: map[ledger.LoggedID]bool{}}
	want := evidence.RollupLine(e.Key.ID, e.Value)
	for _, n := range named(e.Value) {
		b, err := readBatch(ctx, l, n)
		if err != nil {
			return has, err
		}
		lines, err := evidence.ParseLines(b.Lines)
		if err != nil {
			continue
		}
		for _, line := range lines {
			if line == want && n == max(e.Value.Batch, 1) {
				has.Trusted = true
			}
			if line.Kind != evidence.Rollup {
				has.Has[ledger.LoggedID{Kind: line.Kind, ID: line.ID}] = true
			}
		}
	}
	return has, nil
}

// named are the numbers of the batches that a rollup names, each once.
func named(r longrun.Rollup) []int64 {
	all := slices.Sorted(slices.Values(append(slices.Clone(r.Batches), max(r.Batch, 1))))
	return slices.Compact(all)
}

// readBatch reads a batch; the zero one where it is gone or mangled.
func readBatch(ctx context.Context, l *ledger.Ledger, number int64) (evidence.Batch, error) {
	b, err := l.Batch(ctx, number)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) || isDocument(err) {
		return evidence.Batch{}, nil
	}
	return b.Value, err
}

func isDocument(err error) bool {
	_, ok := errors.AsType[*ledger.DocumentError](err)
	return ok
}
