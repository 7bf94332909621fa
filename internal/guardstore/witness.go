package guardstore

import (
	"context"
	"errors"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	holdName  = "the witness's Hold"
	seizeName = "the witness's Seize"
	endName   = "the end of a sign"
	lapseName = "the witness's Lapsed"
	// maxMark bounds the mark of a sign, which is part of every row.
	maxMark = 256
)

// witness is the guard of a host's store.Witness.
type witness struct {
	inner store.Witness
	clock clock.Clock

	holds, seizes, ends spawn.Door
}

// Witness returns a guarded w, as Of does with a store. What it says is bound to
// nothing; how it says it, is.
func Witness(w store.Witness, clk clock.Clock) store.Witness {
	if _, already := w.(interface{ Guarded() }); already {
		return w
	}
	if clk == nil {
		clk = clock.New()
	}
	g := &witness{inner: w, clock: clk}
	for _, door := range []*spawn.Door{&g.holds, &g.seizes, &g.ends} {
		door.Clock = clk
	}
	return g
}

// Guarded marks a witness whose calls never do harm.
func (w *witness) Guarded() {}

// Hold implements store.Witness.
func (w *witness) Hold(ctx context.Context, name string) (string, func(spent bool), error) {
	type sign struct {
		mark string
		end  func(bool)
	}
	s, err := spawn.Through(ctx, &w.holds, holdName, func(ctx context.Context) (sign, error) {
		mark, end, err := w.inner.Hold(ctx, name)
		switch {
		case err != nil:
			return sign{}, plain(err)
		case end == nil:
			return sign{}, broken(holdName, "it gave no end")
		case mark == "" || len(mark) > maxMark:
			end(true)
			return sign{}, broken(holdName, "it gave a mark that is empty or too long")
		}
		return sign{mark, end}, nil
	})
	if err = ours(ctx, err); err != nil {
		return "", nil, err
	}
	return s.mark, w.ending(s.end), nil
}

// Seize implements store.Witness.
func (w *witness) Seize(ctx context.Context, name, mark string, wait bool) (func(won bool), error) {
	done, err := spawn.Through(ctx, &w.seizes, seizeName, func(ctx context.Context) (func(bool), error) {
		done, err := w.inner.Seize(ctx, name, mark, wait)
		switch {
		case err != nil:
			return nil, plain(err)
		case done == nil:
			return nil, broken(seizeName, "it gave no end")
		}
		return done, nil
	})
	if err = ours(ctx, err); err != nil {
		return nil, err
	}
	return w.ending(done), nil
}

// Lapsed implements store.Lapser as far as the witness does. A call that panics tells
// nothing; one that never returns is the host's to answer for, as nothing waits in it.
func (w *witness) Lapsed(name string) (lapsed <-chan struct{}) {
	_ = spawn.Guard(lapseName, func() error { // nil then
		lapsed = store.Lapsed(w.inner, name)
		return nil
	})
	return lapsed
}

// ending is a host's end of a sign, waited for two seconds at most.
func (w *witness) ending(end func(bool)) func(bool) {
	return func(b bool) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		timer := w.clock.AfterFunc(time.Second, cancel)
		defer timer.Stop()
		_ = w.ends.Call(ctx, endName, func(context.Context) error { end(b); return nil })
	}
}

// Hold implements store.Witness as far as the store does.
func (g *guarded) Hold(ctx context.Context, name string) (string, func(spent bool), error) {
	if g.witness == nil {
		return "", nil, errors.ErrUnsupported
	}
	return g.witness.Hold(ctx, name)
}

// Seize implements store.Witness as far as the store does.
func (g *guarded) Seize(ctx context.Context, name, mark string, wait bool) (func(won bool), error) {
	if g.witness == nil {
		return nil, errors.ErrUnsupported
	}
	return g.witness.Seize(ctx, name, mark, wait)
}

// Lapsed implements store.Lapser as far as the store does.
func (g *guarded) Lapsed(name string) <-chan struct{} {
	if g.witness == nil {
		return nil
	}
	return store.Lapsed(g.witness, name)
}
