package lock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// registry is where processes of a story are known to live. It tells of a death at
// once.
type registry struct {
	mu    sync.Mutex
	signs map[string]*sign
	asked int
}

type sign struct {
	gone  chan struct{} // closed when its process is
	held  bool          // by somebody who was told
	ended bool
	spent bool // it was removed
}

func newRegistry() *registry { return &registry{signs: map[string]*sign{}} }

// resident is what one process has of a registry.
type resident struct {
	*registry
	own []*sign
}

func (r *registry) process() *resident { return &resident{registry: r} }

func (s *sign) end() {
	if !s.ended {
		s.ended = true
		close(s.gone)
	}
}

func (p *resident) Hold(_ context.Context, name string) (string, func(bool), error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &sign{gone: make(chan struct{})}
	p.signs[name] = s
	p.own = append(p.own, s)
	return "registry", func(spent bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.spent = spent
		s.end()
	}, nil
}

// dies ends all that shows that the process lives.
func (p *resident) dies() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.own {
		s.end()
	}
}

func (p *resident) Seize(ctx context.Context, name, _ string, wait bool) (func(bool), error) {
	p.mu.Lock()
	s := p.signs[name]
	p.asked++
	p.mu.Unlock()
	if s == nil {
		return nil, errors.New("no such sign")
	}
	select {
	case <-s.gone:
	default:
		if !wait {
			return nil, store.ErrAlive
		}
		select {
		case <-s.gone:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.held {
		return nil, store.ErrAlive
	}
	s.held = true
	return func(won bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.held = false
		s.spent = s.spent || won
	}, nil
}

// live counts the signs that show somebody alive, and left those that were never
// removed.
func (r *registry) count() (live, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.signs {
		if !s.ended {
			live++
		}
		if !s.spent {
			left++
		}
	}
	return live, left
}

// liar says of everybody that it is dead.
type liar struct{}

func (liar) Hold(context.Context, string) (string, func(bool), error) {
	return "a lie", func(bool) {}, nil
}

func (liar) Seize(context.Context, string, string, bool) (func(bool), error) {
	return func(bool) {}, nil
}

func lying() (store.Witness, func()) { return liar{}, func() {} }

func with(w store.Witness) func(*lock.Options) {
	return func(o *lock.Options) { o.Witness = w }
}

func TestTheInvariantsHoldInALongSimulationWithProofs(t *testing.T) {
	died := 0
	for _, seed := range seeds(t, 12) {
		synctest.Test(t, func(t *testing.T) {
			w, r := newWorld(t), newRegistry()
			(&simulation{w: w, seed: seed, patient: true, witness: func() (store.Witness, func()) {
				p := r.process()
				return p, p.dies
			}}).run(4, 2*time.Hour)
			died += w.base.grants
			require.Empty(t, w.base.violations(), "LOCK_SEED=%d", seed)
			live, _ := r.count()
			require.Zero(t, live, "LOCK_SEED=%d: a sign outlives its holder", seed)
		})
	}
	t.Logf("%d grants", died)
}

func TestNoTwoWriteInALongSimulationInWhichEveryProofLies(t *testing.T) {
	grants := 0
	for _, seed := range seeds(t, 12) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.clocksLie()
			(&simulation{w: w, seed: seed, patient: true, witness: lying}).run(4, 2*time.Hour)
			grants += w.base.grants
			require.Empty(t, w.base.violations(), "LOCK_SEED=%d", seed)
		})
	}
	t.Logf("%d grants", grants)
}

func TestAWaitingInstanceLeadsInTheInstantInWhichTheHoldersProcessIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		pa, pb := r.process(), r.process()
		crashed := w.instance("a", with(pa)).acquire()
		follower := inBackground(t, w.instance("b", with(pb)).lock)
		time.Sleep(17 * time.Second)
		require.Nil(t, follower.lease())
		w.bury(crashed)
		pa.dies()
		at := time.Now()
		synctest.Wait()
		require.NotNil(t, follower.lease())
		require.Equal(t, at, follower.began())
		prev, how := follower.lease().Previous()
		require.Equal(t, lock.Died, how)
		require.Equal(t, "a", prev.HolderInstanceID)
		require.ErrorIs(t, crashed.Commit(t.Context(), put(crashed, "x", "a")), lock.ErrLost)
		require.NoError(t, follower.stop())
		time.Sleep(lease)
		require.Empty(t, w.row().Proof, "nobody is behind a row that is free")
		_, left := r.count()
		require.Zero(t, left, "the one before is removed by the next one")
	})
}

func TestAFrozenHolderKeepsOthersOutForItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		frozen := w.instance("a", with(r.process())).acquire()
		start := time.Now()
		follower := inBackground(t, w.instance("b", with(r.process())).lock)
		time.Sleep(lease + jitter)
		require.GreaterOrEqual(t, follower.began().Sub(start), lease)
		_, how := follower.lease().Previous()
		require.Equal(t, lock.Expired, how)
		require.ErrorIs(t, frozen.Err(), lock.ErrLost)
		require.NoError(t, follower.stop())
	})
}

