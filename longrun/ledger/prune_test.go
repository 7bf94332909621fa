package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
)

// prune deletes what keep, in days, does not keep.
func prune(t *testing.T, st store.Store, l *ledger.Ledger, now time.Time, keep map[string]int64) {
	t.Helper()
	settings := longrun.DefaultSettings(time.Minute)
	settings.RetentionDays = keep
	_, err := retention.Prune(t.Context(), l, settings, now, func(ctx context.Context, ops []store.Op) error {
		_, err := st.Commit(ctx, ops...)
		return err
	})
	require.NoError(t, err)
}
