package locktest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
)

func rowRules() []rule {
	return []rule{
		{"A row of the system before is waited for and then replaced", foreignRow},
		{"A mangled row is reported and left alone", mangledRow},
		{"A row of an earlier epoch is reported and left alone", rolledBackRow},
		{"A leader whose row is gone has lost", deletedRow},
		{"Rows are in a scan by the time of renewal", scannedRow},
	}
}

func foreignRow(s *suite) {
	until := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	_, err := s.st.Commit(s.Context(), store.Set(s.key(), map[string]any{
		"holderInstanceId": "old-host", "leaseUntilTs": until.UnixMilli(), "updatedAt": until,
	}))
	require.NoError(s, err)
	row := s.row()
	require.True(s, row.Foreign())
	require.Equal(s, "old-host", row.HolderInstanceID)
	require.True(s, until.Equal(row.LeaseUntil))

	a := s.instance("a")
	held := a.refused()
	require.Equal(s, "old-host", held.Holder)
	require.Zero(s, held.Epoch)
	require.Positive(s, held.Remaining, "its own time says nothing to us")
	a.aged.age(lease)
	taken := a.acquire()
	require.EqualValues(s, 1, taken.Token().Epoch)
	prev, how := taken.Previous()
	require.Equal(s, lock.Expired, how)
	require.Equal(s, "old-host", prev.HolderInstanceID)
	row = s.row()
	require.Equal(s, "a", row.HolderInstanceID)
	require.Equal(s, row.RenewedAt.Add(lease), row.LeaseUntil)
	require.NoError(s, taken.Commit(s.Context(), s.put(taken, "x", 1)))
	s.release(taken)
}

// untouched checks that n finds the row corrupt and changes nothing.
func untouched(s *suite, n *instance) {
	s.Helper()
	before, err := s.st.Get(s.Context(), s.key())
	require.NoError(s, err)
	n.aged.age(lease)
	_, err = n.lock.TryAcquire(s.Context())
	var corrupt *lock.CorruptError
	require.ErrorAs(s, err, &corrupt)
	require.Equal(s, s.key(), corrupt.Key)
	require.ErrorAs(s, n.lock.View().Err, &corrupt)
	after, err := s.st.Get(s.Context(), s.key())
	require.NoError(s, err)
	require.Equal(s, before.Version, after.Version)
}

func mangledRow(s *suite) {
	for _, doc := range []map[string]any{
		{"ts": time.Now()},
		{"holderInstanceId": "a", "epoch": "seven", "owner": "x", "leaseSec": 1.0},
		{"holderInstanceId": "a", "epoch": -7, "owner": "x", "leaseSec": 1.0},
		{"holderInstanceId": "a", "epoch": 7, "owner": "x", "leaseSec": -1.0},
		{"holderInstanceId": "a", "epoch": 7, "owner": 5, "leaseSec": 1.0},
	} {
		_, err := s.st.Commit(s.Context(), store.Set(s.key(), doc))
		require.NoError(s, err)
		untouched(s, s.instance("b"))
	}
}

func rolledBackRow(s *suite) {
	a, b := s.instance("a"), s.instance("b")
	s.release(a.acquire())
	backup := s.row()
	held := b.acquire()
	_, err := s.st.Commit(s.Context(), store.Set(s.key(), backup))
	require.NoError(s, err)
	untouched(s, b)
	require.ErrorIs(s, held.Commit(s.Context(), s.put(held, "x", 1)), lock.ErrLost)
	s.absent("x")
}

func deletedRow(s *suite) {
	a := s.instance("a")
	s.release(a.acquire())
	held := a.acquire()
	_, err := s.st.Commit(s.Context(), store.Delete(s.key()))
	require.NoError(s, err)
	require.ErrorIs(s, held.Commit(s.Context(), s.put(held, "x", 1)), lock.ErrLost)
	s.absent("x")
	require.NoError(s, held.Release(s.Context()))
	_, err = s.st.Get(s.Context(), s.key())
	require.ErrorIs(s, err, store.ErrNotFound)
	held = a.acquire()
	require.EqualValues(s, 3, held.Token().Epoch, "who remembers goes on from there")
	s.release(held)
}

func scannedRow(s *suite) {
	held := s.instance("a").acquire()
	n := 0
	for rec, err := range s.st.Scan(s.Context(), store.Query{Collection: s.key().Collection}) {
		require.NoError(s, err)
		row, err := lock.ReadRow(rec)
		require.NoError(s, err)
		require.Equal(s, s.row(), row)
		require.True(s, rec.At.Equal(row.RenewedAt))
		n++
	}
	require.Equal(s, 1, n)
	s.release(held)
}
