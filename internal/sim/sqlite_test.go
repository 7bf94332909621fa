package sim_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/internal/sim"
	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// The same plans over a SQLite file, as far as an ordinary run has time for commits
// that are written to a disk.
func TestNoPlanBreaksAnythingOnSQLite(t *testing.T) { //nolint:paralleltest // the processor is one
	for seed := *from; seed < *from+uint64(seedtest.Histories(3)); seed++ { //nolint:gosec // not negative
		p := plan.Generate(seed, time.Hour)
		path := filepath.Join(t.TempDir(), "sim.db")
		synctest.Test(t, func(t *testing.T) {
			st, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{WatchEvery: -1}) // all share the one Store
			require.NoError(t, err)
			o := sim.Live(t.Context(), st, p)
			require.NoError(t, st.Close())
			require.Empty(t, o.Violations, "seed %d", seed)
		})
	}
}
