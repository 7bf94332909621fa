package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// echo is a store whose client makes each write twice, as one does whose reply
// was lost: the second one meets the first.
type echo struct{ store.Store }

func (e echo) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if _, err := e.Store.Commit(ctx, ops...); err != nil {
		return nil, err
	}
	return e.Store.Commit(ctx, ops...)
}

var putNow = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 7200))

func silence() longrun.Silence {
	return longrun.Silence{SilenceID: "one", From: putNow, Until: putNow.Add(time.Hour), By: "ops", Reason: "a move"}
}

// Each write that carries a condition of its own is made twice by the client, and
// has landed all the same.
func TestAnEchoOfOnesOwnWriteIsNoConflict(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		t.Helper()
		l := open(t, echo{st})
		settings := longrun.DefaultSettings(time.Minute)
		settings.TS, settings.UpdatedBy = putNow, "ops"
		first, err := l.PutSettings(t.Context(), settings, "")
		require.NoError(t, err)
		settings.UpdatedBy = "dev"
		second, err := l.PutSettings(t.Context(), settings, first)
		require.NoError(t, err)
		got, version, err := l.Settings(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, second, version)
		require.Equal(t, "dev", got.UpdatedBy)

		require.NoError(t, l.CreateSilence(t.Context(), silence()))
		ended, err := l.EndSilence(t.Context(), "one", putNow.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, putNow.Add(time.Minute).UTC().Truncate(time.Microsecond), ended.Until)

		run := longrun.Run{RunID: "RUN_a", TS: putNow, InstanceID: "a"}
		version, err = l.PutRun(t.Context(), run, "")
		require.NoError(t, err)
		run.Ended = longrun.Stopped
		_, err = l.PutRun(t.Context(), run, version)
		require.NoError(t, err)

		rollup := longrun.Rollup{Date: "2026-03-01", TS: putNow}
		version, err = l.PutRollup(t.Context(), rollup, "")
		require.NoError(t, err)
		rollup.ComputedBy = "a"
		_, err = l.PutRollup(t.Context(), rollup, version)
		require.NoError(t, err)
	})
}

func TestWhatSomebodyElseWroteIsAConflict(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		t.Helper()
		l := open(t, st)
		settings := longrun.DefaultSettings(time.Minute)
		settings.TS, settings.UpdatedBy = putNow, "ops"
		first, err := l.PutSettings(t.Context(), settings, "")
		require.NoError(t, err)
		settings.UpdatedBy = "dev"
		_, err = l.PutSettings(t.Context(), settings, "")
		require.ErrorIs(t, err, store.ErrConflict)
		_, err = l.PutSettings(t.Context(), settings, first)
		require.NoError(t, err)
		settings.UpdatedBy = "third"
		_, err = l.PutSettings(t.Context(), settings, first)
		require.ErrorIs(t, err, store.ErrConflict)

		require.NoError(t, l.CreateSilence(t.Context(), silence()))
		other := silence()
		other.Reason = "another"
		require.ErrorIs(t, l.CreateSilence(t.Context(), other), store.ErrConflict)
	})
}

// Two are quicker than one who ends a silence: the first makes it longer, the
// second ends it.
func TestASilenceThatWasChangedMeanwhileIsEnded(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		t.Helper()
		faulty := storetest.Wrap(st)
		l := open(t, faulty)
		require.NoError(t, l.CreateSilence(t.Context(), silence()))
		longer, busy := 0, false
		faulty.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit && !busy && longer == 0 {
				busy, longer = true, longer+1
				s := silence()
				s.TS, s.Until = s.From, putNow.Add(2*time.Hour)
				_, err := st.Commit(ctx, store.Set(l.Key(ledger.Silences, "one"), s))
				busy = false
				return err
			}
			return nil
		}})
		ended, err := l.EndSilence(t.Context(), "one", putNow.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, putNow.Add(time.Minute).UTC().Truncate(time.Microsecond), ended.Until)
		again, err := l.EndSilence(t.Context(), "one", putNow.Add(30*time.Minute))
		require.NoError(t, err)
		require.Equal(t, ended.Until, again.Until)
	})
}

func TestAConflictThatCannotBeReadBackSaysSo(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		t.Helper()
		faulty := storetest.Wrap(st)
		l := open(t, faulty)
		require.NoError(t, l.CreateSilence(t.Context(), silence()))
		away := errors.New("away")
		faulty.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get {
				return away
			}
			return nil
		}})
		err := l.CreateSilence(t.Context(), silence())
		require.ErrorIs(t, err, store.ErrConflict)
		require.ErrorIs(t, err, away)
	})
}
