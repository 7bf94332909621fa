package lock_test

import (
	"context"
	"fmt"
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

// Faults A25: what met one outage in the same instant came back in the same
// instant, each time. A hundred leaders of locks of their own, and a hundred
// that wait for one, that all begin at the same moment.
func TestAHundredInstancesDoNotRetryInTheSameInstant(t *testing.T) {
	const instances = 100
	for name, key := range map[string]func(i int) store.Key{
		"leaders": func(i int) store.Key {
			return store.Key{Collection: "w/l/locks", ID: fmt.Sprintf("leader-%d", i)}
		},
		"standbys": func(int) store.Key { return lockKey },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				asked := map[int][]time.Time{} // by instance, while the store is away
				base := memstore.New(nil)
				var all []*running
				var heal []func()
				for i := range instances {
					st := storetest.Wrap(struct{ store.Store }{base}) // which cannot watch
					l, err := lock.New(st, key(i), nil)
					require.NoError(t, err)
					all = append(all, inBackground(t, l))
					time.AfterFunc(renew+retryMax-time.Millisecond, func() {
						remove := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
							mu.Lock()
							defer mu.Unlock()
							now := time.Now()
							if n := len(asked[i]); n == 0 || asked[i][n-1] != now { // a commit and its reading back are one
								asked[i] = append(asked[i], now)
							}
							return errNet
						}})
						mu.Lock()
						defer mu.Unlock()
						heal = append(heal, remove)
					})
				}
				time.Sleep(renew + retryMax + 30*time.Second)
				mu.Lock()
				for _, remove := range heal {
					remove()
				}
				once := map[time.Time]int{} // how many instances asked at a moment
				for i, times := range asked {
					require.GreaterOrEqual(t, len(times), 5, "instance %d", i)
					for n, at := range times[1:] {
						pause := at.Sub(times[n])
						longest := min(time.Second<<min(n, 1), retryMax)
						if n > 1 {
							longest = retryMax
						}
						require.LessOrEqual(t, pause, longest)
						require.GreaterOrEqual(t, pause, longest*3/4-1)
						once[at]++
					}
				}
				mu.Unlock()
				for at, n := range once {
					require.LessOrEqual(t, n, 3, "at %v", at)
				}
				for _, r := range all {
					require.NoError(t, r.stop())
				}
			})
		})
	}
}
