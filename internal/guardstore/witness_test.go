package guardstore_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// witness is a host's, which does what it is made to.
type witness struct {
	mark string
	end  func(bool)
	act  func(ctx context.Context) error
}

func (w witness) Hold(ctx context.Context, _ string) (string, func(bool), error) {
	return w.mark, w.end, w.act(ctx)
}

func (w witness) Seize(ctx context.Context, _, _ string, _ bool) (func(bool), error) {
	return w.end, w.act(ctx)
}

// witnessing is a store that is one, too.
type witnessing struct {
	store.Store
	witness
}

func TestWhateverAWitnessDoesIsAnOrdinaryErrorWithinItsTime(t *testing.T) {
	t.Parallel()
	well := func(context.Context) error { return nil }
	for name, w := range map[string]witness{
		"an error":   {"m", func(bool) {}, func(context.Context) error { return errors.New("no") }},
		"a panic":    {"m", func(bool) {}, func(context.Context) error { panic("no") }},
		"a Goexit":   {"m", func(bool) {}, func(context.Context) error { runtime.Goexit(); return nil }},
		"no end":     {"m", nil, well},
		"deafness":   {"m", func(bool) {}, nil},
		"no mark":    {"", func(bool) {}, well},
		"a long one": {strings.Repeat("m", 257), func(bool) {}, well},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hang := make(chan struct{})
				defer close(hang)
				if w.act == nil {
					w.act = func(context.Context) error { <-hang; return nil }
				}
				g := guardstore.Witness(w, clock.New())
				begun := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, _, err := g.Hold(ctx, "A")
				require.Error(t, err)
				if w.mark == "m" {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					_, err = g.Seize(ctx, "A", "m", true)
					require.Error(t, err)
				}
				require.LessOrEqual(t, time.Since(begun), 4*time.Second)
			})
		})
	}
}

func TestTheEndOfASignHarmsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		for _, end := range []func(bool){func(bool) { panic("no") }, func(bool) { <-hang }, func(bool) { runtime.Goexit() }} {
			g := guardstore.Witness(witness{"m", end, func(context.Context) error { return nil }}, clock.New())
			begun := time.Now()
			_, ends, err := g.Hold(t.Context(), "A")
			require.NoError(t, err)
			ends(true)
			done, err := g.Seize(t.Context(), "A", "m", false)
			require.NoError(t, err)
			done(true)
			require.LessOrEqual(t, time.Since(begun), 4*time.Second)
		}
	})
}

func TestAGuardedStoreIsAWitnessIfItsStoreIs(t *testing.T) {
	t.Parallel()
	none, ok := guardstore.Of(memstore.New(nil), nil).(store.Witness)
	require.True(t, ok)
	_, _, err := none.Hold(t.Context(), "A")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = none.Seize(t.Context(), "A", "m", false)
	require.ErrorIs(t, err, errors.ErrUnsupported)

	st := witnessing{memstore.New(nil), witness{"m", func(bool) {}, func(context.Context) error { return store.ErrAlive }}}
	some, ok := guardstore.Of(st, nil).(store.Witness)
	require.True(t, ok)
	_, err = some.Seize(t.Context(), "A", "m", false)
	require.ErrorIs(t, err, store.ErrAlive, "what callers branch on is still found")
	require.Equal(t, some, guardstore.Witness(some, nil), "one guard is enough")
}
