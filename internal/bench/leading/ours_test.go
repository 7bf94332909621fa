package leading

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// The names of our own two ways.
const (
	proven = "longwatch, SQLite"
	leased = "longwatch, SQLite, lease alone"
)

func ours() []system {
	file := func(tb testing.TB) string {
		tb.Helper()
		return filepath.Join(tb.TempDir(), "longrun.db")
	}
	return []system{
		{proven, file, oursWith(nil)},
		{leased, file, oursWith(lock.NoWitness{})},
	}
}

// oursWith leads through our lock on an SQLite file. All but the lease are its defaults.
func oursWith(w store.Witness) func(ctx context.Context, addr, who string) (func() error, error) {
	return func(ctx context.Context, addr, who string) (func() error, error) {
		st, err := sqlitestore.Open(ctx, addr, nil)
		if err != nil {
			return nil, err
		}
		l, err := lock.New(st, store.Key{Collection: "locks", ID: "leader"}, &lock.Options{Lease: lease, Witness: w, InstanceID: who})
		if err != nil {
			return nil, err
		}
		return run(ctx, func(ctx context.Context, led func()) error {
			return lock.Run(ctx, l, func(ctx context.Context, _ *lock.Lease) error {
				led()
				<-ctx.Done()
				return nil
			})
		})
	}
}

// run starts what leads until its context ends, and waits until it does; release ends
// it, and waits for that.
func run(ctx context.Context, lead func(ctx context.Context, led func()) error) (release func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	led, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- lead(ctx, func() { close(led) }) }()
	select {
	case <-led:
		return func() error {
			cancel()
			return <-ended
		}, nil
	case err := <-ended:
		cancel()
		return nil, err
	}
}
