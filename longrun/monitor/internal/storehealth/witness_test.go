package storehealth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// able is a store with every ability of a witness.
type able struct {
	store.Store
	lapsed chan struct{}
}

func (a able) Hold(context.Context, string) (string, func(bool), error) {
	return "mark", func(bool) {}, nil
}

func (a able) Seize(context.Context, string, string, bool) (func(bool), error) {
	return nil, store.ErrAlive
}

func (a able) Lapsed(string) <-chan struct{} { return a.lapsed }

// What a store can tell of its processes passes everything that is put around it: who
// forgets a part of it leaves a lock with half a proof.
func TestWhatIsPutAroundAStoreKeepsItsAbilitiesOfAWitness(t *testing.T) {
	t.Parallel()
	around := map[string]func(store.Store) store.Store{
		"storehealth": func(st store.Store) store.Store {
			return storehealth.New(st, clock.New(), func(storehealth.Change, storehealth.Outage) {}, func() {})
		},
		"guardstore": func(st store.Store) store.Store { return guardstore.Of(st, nil) },
		"storetest":  func(st store.Store) store.Store { return storetest.Wrap(st) },
	}
	for name, wrap := range around {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner := able{memstore.New(nil), make(chan struct{})}
			w, ok := wrap(inner).(store.Witness)
			require.True(t, ok)
			mark, end, err := w.Hold(t.Context(), "A")
			require.NoError(t, err)
			require.Equal(t, "mark", mark)
			end(true)
			_, err = w.Seize(t.Context(), "A", mark, false)
			require.ErrorIs(t, err, store.ErrAlive)
			lapsed := store.Lapsed(w, "A")
			require.NotNil(t, lapsed)
			close(inner.lapsed)
			<-lapsed

			w, ok = wrap(memstore.New(nil)).(store.Witness)
			require.True(t, ok)
			_, _, err = w.Hold(t.Context(), "A")
			require.ErrorIs(t, err, errors.ErrUnsupported)
			_, err = w.Seize(t.Context(), "A", mark, false)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.Nil(t, store.Lapsed(w, "A"))
		})
	}
}
