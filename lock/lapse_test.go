package lock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// connected is a resident of a registry whose signs need a connection: they lapse
// when that is cut.
type connected struct {
	*resident
	name string

	mu     sync.Mutex
	made   int
	lapsed map[string]chan struct{} // by name
	away   bool                     // nothing can be reached
	dead   bool
}

func (r *registry) connect(name string) *connected {
	return &connected{resident: r.process(), name: name, lapsed: map[string]chan struct{}{}}
}

func (c *connected) Hold(ctx context.Context, name string) (string, func(bool), error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away || c.dead {
		return "", nil, errors.New("no connection")
	}
	c.made++
	mark := fmt.Sprintf("%s %d", c.name, c.made)
	_, end, err := c.resident.Hold(ctx, name+mark)
	c.lapsed[name] = make(chan struct{})
	return mark, end, err
}

func (c *connected) Seize(ctx context.Context, name, mark string, wait bool) (func(bool), error) {
	return c.resident.Seize(ctx, name+mark, mark, wait)
}

func (c *connected) Lapsed(name string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lapsed[name]
}

// cut ends the signs while the process lives, and keeps it from making others.
func (c *connected) cut() (heal func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dies()
	c.away = true
	for name, ch := range c.lapsed {
		close(ch)
		delete(c.lapsed, name)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.away = false
	}
}

// gone ends the process.
func (c *connected) gone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
	c.dies()
}

func TestAHolderWhoseSignLapsedSaysSoAndMakesItAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		pa, pb := r.connect("a"), r.connect("b")
		held := w.instance("a", with(pa)).acquire()
		require.Equal(t, "a 1", w.row().Proof)
		heal := pa.cut()
		synctest.Wait()
		require.Empty(t, w.row().Proof, "it is said at once")
		b := w.instance("b", with(pb))
		_, err := b.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld)
		heal()
		time.Sleep(retryMax)
		require.Equal(t, "a 2", w.row().Proof)
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
		require.Equal(t, "a 2", w.row().Proof)

		follower := inBackground(t, b.lock)
		synctest.Wait()
		w.bury(held)
		pa.dies()
		synctest.Wait()
		_, how := follower.lease().Previous()
		require.Equal(t, lock.Died, how, "the new sign counts as the old one did")
		require.NoError(t, follower.stop())
		time.Sleep(lease)
	})
}

func TestAReleaseLeavesNoSignThatLapsesOrIsMadeAnew(t *testing.T) {
	for name, cut := range map[string]bool{"whole": false, "cut": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, r := newWorld(t), newRegistry()
				p := r.connect("a")
				a := w.instance("a", with(p))
				for range 5 {
					held := a.acquire()
					if cut {
						p.cut()()
					}
					w.release(held)
					require.Empty(t, w.row().Proof)
				}
				live, left := r.count()
				require.Zero(t, live)
				require.Zero(t, left)
			})
		})
	}
}

// A store that is away takes the sign with it; the holder leads on, and others leave
// it to its lease.
func TestASignThatLapsedWithTheStoreCostsNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		pa := r.connect("a")
		a := w.instance("a", with(pa))
		held := a.acquire()
		mend, heal := a.cut(), pa.cut()
		time.Sleep(lease / 2)
		require.NoError(t, held.Err())
		mend()
		heal()
		time.Sleep(2 * retryMax)
		require.Equal(t, "a 2", w.row().Proof)
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
		w.release(held)
	})
}

// Whoever was told of a death finds that the row has moved, where the holder's word
// was quicker.
func TestAFollowerThatWasToldOfALapseLeavesAHolderThatSpokeSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		pa := r.connect("a")
		held := w.instance("a", with(pa)).acquire()
		b := w.instance("b", with(r.connect("b")))
		b.net.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				time.Sleep(time.Second) // on its way
			}
			return nil
		}})
		follower := inBackground(t, b.lock)
		time.Sleep(time.Second)
		pa.cut()()
		time.Sleep(renew)
		require.Nil(t, follower.lease())
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
		require.NoError(t, follower.stop())
		w.release(held)
	})
}

// A backup was restored over the row, or a replica promoted that lacked the last
// commits: the holder goes on from there, and says so.
func TestAHolderSaysThatTheStoreHasLostWhatItHadAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var log bytes.Buffer
		held := w.instance("a", func(o *lock.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) }).acquire()
		earlier := w.row()
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, earlier))
		require.NoError(t, err)
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "b")))
		require.Equal(t, 1, strings.Count(log.String(), "has lost what it had acknowledged"), log.String())
		w.release(held)
	})
}

// In every other simulation a proof is there or not, or lies. Here it comes and goes.
func TestNoTwoWriteInALongSimulationInWhichSignsLapse(t *testing.T) {
	grants := 0
	for _, seed := range seeds(t, 5) {
		synctest.Test(t, func(t *testing.T) {
			w, r := newWorld(t), newRegistry()
			w.clocksLie()
			var processes atomic.Int64
			(&simulation{w: w, seed: seed, patient: true, witness: func() (store.Witness, func()) {
				n := processes.Add(1)
				p, rng := r.connect(fmt.Sprint(n)), rand.New(rand.NewPCG(seed, uint64(1000+n)))
				ctx, gone := context.WithCancel(context.Background())
				go func() {
					for ctx.Err() == nil {
						nap(ctx, rng, 10*time.Minute)
						heal := p.cut()
						nap(ctx, rng, time.Minute)
						heal()
					}
				}()
				return p, func() {
					gone()
					p.gone()
				}
			}}).run(4, 2*time.Hour)
			grants += w.base.grants
			require.Empty(t, w.base.violations(), "LOCK_SEED=%d", seed)
			live, _ := r.count()
			require.Zero(t, live, "LOCK_SEED=%d: a sign outlives its holder", seed)
		})
	}
	t.Logf("%d grants", grants)
}
