package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// Nobody waits for the lease of a leader that was killed.
func TestWorkUnderTheLeaseNeedNotWaitForADeadLeader(t *testing.T) {
	t.Parallel()
	st, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "l.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	book, err := ledger.New(st, "")
	require.NoError(t, err)
	mark, dies, err := st.Hold(t.Context(), "LEADER")
	require.NoError(t, err)
	_, err = st.Commit(t.Context(), store.Set(book.LockKey(), lock.Row{
		HolderInstanceID: "a", Owner: "LEADER", Epoch: 1, LeaseSec: 3600, Seq: 1, TS: time.Now(), Proof: mark,
	}))
	require.NoError(t, err)
	work := func(context.Context, *logbook.Log, func(context.Context, []store.Op) error) error { return nil }
	require.ErrorContains(t, writing(t.Context(), st, book, logbook.Options{By: "longctl test"}, false, work), "a leads")
	dies(false)
	require.NoError(t, writing(t.Context(), st, book, logbook.Options{By: "longctl test"}, false, work))
}
