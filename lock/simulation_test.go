package lock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// simulation is a world in which instances come, lead, write, freeze, crash and
// go, on networks that fail at random and with clocks that run up to 3 % fast or
// slow: no two differ by more than the margin of 10 in 120 allows.
type simulation struct {
	w       *world
	seed    uint64
	patient bool // Acquire rather than TryAcquire
	// witness is what one process has, and is told of its end; it may be nil.
	witness func() (w store.Witness, dies func())
	wrap    func(store.Store) store.Store
	history *history // may be nil
	end     context.Context
	actors  sync.WaitGroup
}

func (s *simulation) rng(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, stream)) }

// run lets n instances live for d, then heals everything and checks that the
// lock can still be had.
func (s *simulation) run(n int, d time.Duration) {
	t := s.w.t
	end, stop := context.WithCancel(context.Background())
	s.end = end
	for i := range n {
		slot := s.w.instance(fmt.Sprintf("n%d", i))
		s.actors.Go(func() { s.live(i, slot, s.rng(uint64(2*i))) })
		s.actors.Go(func() { s.torment(slot, s.rng(uint64(2*i+1))) })
	}
	time.Sleep(d)
	stop()
	s.actors.Wait()
	last := s.w.instance("last")
	ctx, cancel := context.WithTimeout(t.Context(), 2*lease)
	defer cancel()
	l, err := last.lock.Acquire(ctx)
	require.NoError(t, err, "seed %d: the lock is stuck", s.seed)
	require.NoError(t, l.Commit(ctx, put(l, "last", "last")))
	s.w.release(l)
	time.Sleep(lease) // for what crashed holders left to end
}

// live is the life of one machine: process after process, each with a Lock of
// its own.
func (s *simulation) live(id int, slot *instance, rng *rand.Rand) {
	for s.end.Err() == nil {
		clk := &drifting{Clock: clock.New(), start: time.Now(), rate: 0.97 + 0.06*rng.Float64()}
		var st store.Store = slot.net
		if s.wrap != nil {
			st = s.wrap(st)
		}
		opts := &lock.Options{InstanceID: slot.name, Clock: clk, Jitter: shared(s.rng(uint64(1000 + id)))}
		dies := func() {}
		if s.witness != nil {
			opts.Witness, dies = s.witness()
		}
		l, err := lock.New(st, lockKey, opts)
		if err != nil {
			s.w.base.blame("%v", err)
			return
		}
		process := watched{Lock: l, w: s.w}
		for range 1 + rng.IntN(4) {
			held := s.acquire(id, process, rng)
			if held == nil {
				break // the next process
			}
			if !s.lead(id, held, rng) {
				s.w.bury(held)
				break
			}
		}
		dies()
		nap(s.end, rng, 20*time.Second)
	}
}

// shared lets several goroutines have numbers of one source.
func shared(rng *rand.Rand) func() float64 {
	var mu sync.Mutex
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return rng.Float64()
	}
}

func (s *simulation) acquire(id int, l lock.Lock, rng *rand.Rand) *lock.Lease {
	ctx, cancel := context.WithTimeout(s.end, time.Duration(rng.Int64N(int64(5*time.Minute))))
	defer cancel()
	for ctx.Err() == nil {
		done := s.history.call(id, request{kind: acquire})
		var held *lock.Lease
		var err error
		if s.patient {
			held, err = l.Acquire(ctx)
		} else {
			held, err = l.TryAcquire(ctx)
		}
		var by *lock.HeldError
		switch {
		case err == nil:
			done(reply{is: yes, epoch: held.Token().Epoch})
			return held
		case errors.As(err, &by):
			done(reply{is: no, epoch: by.Epoch})
			nap(ctx, rng, 20*time.Second)
		default:
			done(reply{is: maybe})
			return nil
		}
	}
	return nil
}

// lead works under a lease until it is over. It reports whether the process goes
// on.
func (s *simulation) lead(id int, held *lock.Lease, rng *rand.Rand) bool {
	epoch := held.Token().Epoch
	for s.end.Err() == nil && held.Err() == nil {
		switch rng.IntN(12) {
		case 0: // crash
			return false
		case 1: // freeze, then go on as if nothing were
			time.Sleep(time.Duration(rng.Int64N(int64(2 * lease))))
		case 2:
			s.release(id, held, rng)
			return true
		default:
			nap(held.Context(), rng, renew)
		}
		value := fmt.Sprintf("%d by %d at %d", epoch, id, rng.Int64())
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.Int64N(int64(lease))))
		done := s.history.call(id, request{kind: write, epoch: epoch, value: value})
		err := held.Commit(ctx, put(held, "x", value))
		cancel()
		switch {
		case err == nil:
			done(reply{is: yes})
		case errors.Is(err, lock.ErrUnknown), errors.Is(err, lock.ErrLost):
			done(reply{is: maybe})
		default:
			done(reply{is: no})
		}
	}
	s.release(id, held, rng)
	return true
}

