package runs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/runs"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func newRun(t *testing.T, st store.Store) (*runs.Run, *leadtest.Lines) {
	t.Helper()
	d, lines := leadtest.Deps(t, st, nil)
	r := runs.New(d, runs.Options{Saved: func() {}, Away: func() bool { return false }, Lost: func(longrun.Run, time.Time) {}})
	r.Begin(of("a"))
	return r, lines
}

// of is a run of the instance that begins now.
func of(instance string) longrun.Run {
	now := time.Now().UTC()
	return longrun.Run{RunID: ledger.RunID(instance, now), TS: now, InstanceID: instance, CommitHash: "c1", Host: "h", PID: 1, ProcessStart: now, IntervalSec: 60}
}

func stored(t *testing.T, st store.Store, id string) longrun.Run {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	e, err := l.Run(t.Context(), id)
	require.NoError(t, err)
	return e.Value
}

// What a store refuses is told by its kind: it takes no run with lapses here.
func TestARunThatIsRefusedIsWrittenWithoutItsLapses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		refuse := 1
		heal := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit && refuse > 0 {
				refuse--
				return fmt.Errorf("too large: %w", store.ErrInvalid)
			}
			return nil
		}})
		defer heal()
		r, lines := newRun(t, st)
		r.Lapse(longrun.Lapse{From: time.Now(), To: time.Now().Add(time.Minute), Cause: longrun.StoreDown})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Keep(ctx) }()
		time.Sleep(time.Minute)
		require.Empty(t, stored(t, st, r.ID()).Lapses)
		r.Lapse(longrun.Lapse{From: time.Now(), To: time.Now().Add(time.Minute), Cause: longrun.Stall})
		time.Sleep(time.Minute)
		require.Len(t, stored(t, st, r.ID()).Lapses, 1, "later ones are written")
		require.Equal(t, 1, lines.Count("are dropped"))
		cancel()
		<-done
	})
}

func TestARunEndsNoEarlierThanItBeganAndWrote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		r, _ := newRun(t, st)
		began := time.Now().UTC()
		require.NoError(t, r.Close(t.Context(), longrun.Stopped, began.Add(-time.Hour)))
		run := stored(t, st, r.ID())
		require.Equal(t, began, *run.End)
		require.Equal(t, longrun.Stopped, run.Ended)
		require.Equal(t, "a", run.EndedBy)

		time.Sleep(time.Hour)
		r.Begin(of("a"))
		wrote := time.Now().UTC().Add(10 * time.Hour)
		r.Wrote(longrun.Beat(wrote, time.Minute))
		r.Wrote(longrun.Beat(wrote.Add(-5*time.Minute), time.Minute))
		require.NoError(t, r.Close(t.Context(), longrun.Stopped, wrote.Add(-9*time.Hour)))
		require.Equal(t, wrote, *stored(t, st, r.ID()).End)

		time.Sleep(time.Hour)
		r.Begin(of("a"))
		end := time.Now().UTC().Add(time.Minute)
		require.NoError(t, r.Close(t.Context(), longrun.Stopped, end))
		require.Equal(t, end, *stored(t, st, r.ID()).End, "nothing of the run before")
	})
}

// keptRun is a run that is kept until end, and a time in it a minute ago.
func keptRun(t *testing.T, st store.Store) (r *runs.Run, lines *leadtest.Lines, renewed time.Time, end func()) {
	t.Helper()
	r, lines = newRun(t, st)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Keep(ctx) }()
	time.Sleep(time.Minute)
	renewed = time.Now().UTC()
	time.Sleep(time.Minute)
	return r, lines, renewed, func() { cancel(); <-done }
}

