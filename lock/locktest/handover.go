package locktest

import (
	"context"
	"errors"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func handoverRules() []rule {
	return []rule{
		{"Run hands over to whoever waits", runHandsOver},
		{"A waiting Acquire ends with its context", acquireEnds},
		{"Instances that take turns lose no update", noLostUpdate},
	}
}

func runHandsOver(s *suite) {
	type leading struct {
		lease *lock.Lease
		stop  context.CancelFunc
	}
	leaders := make(chan leading)
	const runs = 3
	results := make(chan error, runs)
	all, stopAll := context.WithCancel(s.Context())
	defer stopAll()
	for range runs {
		n := s.instance("runner")
		go func() {
			ctx, stop := context.WithCancel(all)
			defer stop()
			results <- lock.Run(ctx, n.lock, func(ctx context.Context, l *lock.Lease) error {
				select {
				case leaders <- leading{l, stop}:
				case <-ctx.Done():
				}
				<-ctx.Done()
				return nil
			})
		}()
	}
	for i := range int64(runs) {
		l := wait(s, leaders)
		require.Equal(s, i+1, l.lease.Token().Epoch)
		require.NoError(s, l.lease.Commit(s.Context(), s.put(l.lease, "x", i)))
		l.stop()
		require.NoError(s, wait(s, results))
		require.ErrorIs(s, l.lease.Err(), lock.ErrReleased)
	}
	require.Empty(s, s.row().Owner)
}

func acquireEnds(s *suite) {
	s.instance("a").acquire()
	ctx, cancel := context.WithCancelCause(s.Context())
	result := make(chan error, 1)
	b := s.instance("b")
	asked := make(chan struct{})
	b.net.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
		if c.Method == storetest.Get && c.N == 2 { // once for the answer, and once more while waiting
			close(asked)
		}
		return nil
	}})
	go func() {
		_, err := b.lock.Acquire(ctx)
		result <- err
	}()
	wait(s, asked)
	cancel(errReply)
	require.ErrorIs(s, wait(s, result), errReply)
	_, err := b.lock.Acquire(ctx)
	require.ErrorIs(s, err, errReply)
}

// noLostUpdate counts under the lock. Every step reads, and then writes what it
// read plus one: two leaders at once would lose a step.
func noLostUpdate(s *suite) {
	const instances, each = 4, 6
	errs := make([]error, instances)
	var wg sync.WaitGroup
	for i := range instances {
		n := s.instance("counter")
		wg.Go(func() {
			for range each {
				if errs[i] = count(s, n.lock); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(s, err)
	}
	d, _ := s.read("count")
	require.EqualValues(s, instances*each, d.N)
	require.EqualValues(s, instances*each, s.row().Epoch)
}

func count(s *suite, l lock.Lock) error {
	held, err := l.Acquire(s.Context())
	if err != nil {
		return err
	}
	var d doc
	rec, err := s.st.Get(s.Context(), s.docKey("count"))
	if err == nil {
		err = rec.Decode(&d)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := held.Commit(s.Context(), s.put(held, "count", d.N+1)); err != nil {
		return err
	}
	return held.Release(s.Context())
}