func (s *simulation) release(id int, held *lock.Lease, rng *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.Int64N(int64(20*time.Second))))
	defer cancel()
	done := s.history.call(id, request{kind: release, epoch: held.Token().Epoch})
	if err := held.Release(ctx); err != nil {
		done(reply{is: maybe})
		return
	}
	done(reply{is: yes})
}

// torment breaks and heals one machine's network.
func (s *simulation) torment(slot *instance, rng *rand.Rand) {
	for s.end.Err() == nil {
		nap(s.end, rng, 3*time.Minute)
		heal := s.fault(slot, rng)
		nap(s.end, rng, 2*time.Minute)
		heal()
	}
}

func (s *simulation) fault(slot *instance, rng *rand.Rand) (heal func()) {
	share := rng.Float64()
	var mu sync.Mutex
	some := func(err func(context.Context, storetest.Call) error) func(context.Context, storetest.Call) error {
		return func(ctx context.Context, c storetest.Call) error {
			mu.Lock()
			hit := rand.New(rand.NewPCG(s.seed, uint64(c.N))).Float64() < share
			mu.Unlock()
			if hit {
				return err(ctx, c)
			}
			return nil
		}
	}
	refuse := func(context.Context, storetest.Call) error { return errNet }
	switch rng.IntN(5) {
	case 0:
		return slot.cut()
	case 1:
		return slot.net.Inject(storetest.Fault{Before: some(refuse)})
	case 2:
		return slot.net.Inject(storetest.Fault{After: some(refuse)})
	case 3:
		return slot.net.Inject(storetest.Fault{After: some(storetest.Hang)})
	default:
		return slot.wire.hold()
	}
}

func nap(ctx context.Context, rng *rand.Rand, most time.Duration) {
	select {
	case <-time.After(time.Duration(rng.Int64N(int64(most)))):
	case <-ctx.Done():
	}
}

// drifting is a clock that runs at its own rate.
type drifting struct {
	clock.Clock
	start time.Time
	rate  float64
}

func (d *drifting) Now() time.Time {
	return d.start.Add(time.Duration(float64(time.Since(d.start)) * d.rate))
}

func (d *drifting) AfterFunc(after time.Duration, f func()) *clock.Timer {
	// Never early: a timer that fires before its time by this clock would be set
	// again for nothing, for ever, at the same instant of a bubble.
	return d.Clock.AfterFunc(time.Duration(float64(after)/d.rate)+time.Microsecond, f)
}

// seeds are what the simulations run with; LOCK_SEED asks for one again.
func seeds(t *testing.T, n int) (out []uint64) {
	t.Helper()
	if only, err := strconv.ParseUint(os.Getenv("LOCK_SEED"), 10, 64); err == nil {
		return []uint64{only}
	}
	for seed := range uint64(seedtest.Histories(n)) {
		out = append(out, seed)
	}
	return out
}

func TestScenario42TheInvariantsHoldInALongSimulation(t *testing.T) {
	grants := 0
	for _, seed := range seeds(t, 200) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			(&simulation{w: w, seed: seed, patient: true}).run(4, 2*time.Hour)
			grants += w.base.grants
			require.Empty(t, w.base.violations(), "LOCK_SEED=%d", seed)
		})
	}
	t.Logf("%d grants", grants)
}

// The databases take real time for each call, so they live through fewer hours.
func TestScenario42TheInvariantsHoldOnDatabasesToo(t *testing.T) {
	for _, seed := range seeds(t, 3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			scenario(t, 42, func(t *testing.T, w *world) {
				if w.ground == memory {
					return // above
				}
				(&simulation{w: w, seed: seed, patient: true}).run(4, time.Hour)
				require.Positive(t, w.base.grants)
				require.Empty(t, w.base.violations(), "LOCK_SEED=%d", seed)
			})
		})
	}
}