// A row that the system before wrote, or a version before this, has no proof.
func TestARowWithoutAProofIsLeftToItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		pa, pb := r.process(), r.process()
		crashed := w.instance("a", with(pa)).acquire()
		row := w.row()
		require.Equal(t, "registry", row.Proof)
		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, map[string]any{
			"holderInstanceId": row.HolderInstanceID, "owner": row.Owner, "epoch": row.Epoch, "leaseSec": row.LeaseSec, "seq": row.Seq, "ts": row.TS,
		}))
		require.NoError(t, err)
		w.bury(crashed)
		pa.dies()
		_, err = w.instance("b", with(pb)).lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld)
		require.Zero(t, pb.asked)
		time.Sleep(lease)
	})
}

func TestAGrantWhoseReplyIsLostKeepsItsSignForAsLongAsItMayLand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		a, b := w.instance("a", with(r.process())), w.instance("b", with(r.process()))
		deliver := a.wire.hold()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := a.lock.TryAcquire(ctx)
		require.Error(t, err)
		live, _ := r.count()
		require.Equal(t, 1, live)
		deliver()
		_, err = b.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld, "a lives, and may take it")
		w.release(a.acquire())
		live, left := r.count()
		require.Zero(t, live)
		require.Zero(t, left)
	})
}

func TestAGrantThatNeverLandsLeavesNoSign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		a, b := w.instance("a", with(r.process())), w.instance("b", with(r.process()))
		heal := a.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return errNet
			}
			return nil
		}})
		for range 100 {
			_, err := a.lock.TryAcquire(t.Context())
			require.Error(t, err)
		}
		heal()
		live, _ := r.count()
		require.LessOrEqual(t, live, 64, "what is remembered is bounded")
		w.release(b.acquire())
		w.release(a.acquire())
		live, left := r.count()
		require.Zero(t, live)
		require.Zero(t, left)
	})
}

func TestAReleaseThatTheStoreRefusesIsFollowedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		a, b := w.instance("a", with(r.process())), w.instance("b", with(r.process()))
		held := a.acquire()
		follower := inBackground(t, b.lock)
		time.Sleep(time.Second)
		a.cut()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		at := time.Now()
		require.Error(t, held.Release(ctx))
		synctest.Wait()
		require.NotNil(t, follower.lease())
		require.LessOrEqual(t, follower.began().Sub(at), time.Second)
		require.NoError(t, follower.stop())
	})
}

func TestAHolderWhoseProofLiedLeavesNoneAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.clocksLie()
		a, b := w.instance("a", with(liar{})), w.instance("b", with(liar{}))
		held := a.acquire()
		taken := b.acquire()
		_, how := taken.Previous()
		require.Equal(t, lock.Died, how)
		require.ErrorIs(t, held.Commit(t.Context(), put(held, "x", "a")), lock.ErrLost)
		_, wrote := w.doc("x")
		require.False(t, wrote)
		require.ErrorContains(t, a.lock.View().Unproven, "from a holder that lived")
		require.NoError(t, taken.Commit(t.Context(), put(taken, "x", "b")))
		w.release(taken)
		w.release(held)
		held = a.acquire()
		require.Empty(t, w.row().Proof)
		require.ErrorContains(t, a.lock.View().Unproven, "from a holder that lived")
		_, err := b.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld, "it is lied about once")
		w.release(held)
	})
}

func TestADeadHoldersLockThatCannotBeWrittenIsNotAskedForWithoutAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWorld(t), newRegistry()
		pa := r.process()
		crashed := w.instance("a", with(pa)).acquire()
		b := w.instance("b", with(r.process()))
		heal := b.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return errNet
			}
			return nil
		}})
		follower := inBackground(t, b.lock)
		time.Sleep(time.Second)
		w.bury(crashed)
		pa.dies()
		time.Sleep(time.Minute)
		require.Nil(t, follower.lease())
		require.LessOrEqual(t, b.net.Calls(storetest.Commit), 25)
		heal()
		time.Sleep(4 * retryMax)
		_, how := follower.lease().Previous()
		require.Equal(t, lock.Died, how)
		require.NoError(t, follower.stop())
		time.Sleep(lease)
	})
}

// rogue is a host's Witness with every mistake.
type rogue struct{ act func(ctx context.Context) }

func (r rogue) Hold(ctx context.Context, _ string) (string, func(bool), error) {
	r.act(ctx)
	return "", nil, nil
}

func (r rogue) Seize(ctx context.Context, _, _ string, _ bool) (func(bool), error) {
	r.act(ctx)
	return nil, nil
}

func TestWhateverAWitnessDoesTheLockWorksAsWithout(t *testing.T) {
	for name, act := range map[string]func(context.Context){
		"nothing": func(context.Context) {},
		"panics":  func(context.Context) { panic("no") },
		"hangs":   func(ctx context.Context) { <-ctx.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a, b := w.instance("a", with(rogue{act})), w.instance("b", with(rogue{act}))
				held := a.acquire()
				require.Empty(t, w.row().Proof)
				require.Error(t, a.lock.View().Unproven)
				follower := inBackground(t, b.lock)
				time.Sleep(time.Second)
				w.release(held)
				time.Sleep(time.Minute)
				require.NotNil(t, follower.lease())
				require.NoError(t, follower.stop())
			})
		})
	}
}
