package lock_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
)

// This file asks of histories of the real code what model_test.go asks of the
// protocol: is there one order of all calls, each at some moment between its
// start and its end, in which a lock with a fenced register behind it would have
// answered the same?

type kind int

const (
	acquire kind = iota
	write        // to the register, under a lease
	release
	read // the register, under none
)

type request struct {
	kind  kind
	epoch int64 // of the lease
	value string
}

type answer int

const (
	yes answer = iota
	no         // definitely not; of acquire: held by epoch
	maybe
)

type reply struct {
	is    answer
	epoch int64
	value string
}

// register is what the calls are of.
type register struct {
	epoch int64
	held  bool
	value string
}

func step(s register, in request, out reply) (next []register) {
	switch in.kind {
	case acquire:
		granted := register{epoch: s.epoch + 1, held: true, value: s.value}
		switch {
		case out.is == yes && out.epoch == s.epoch+1:
			return []register{granted}
		case out.is == no && s.held && out.epoch == s.epoch:
			return []register{s}
		case out.is == maybe:
			return []register{s, granted}
		}
	case write:
		fits := s.held && s.epoch == in.epoch
		written := register{epoch: s.epoch, held: true, value: in.value}
		switch {
		case out.is == yes && fits:
			return []register{written}
		case out.is == maybe && fits:
			return []register{s, written}
		case out.is != yes:
			return []register{s}
		}
	case release:
		freed := s
		freed.held = s.held && s.epoch != in.epoch
		if out.is == yes {
			return []register{freed}
		}
		return []register{s, freed}
	case read:
		if out.value == s.value {
			return []register{s}
		}
	}
	return nil
}

// as is v as what it was put in; the zero T answers nothing right.
func as[T any](v any) T {
	t, _ := v.(T)
	return t
}

var fencedRegister = porcupine.NondeterministicModel{
	Init: func() []any { return []any{register{}} },
	Step: func(state, in, out any) (next []any) {
		for _, s := range step(as[register](state), as[request](in), as[reply](out)) {
			next = append(next, s)
		}
		return next
	},
	Equal: func(a, b any) bool { return a == b },
}

// history notes calls with the order of their starts and ends.
type history struct {
	mu    sync.Mutex
	now   int64
	calls []porcupine.Operation
}

// call notes a start; what it returns notes the end. Of a call whose outcome is
// open, what it did may yet happen: it has no end.
func (h *history) call(client int, in request) func(reply) {
	if h == nil {
		return func(reply) {}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now++
	begun := h.now
	return func(out reply) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.now++
		op := porcupine.Operation{ClientId: client, Input: in, Output: out, Call: begun, Return: h.now}
		if out.is == maybe {
			op.Return = math.MaxInt64
		}
		h.calls = append(h.calls, op)
	}
}

// observe reads the register now and then.
func (h *history) observe(ctx context.Context, w *world) {
	for ctx.Err() == nil {
		time.Sleep(13 * time.Second)
		done := h.call(99, request{kind: read})
		rec, err := w.base.Get(context.Background(), docKey("x"))
		var d doc
		if err == nil {
			err = rec.Decode(&d)
		}
		if err == nil || errors.Is(err, store.ErrNotFound) {
			done(reply{value: d.By})
		}
	}
}

func record(t *testing.T, seed uint64, wrap func(store.Store) store.Store, witness func() (store.Witness, func())) (h *history) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h = &history{}
		ctx, stop := context.WithCancel(context.Background())
		var reader sync.WaitGroup
		reader.Go(func() { h.observe(ctx, w) })
		if witness != nil {
			w.clocksLie() // so do witnesses
		}
		s := &simulation{w: w, seed: seed, history: h, wrap: wrap, witness: witness}
		s.run(3, 15*time.Minute)
		stop()
		reader.Wait()
		if wrap != nil {
			w.base.blamed = nil // the history is the judge
		}
	})
	return h
}

func TestHistoriesAreThoseOfALockWithAFencedRegister(t *testing.T) {
	checkHistories(t, 60, nil)
}

func TestHistoriesAreSoWhateverProofsLie(t *testing.T) {
	checkHistories(t, 8, lying)
}

func checkHistories(t *testing.T, n int, witness func() (store.Witness, func())) {
	t.Helper()
	calls, writes, again := 0, 0, 0
	for _, seed := range seeds(t, n) {
		var h *history
		result := porcupine.Unknown
		// An order is found within milliseconds or, where very many calls overlap, not
		// for minutes. Which do is the scheduler's choice: the seed is lived through again.
		for try := 0; result == porcupine.Unknown && try < 5; try++ {
			again += min(try, 1)
			h = record(t, seed, nil, witness)
			result = porcupine.CheckOperationsTimeout(fencedRegister.ToModel(), h.calls, 10*time.Second)
		}
		require.Equal(t, porcupine.Ok, result, "LOCK_SEED=%d", seed)
		for _, c := range h.calls {
			calls++
			if as[request](c.Input).kind == write && as[reply](c.Output).is == yes {
				writes++
			}
		}
	}
	t.Logf("%d calls, %d writes acknowledged, %d histories lived through again", calls, writes, again)
	require.Positive(t, writes)
}

// unfenced writes the row on no condition: the lock of the system before.
type unfenced struct{ store.Store }

func (u unfenced) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if row, ok := ops[0].Value.(lock.Row); ok && row.Seq > 1 {
		free := append([]store.Op{store.Set(ops[0].Key, row)}, ops[1:]...)
		return u.Store.Commit(ctx, free...)
	}
	return u.Store.Commit(ctx, ops...)
}

func TestHistoriesOfAnUnfencedLockAreFoundOut(t *testing.T) {
	for seed := range uint64(50) { // the first few tell, mostly
		h := record(t, seed, func(st store.Store) store.Store { return unfenced{st} }, nil)
		// The search for an order that does not exist can be long: the next
		// history may be clearer.
		if porcupine.CheckOperationsTimeout(fencedRegister.ToModel(), h.calls, time.Second) == porcupine.Illegal {
			t.Logf("found out at seed %d", seed)
			return
		}
	}
	require.Fail(t, "no history was found out")
}
