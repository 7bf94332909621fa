package lock_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
)

// deathbed is a resident that finds somebody dead who spoke until it asked.
type deathbed struct {
	*resident
	before func()
}

func (d *deathbed) Seize(ctx context.Context, name, mark string, wait bool) (func(bool), error) {
	if before := d.before; before != nil {
		d.before = nil
		before()
	}
	return d.resident.Seize(ctx, name, mark, wait)
}

// The last words of whoever is found dead may land after the row was read, and before
// the proof is in hand: one attempt is granted the lock all the same, on the row as those
// words left it.
func TestOneAttemptIsGrantedTheLockOfTheDeadWhateverTheirLastWordsWere(t *testing.T) {
	for _, seed := range seeds(t, 12) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			w, r := newWorld(t), newRegistry()
			pa, pb := r.process(), &deathbed{resident: r.process()}
			crashed := w.instance("a", with(pa)).acquire()
			note := ""
			pb.before = func() {
				for range rng.IntN(3) {
					note += "x"
					require.NoError(t, crashed.CommitNote(t.Context(), crashed.Note(), note, put(crashed, "x", note)))
				}
				w.bury(crashed)
				pa.dies()
			}
			next, err := w.instance("b", with(pb)).lock.TryAcquire(t.Context())
			require.NoError(t, err, "seed %d", seed)
			prev, how := next.Previous()
			require.Equal(t, lock.Died, how)
			require.Equal(t, "a", prev.HolderInstanceID)
			require.Equal(t, note, prev.Note)
			require.Equal(t, note, next.Note())
			require.ErrorIs(t, crashed.Commit(t.Context(), put(crashed, "x", "late")), lock.ErrLost)
			w.release(next)
		})
	}
}
