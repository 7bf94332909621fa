package spawn_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

func TestAGroupWaitsForAllAndTellsTheFirstError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g spawn.Group
		var ended atomic.Int32
		first := make(chan struct{})
		g.Go("second", func() error {
			<-first
			synctest.Wait() // the first has ended by now
			ended.Add(1)
			return errors.New("second")
		})
		g.Go("first", func() error {
			defer close(first)
			ended.Add(1)
			return errMine
		})
		g.Go("third", func() error {
			g.Go("of the third", func() error { ended.Add(1); return nil })
			return nil
		})
		require.ErrorIs(t, g.Wait(), errMine)
		require.EqualValues(t, 3, ended.Load())
	})
}

func TestAGroupsContextEndsWithItsFirstError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, ctx := spawn.NewGroup(t.Context())
		g.Go("waits", func() error { <-ctx.Done(); return context.Cause(ctx) })
		g.Go("panics", func() error { panic("boom") })
		err := g.Wait()
		require.EqualError(t, err, "panics: panic: boom")
		require.Equal(t, err, context.Cause(ctx))

		g, ctx = spawn.NewGroup(t.Context())
		g.Go("ends", func() error { return nil })
		require.NoError(t, g.Wait())
		require.Error(t, ctx.Err(), "nothing is left behind")
	})
}

func TestAGroupTellsOfFaultsAndSurvivesWhoIsTold(t *testing.T) {
	t.Parallel()
	var told atomic.Int32
	g := spawn.Group{OnFault: func(f *spawn.Fault) {
		told.Add(1)
		if f.Name == "exits" {
			runtime.Goexit()
		}
		panic("told")
	}}
	g.Go("panics", func() error { panic("boom") })
	g.Go("exits", func() error { runtime.Goexit(); return nil })
	g.Go("fails", func() error { return errMine })
	require.Error(t, g.Wait())
	require.EqualValues(t, 2, told.Load())
}
