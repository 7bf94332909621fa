package lock_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// Whoever led before an outage of the store leads after it, whatever the jitter;
// and when it is dead, another does a moment later.
func TestAfterAnOutageTheFormerHolderComesFirst(t *testing.T) {
	t.Parallel()
	key := store.Key{Collection: "locks", ID: "one"}
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			mem := memstore.New(nil)
			led := make(chan string, 100)
			var faulty [2]*storetest.Faulty
			var stop [2]context.CancelFunc
			for i, name := range []string{"a", "b"} {
				faulty[i] = storetest.Wrap(mem)
				random := rand.New(rand.NewPCG(seed, uint64(i)))
				var mu sync.Mutex
				jitter := func() float64 { mu.Lock(); defer mu.Unlock(); return random.Float64() }
				l, err := lock.New(faulty[i], key, &lock.Options{InstanceID: name, Jitter: jitter})
				require.NoError(t, err)
				var ctx context.Context
				ctx, stop[i] = context.WithCancel(t.Context())
				go func() {
					for ctx.Err() == nil {
						_ = lock.Run(ctx, l, func(ctx context.Context, _ *lock.Lease) error {
							led <- name
							<-ctx.Done()
							return nil
						})
					}
				}()
				time.Sleep(time.Second)
			}
			require.Equal(t, "a", <-led)
			time.Sleep(time.Duration(seed) * time.Second)
			away := storetest.Fault{Before: func(context.Context, storetest.Call) error { return context.DeadlineExceeded }}
			healA, healB := faulty[0].Inject(away), faulty[1].Inject(away)
			time.Sleep(time.Hour + time.Duration(seed)*777*time.Millisecond)
			healA()
			healB()
			time.Sleep(time.Minute)
			require.Equal(t, "a", <-led)

			healA, healB = faulty[0].Inject(away), faulty[1].Inject(away)
			time.Sleep(time.Hour)
			stop[0]()
			healB()
			time.Sleep(20 * time.Second)
			require.Equal(t, "b", <-led, "the former holder is gone")
			healA()
			stop[1]()
			synctest.Wait()
		})
	}
}
