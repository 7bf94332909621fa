package leading_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// away is a network that loses the reply of each write, and then whatever is read for
// longer than a lease.
func away() storetest.Fault {
	var until atomic.Int64
	cut := errors.New("cut off")
	return storetest.Fault{
		Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get && time.Now().UnixNano() < until.Load() {
				return cut
			}
			return nil
		},
		After: func(_ context.Context, c storetest.Call) error {
			if c.Method != storetest.Commit {
				return nil
			}
			until.Store(time.Now().Add(31 * time.Second).UnixNano())
			return cut
		},
	}
}

// Beats that wait are given up where another led meanwhile, and kept where nobody did:
// grants of which the replies were lost are nobody's.
func TestBeatsWaitThroughGrantsWhoseRepliesWereLost(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := lead(t, nil)
			gaveUp := l.gaveUp
			heal := l.st.Inject(away())
			if other {
				time.Sleep(35 * time.Second)
				lk, err := lock.New(l.mem, store.Key{Collection: "locks", ID: "l"}, &lock.Options{InstanceID: "b", Lease: 30 * time.Second, Clock: l.clock})
				require.NoError(t, err)
				b, err := lk.Acquire(t.Context())
				require.NoError(t, err)
				require.NoError(t, b.Release(t.Context()))
			}
			for range 10 {
				time.Sleep(20 * time.Second)
				require.Equal(t, !other, l.Answers(t.Context()))
			}
			require.False(t, l.State().Leading)
			heal()
			time.Sleep(2 * time.Minute)
			require.True(t, l.State().Leading)
			require.Greater(t, l.State().Epoch, int64(3))
			l.mu.Lock()
			gaveUp = l.gaveUp - gaveUp
			replaced := l.replaced
			require.GreaterOrEqual(t, l.cutOff, 25*time.Second, "it says why it wrote nothing")
			l.mu.Unlock()
			require.Equal(t, other, gaveUp > 0)
			require.Equal(t, other, replaced == 1, "it is told once")
			l.end()
		})
	}
}

// behindASilentOne is a lock that another instance holds, which does nothing any more, as one
// sees it whose way is through st.
func behindASilentOne(t *testing.T, mem, st store.Store, lease time.Duration) lock.Lock {
	t.Helper()
	key := store.Key{Collection: "locks", ID: "l"}
	silent, err := lock.New(mem, key, &lock.Options{InstanceID: "silent", Lease: lease, Clock: clock.New()})
	require.NoError(t, err)
	_, err = silent.Acquire(t.Context())
	require.NoError(t, err)
	lk, err := lock.New(st, key, &lock.Options{InstanceID: "a", Lease: lease, Clock: clock.New()})
	require.NoError(t, err)
	return lk
}

// Only who took over knows of the instance that was silent: what it leaves is done though
// the term ends before.
func TestWhatATakeOverLeavesOutlastsItsTerm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		const lease = 30 * time.Second
		d, _ := leadtest.Deps(t, st, clock.New())
		lk := behindASilentOne(t, mem, st, lease)
		var before atomic.Pointer[lock.Row]
		var ended atomic.Bool
		c := leading.New(d, leading.Options{
			Lock: lk, Began: func(context.Context) {}, GiveUp: func(context.Context) {}, Replaced: func() {}, CutOff: func(time.Time, time.Time) {},
			Write: func(ctx context.Context, _ *leading.Term) error { <-ctx.Done(); return context.Cause(ctx) },
			Expired: func(ctx context.Context, row lock.Row) {
				select {
				case <-ctx.Done():
					ended.Store(true)
				case <-time.After(3 * time.Minute): // it tries until it can
					before.Store(&row)
				}
				<-ctx.Done()
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		time.Sleep(lease + time.Second)
		synctest.Wait()
		require.True(t, c.State().Leading)
		heal := st.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errors.New("away") }})
		time.Sleep(lease + time.Second)
		require.False(t, c.State().Leading)
		require.Nil(t, before.Load())
		time.Sleep(3 * time.Minute)
		heal()
		require.False(t, ended.Load())
		require.NotNil(t, before.Load())
		require.Equal(t, "silent", before.Load().HolderInstanceID)
		cancel()
		<-done
	})
}
