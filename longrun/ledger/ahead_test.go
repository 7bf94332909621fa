package ledger_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestALedgerReadsThroughWhatItIsGiven(t *testing.T) {
	t.Parallel()
	l := open(t, memstore.New(nil))
	through := l.Through(func(st store.Store) store.Store {
		f := storetest.Wrap(st)
		f.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errGone }})
		return f
	})
	_, _, err := through.Earliest(t.Context())
	require.ErrorIs(t, err, errGone)
	require.Equal(t, l.Root(), through.Root())
	_, _, err = l.Earliest(t.Context())
	require.NoError(t, err)
}
