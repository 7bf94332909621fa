package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func TestEveryAnswerOfTheStoreIsHeard(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	quiet, err := ledger.New(st, "")
	require.NoError(t, err)
	heard := 0
	book := quiet.Heard(func() { heard++ })
	require.Equal(t, quiet.Root(), book.Root())

	start := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	for i := range 3 {
		_, err := st.Commit(t.Context(), book.CreateHeartbeat(longrun.Beat(start.Add(time.Duration(i)*time.Minute), time.Minute)))
		require.NoError(t, err)
	}
	require.Zero(t, heard)
	n := 0
	for _, err := range book.Heartbeats(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		require.Equal(t, n+1, heard, "as soon as it is there")
		n++
	}
	require.Equal(t, 4, heard, "three documents, and their end")
	_, err = book.Run(t.Context(), "RUN_none")
	require.Error(t, err)
	require.Equal(t, 5, heard)
	for _, err := range quiet.Heartbeats(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
	}
	require.Equal(t, 5, heard, "the ledger that it was made of says nothing")
}