func TestARunThatWasMarkedAsLostTakesThatBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		a, lines, renewed, end := keptRun(t, st)

		d, _ := leadtest.Deps(t, st, nil)
		d.Self.InstanceID = "b"
		b := runs.New(d, runs.Options{Saved: func() {}, Away: func() bool { return false }, Lost: func(longrun.Run, time.Time) {}})
		b.Begin(of("b"))
		away := st.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errors.New("away") }})
		time.AfterFunc(time.Minute, away)
		b.MarkLost(t.Context(), lock.Row{HolderInstanceID: "a", RenewedAt: renewed})
		run := stored(t, st, a.ID())
		require.Equal(t, renewed, *run.End)
		require.Equal(t, longrun.Lost, run.Ended)
		require.Equal(t, "b", run.EndedBy)

		a.Lapse(longrun.Lapse{From: renewed, To: renewed.Add(time.Minute), Cause: longrun.Stall})
		time.Sleep(time.Minute)
		run = stored(t, st, a.ID())
		require.Nil(t, run.End)
		require.Empty(t, run.Ended)
		require.Len(t, run.Lapses, 2)
		alive := run.Lapses[1] // whatever happens to it later, it was there
		require.Equal(t, longrun.Unknown, alive.Cause)
		require.Equal(t, renewed, alive.From)
		require.True(t, alive.To.After(renewed.Add(time.Minute)))
		require.Equal(t, 1, lines.Count("it goes on"))
		end()
	})
}

// Who led and was replaced looks whether it was called lost, at once and later and later:
// who replaced it may call it so when it can.
func TestARunThatWasReplacedLooksWhetherItWasCalledLost(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, time.Second, time.Minute, 40 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			st := storetest.Wrap(memstore.New(nil))
			a, lines, renewed, end := keptRun(t, st)
			a.Replaced()
			synctest.Wait()
			time.Sleep(late)

			d, _ := leadtest.Deps(t, st, nil)
			d.Self.InstanceID = "b"
			b := runs.New(d, runs.Options{Saved: func() {}, Away: func() bool { return false }, Lost: func(longrun.Run, time.Time) {}})
			b.Begin(of("b"))
			b.MarkLost(t.Context(), lock.Row{HolderInstanceID: "a", RenewedAt: renewed})
			require.Equal(t, longrun.Lost, stored(t, st, a.ID()).Ended)
			time.Sleep(late + 6*time.Second)
			require.Empty(t, stored(t, st, a.ID()).Ended)
			require.Equal(t, 1, lines.Count("it goes on"))

			time.Sleep(3 * time.Hour)
			commits := st.Calls(storetest.Commit)
			require.LessOrEqual(t, commits, 20)
			time.Sleep(24 * time.Hour)
			require.Equal(t, commits, st.Calls(storetest.Commit), "not for ever")
			end()
		})
	}
}

// A process that is back before a second is over has the ID of the run that died,
// until its own first write meets that.
func TestARunOfTheSameInstanceAndSecondIsFoundDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		dead, _ := newRun(t, st)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); dead.Keep(ctx) }()
		synctest.Wait()
		cancel()
		<-done
		time.Sleep(300 * time.Millisecond)
		before := lock.Row{HolderInstanceID: "a", RenewedAt: time.Now().UTC()}
		time.Sleep(300 * time.Millisecond)

		d, _ := leadtest.Deps(t, st, nil)
		var found []longrun.Run
		again := runs.New(d, runs.Options{Saved: func() {}, Away: func() bool { return false }, Lost: func(r longrun.Run, _ time.Time) { found = append(found, r) }})
		again.Begin(of("a"))
		require.Equal(t, dead.ID(), again.ID())
		again.MarkLost(t.Context(), before)
		require.Len(t, found, 1)
		require.Equal(t, longrun.Lost, stored(t, st, dead.ID()).Ended)

		ctx, cancel = context.WithCancel(t.Context())
		done = make(chan struct{})
		go func() { defer close(done); again.Keep(ctx) }()
		synctest.Wait()
		require.NotEqual(t, dead.ID(), again.ID())
		require.Nil(t, stored(t, st, again.ID()).End)
		again.MarkLost(t.Context(), before)
		require.Nil(t, stored(t, st, again.ID()).End, "nor is it its own death")
		cancel()
		<-done
	})
}
