package runs_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/runs"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// successor is an instance that took over.
func successor(t *testing.T, st store.Store, id string, lost func(longrun.Run, time.Time)) *runs.Run {
	t.Helper()
	d, _ := leadtest.Deps(t, st, nil)
	d.Self.InstanceID = id
	r := runs.New(d, runs.Options{Saved: func() {}, Away: func() bool { return false }, Lost: lost})
	r.Begin(of(id))
	return r
}

// b took over from a and was cut off for hours before it had called that dead. Where a has
// led again meanwhile it lives; where it has not, it is dead.
func TestWhoHasLedAgainIsNotCalledLostLater(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"it led again": true, "it did not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				a, _, renewed, end := keptRun(t, mem)
				way := storetest.Wrap(mem)
				b := successor(t, way, "b", func(longrun.Run, time.Time) {})
				heal := way.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errors.New("away") }})
				done := spawn.Start("the take-over", func() error {
					b.MarkLost(t.Context(), lock.Row{HolderInstanceID: "a", RenewedAt: renewed})
					return nil
				})
				time.Sleep(2 * time.Hour)
				l, err := ledger.New(mem, "")
				require.NoError(t, err)
				for n, id := range []string{"b", "a"} { // one of its own and, where it led, one of a
					h := longrun.Beat(renewed.Add(time.Duration(n+1)*time.Hour), time.Minute)
					h.InstanceID, h.UptimeSec = id, int64(h.TS.Sub(stored(t, mem, a.ID()).TS)/time.Second)
					if id == "b" || again {
						_, err = mem.Commit(t.Context(), l.CreateHeartbeat(h))
						require.NoError(t, err)
					}
				}
				heal()
				require.NoError(t, <-done)
				require.Equal(t, again, stored(t, mem, a.ID()).End == nil)
				end()
			})
		})
	}
}

// A run that had been given up, and never heard of it, led all the same. When it dies, its
// death is found.
func TestADeathIsFoundOfARunThatHadBeenGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		older, _, _, ended := keptRun(t, mem)
		ended()
		a, _, renewed, end := keptRun(t, mem)
		end()
		b := successor(t, mem, "b", func(longrun.Run, time.Time) {})
		b.MarkLost(t.Context(), lock.Row{HolderInstanceID: "a", RenewedAt: renewed})
		require.Equal(t, renewed, *stored(t, mem, a.ID()).End)

		var found []string
		c := successor(t, mem, "c", func(run longrun.Run, _ time.Time) { found = append(found, run.RunID) })
		last := renewed.Add(time.Hour)
		// As long as it made no beat it may be a later run that held the lock.
		c.MarkLost(t.Context(), lock.Row{HolderInstanceID: "a", RenewedAt: last})
		require.Empty(t, found)
		require.Equal(t, renewed, *stored(t, mem, a.ID()).End)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		h := longrun.Beat(renewed.Add(time.Minute), time.Minute)
		h.InstanceID, h.UptimeSec = "a", int64(h.TS.Sub(stored(t, mem, a.ID()).TS)/time.Second)
		_, err = mem.Commit(t.Context(), l.CreateHeartbeat(h))
		require.NoError(t, err)
		c.MarkLost(t.Context(), lock.Row{HolderInstanceID: "a", RenewedAt: last})
		require.Equal(t, []string{a.ID()}, found, "and none of those before it")
		require.Equal(t, last, *stored(t, mem, a.ID()).End)
		require.NotEqual(t, older.ID(), a.ID())
	})
}
