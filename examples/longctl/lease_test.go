package main

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// Who breaks the work off is told that it was: it is not done.
func TestWorkUnderTheLeaseThatIsBrokenOffIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		book, err := ledger.New(st, "")
		require.NoError(t, err)
		ctx, breakOff := context.WithCancel(t.Context())
		work := func(ctx context.Context, _ *logbook.Log, _ func(context.Context, []store.Op) error) error {
			synctest.Wait() // the work is under way
			breakOff()
			<-ctx.Done()
			return ctx.Err()
		}
		require.ErrorIs(t, writing(ctx, st, book, logbook.Options{By: "longctl test"}, false, work), context.Canceled)
		// The lease is given back at once, and what is done is done.
		done := func(context.Context, *logbook.Log, func(context.Context, []store.Op) error) error { return nil }
		require.NoError(t, writing(t.Context(), st, book, logbook.Options{By: "longctl test"}, false, done))
	})
}
