package storetest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var (
	errDown = errors.New("down")
	lampKey = store.Key{Collection: "lamps", ID: "1"}
)

type lamp struct {
	TS  time.Time `json:"ts" firestore:"ts"`
	Lit bool      `json:"lit" firestore:"lit"`
}

func litAt(sec int64) lamp { return lamp{TS: time.Unix(sec, 0), Lit: true} }

func TestFaultyWithoutFaultsChangesNothing(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return storetest.Wrap(memstore.New(nil)) })
}

func TestBeforeKeepsTheCallFromTheStore(t *testing.T) {
	t.Parallel()
	inner := memstore.New(nil)
	f := storetest.Wrap(inner)
	remove := f.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errDown }})

	_, err := f.Commit(t.Context(), store.Set(lampKey, litAt(1)))
	require.ErrorIs(t, err, errDown)
	require.Empty(t, inner.Collections())
	_, err = f.Get(t.Context(), lampKey)
	require.ErrorIs(t, err, errDown)
	for _, err := range f.Scan(t.Context(), store.Query{Collection: "lamps"}) {
		require.ErrorIs(t, err, errDown)
	}
	_, err = f.Watch(t.Context(), lampKey)
	require.ErrorIs(t, err, errDown)

	remove()
	_, err = f.Commit(t.Context(), store.Set(lampKey, litAt(1)))
	require.NoError(t, err)
}

func TestAfterLosesTheReplyOfAnAppliedCall(t *testing.T) {
	t.Parallel()
	inner := memstore.New(nil)
	f := storetest.Wrap(inner)
	remove := f.Inject(storetest.Fault{After: func(context.Context, storetest.Call) error { return errDown }})

	stamps, err := f.Commit(t.Context(), store.Create(lampKey, litAt(1)))
	require.ErrorIs(t, err, errDown)
	require.Nil(t, stamps)
	_, err = inner.Get(t.Context(), lampKey)
	require.NoError(t, err, "the commit was applied")
	// A lost reply hides a refusal too.
	_, err = f.Commit(t.Context(), store.Create(lampKey, litAt(1)))
	require.NotErrorIs(t, err, store.ErrConflict)
	_, err = f.Get(t.Context(), lampKey)
	require.ErrorIs(t, err, errDown)
	_, err = f.Watch(t.Context(), lampKey)
	require.ErrorIs(t, err, errDown)

	remove()
	_, err = f.Commit(t.Context(), store.Create(lampKey, litAt(1)))
	require.ErrorIs(t, err, store.ErrConflict)
}

func TestScanBreaksWhereItIsTold(t *testing.T) {
	t.Parallel()
	f := storetest.Wrap(memstore.New(nil))
	for i := range int64(5) {
		_, err := f.Commit(t.Context(), store.Set(store.Key{Collection: "lamps", ID: string(rune('a' + i))}, litAt(i)))
		require.NoError(t, err)
	}
	read := func() (n int, last error) {
		for _, err := range f.Scan(t.Context(), store.Query{Collection: "lamps"}) {
			if err != nil {
				last = err
				continue
			}
			n++
		}
		return n, last
	}
	remove := f.Inject(storetest.Fault{Record: func(_ context.Context, _ storetest.Call, n int) error {
		if n == 3 {
			return errDown
		}
		return nil
	}})
	n, err := read()
	require.ErrorIs(t, err, errDown)
	require.Equal(t, 2, n)
	remove()

	f.Inject(storetest.Fault{After: func(context.Context, storetest.Call) error { return errDown }})
	n, err = read()
	require.ErrorIs(t, err, errDown)
	require.Equal(t, 5, n)
}

func TestHooksSeeTheCall(t *testing.T) {
	t.Parallel()
	f := storetest.Wrap(memstore.New(nil))
	var seen []storetest.Call
	f.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		seen = append(seen, c)
		return nil
	}})
	op := store.Set(lampKey, litAt(1))
	_, err := f.Commit(t.Context(), op)
	require.NoError(t, err)
	_, err = f.Get(t.Context(), lampKey)
	require.NoError(t, err)
	_, err = f.Get(t.Context(), lampKey)
	require.NoError(t, err)
	for _, err := range f.Scan(t.Context(), store.Query{Collection: "lamps"}) {
		require.NoError(t, err)
	}
	_, err = f.Watch(t.Context(), lampKey)
	require.NoError(t, err)

	require.Equal(t, []storetest.Call{
		{Method: storetest.Commit, Key: lampKey, Ops: []store.Op{op}, N: 1},
		{Method: storetest.Get, Key: lampKey, N: 1},
		{Method: storetest.Get, Key: lampKey, N: 2},
		{Method: storetest.Scan, Key: store.Key{Collection: "lamps"}, N: 1},
		{Method: storetest.Watch, Key: lampKey, N: 1},
	}, seen)
	require.Equal(t, 2, f.Calls(storetest.Get))
	require.Zero(t, f.Calls("Put"))
}

func TestFirstFaultWithAnErrorWins(t *testing.T) {
	t.Parallel()
	f := storetest.Wrap(memstore.New(nil))
	second := errors.New("second")
	f.Inject(storetest.Fault{})
	remove := f.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errDown }})
	f.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return second }})
	_, err := f.Get(t.Context(), lampKey)
	require.ErrorIs(t, err, errDown)
	remove()
	remove() // twice is harmless
	_, err = f.Get(t.Context(), lampKey)
	require.ErrorIs(t, err, second)
}

func TestHangEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := storetest.Wrap(memstore.New(nil))
		f.Inject(storetest.Fault{Before: storetest.Hang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		_, err := f.Get(ctx, lampKey)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Hour, time.Since(began))
	})
}

// plain hides the Watch of a memstore.
type plain struct{ store.Store }

func TestWatchPassesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := storetest.Wrap(plain{memstore.New(nil)}).Watch(t.Context(), lampKey)
		require.ErrorIs(t, err, errors.ErrUnsupported)

		f := storetest.Wrap(memstore.New(nil))
		ctx, cancel := context.WithCancel(t.Context())
		ch, err := f.Watch(ctx, lampKey)
		require.NoError(t, err)
		_, err = f.Commit(ctx, store.Set(lampKey, litAt(1)))
		require.NoError(t, err)
		<-ch
		cancel()
		_, open := <-ch
		require.False(t, open)
	})
}
