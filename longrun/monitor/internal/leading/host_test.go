package leading_test

import (
	"context"
	"errors"
	"sync"
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

// owner is a host that does something while it leads, and how long it takes to end.
type owner struct {
	*leader
	lk lock.Lock // another instance's, on the same row

	mu           sync.Mutex
	began, ended []time.Time
	running, max int
}

// own returns when the host's function runs. linger is for how long it goes on after
// the end of its context.
func own(t *testing.T, linger time.Duration) *owner {
	t.Helper()
	mem := memstore.New(nil)
	o := &owner{leader: &leader{t: t, clock: &setClock{Clock: clock.New()}, st: storetest.Wrap(mem), ended: make(chan struct{}), commits: map[string][]time.Time{}}}
	d, lines := leadtest.Deps(t, o.st, o.clock)
	o.lines = lines
	key := store.Key{Collection: "locks", ID: "l"}
	lk, err := lock.New(o.st, key, &lock.Options{Lease: 30 * time.Second, Clock: o.clock})
	require.NoError(t, err)
	o.lk, err = lock.New(mem, key, &lock.Options{Lease: 30 * time.Second})
	require.NoError(t, err)
	host := leading.NewHost(d, func(ctx context.Context) error {
		o.note(&o.began, 1)
		<-ctx.Done()
		time.Sleep(linger)
		o.note(&o.ended, -1)
		return errors.New("is not told: it was to end")
	})
	o.Campaign = leading.New(d, leading.Options{
		Lock: lk, Began: func(context.Context) {}, GiveUp: func(context.Context) {}, Replaced: func() {}, CutOff: func(time.Time, time.Time) {}, Expired: func(context.Context, lock.Row) {},
		Write: func(ctx context.Context, _ *leading.Term) error { <-ctx.Done(); return context.Cause(ctx) },
		Tasks: []leading.Task{host.Task()},
	})
	ctx, cancel := context.WithCancel(t.Context())
	o.cancel = cancel
	go func() { defer close(o.leader.ended); o.Run(ctx) }()
	synctest.Wait()
	require.True(t, o.State().Leading)
	require.Len(t, o.began, 1)
	return o
}

func (o *owner) note(at *[]time.Time, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*at = append(*at, time.Now())
	o.running += n
	o.max = max(o.max, o.running)
}

// taken is when another instance is granted the lease.
func (o *owner) taken() time.Time {
	o.t.Helper()
	lease, err := o.lk.Acquire(o.t.Context())
	require.NoError(o.t, err)
	at := time.Now()
	require.NoError(o.t, lease.Release(o.t.Context()))
	return at
}

func TestTheLeaseIsGivenBackWhenTheHostHasEnded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ linger, free time.Duration }{
		"at once":            {0, 0},
		"a second later":     {time.Second, time.Second},
		"in its share":       {1499 * time.Millisecond, 1499 * time.Millisecond},
		"later than it may":  {time.Minute, 1500 * time.Millisecond},
		"as good as never":   {24 * time.Hour, 1500 * time.Millisecond},
		"just behind it all": {1501 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := own(t, c.linger)
				time.Sleep(10 * time.Minute)
				require.Equal(t, leading.Working, o.TaskStatus()[0].State)
				stopped := time.Now()
				o.end()
				require.Equal(t, c.free, time.Since(stopped))
				require.Equal(t, leading.Idle, o.TaskStatus()[0].State)
				require.Empty(t, o.TaskStatus()[0].Error)
				lease, err := o.lk.TryAcquire(t.Context())
				require.NoError(t, err, "given back")
				require.NoError(t, lease.Release(t.Context()))
				left := 0
				if c.linger > 1500*time.Millisecond {
					left = 1
				}
				require.Equal(t, left, o.lines.Count("was left behind"))
				time.Sleep(c.linger)
				synctest.Wait()
				require.Len(t, o.ended, 1)
			})
		})
	}
}

// Whoever waits for the lease gets it only when the host has had its margin, though
// the store cannot be reached, or hangs.
func TestTheHostEndsBeforeAnotherCanLead(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]storetest.Fault{
		"refused": {Before: func(context.Context, storetest.Call) error { return errAway }},
		"hangs":   {Before: storetest.Hang},
		"deaf":    {Before: func(context.Context, storetest.Call) error { time.Sleep(time.Hour); return errAway }},
	} {
		for _, at := range []time.Duration{0, 7 * time.Second, 14*time.Second + 999*time.Millisecond} {
			t.Run(name+" "+at.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := own(t, 0)
					time.Sleep(10*time.Minute + at)
					o.st.Inject(fault)
					taken := o.taken()
					synctest.Wait()
					require.Len(t, o.ended, 1)
					require.GreaterOrEqual(t, taken.Sub(o.ended[0]), 2*time.Second, "a margin")
					o.end()
					time.Sleep(2 * time.Hour)
				})
			})
		}
	}
}

var errAway = errors.New("away")

func TestAHostThatHangsIsNotCalledTwiceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := own(t, 5*time.Minute)
		time.Sleep(time.Minute)
		heal := o.st.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errAway }})
		for o.State().Leading {
			time.Sleep(time.Second)
		}
		lost := time.Now()
		heal()
		for !o.State().Leading {
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Second)
		require.Equal(t, "Leading has not returned since an earlier call", o.TaskStatus()[0].Error)
		require.Equal(t, 1, o.lines.Count("was left behind"))
		time.Sleep(20 * time.Minute)
		o.mu.Lock()
		require.Len(t, o.began, 2, "it is called again when it has returned")
		require.Equal(t, 1, o.max)
		require.Less(t, o.began[1].Sub(lost), 12*time.Minute)
		o.mu.Unlock()
		o.end()
		time.Sleep(time.Hour)
	})
}

// A process that was stopped looks at the clock, not at timers that have not run.
func TestTheHostsContextEndsByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clk := &setClock{Clock: clock.New()}
		st := storetest.Wrap(memstore.New(nil))
		d, _ := leadtest.Deps(t, st, clk)
		lk, err := lock.New(st, store.Key{Collection: "locks", ID: "l"}, &lock.Options{Lease: 30 * time.Second, Clock: clk})
		require.NoError(t, err)
		var before, after, cause error
		host := leading.NewHost(d, func(ctx context.Context) error {
			before = ctx.Err()
			clk.ahead.Store(int64(28 * time.Second)) // no time passes, but for the clock
			after, cause = ctx.Err(), context.Cause(ctx)
			select {
			case <-ctx.Done():
			default:
				t.Error("it is over, and not done")
			}
			return nil
		})
		_ = lock.Run(t.Context(), lk, func(ctx context.Context, lease *lock.Lease) error {
			lead := leadtest.New(st, clk)
			return host.Task().Run(ctx, leased{lead, lease})
		})
		require.NoError(t, before)
		require.ErrorIs(t, after, context.Canceled)
		require.ErrorIs(t, cause, lock.ErrLost)
	})
}

// leased is a Lead whose lease is a real one.
type leased struct {
	leading.Lead
	lease *lock.Lease
}

func (l leased) Err() error { return l.lease.Err() }
