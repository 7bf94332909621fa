package storetest

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func contextRules() []rule {
	return []rule{
		{"A cancelled context is refused, and nothing is applied", cancelled},
		{"A deadline that has passed is refused, and nothing is applied", pastDeadline},
		{"A scan whose context ends says so", cancelledScan},
	}
}

func cancelled(s *suite) {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	s.refusesContext(ctx, context.Canceled)
}

func pastDeadline(s *suite) {
	ctx, cancel := context.WithTimeout(s.Context(), -time.Second)
	defer cancel()
	s.refusesContext(ctx, context.DeadlineExceeded)
}

func (s *suite) refusesContext(ctx context.Context, want error) {
	s.Helper()
	s.commit(store.Set(s.key("k"), noteAt(0)))
	_, err := s.st.Get(ctx, s.key("k"))
	require.ErrorIs(s, err, want)
	require.NotErrorIs(s, err, store.ErrInvalid)
	_, err = s.st.Commit(ctx, store.Create(s.key("new"), noteAt(1)))
	require.ErrorIs(s, err, want)
	require.NotErrorIs(s, err, store.ErrInvalid)
	s.absent(s.key("new"))
	var errs []error
	for r, err := range s.st.Scan(ctx, store.Query{Collection: s.coll}) {
		require.Zero(s, r.Key, "an error comes with a zero Record")
		errs = append(errs, err)
	}
	require.Len(s, errs, 1)
	require.ErrorIs(s, errs[0], want)
}

// cancelledScan allows what is on its way already to arrive: but a scan that
// ended early must never look like the end of the collection.
func cancelledScan(s *suite) {
	const total = 200
	var ops []store.Op
	for i := range total {
		ops = append(ops, store.Set(s.key(noteAt(i).TS.Format("150405")), noteAt(i)))
	}
	s.commit(ops...)
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	seen, ended := 0, error(nil)
	for r, err := range s.st.Scan(ctx, store.Query{Collection: s.coll}) {
		require.NoError(s, ended, "nothing comes after an error")
		if err != nil {
			require.Zero(s, r.Key, "an error comes with a zero Record")
			ended = err
			continue
		}
		if seen++; seen == 2 {
			cancel()
		}
	}
	if seen < total {
		require.ErrorIs(s, ended, context.Canceled, "the scan ended after %d of %d documents", seen, total)
	}
}
