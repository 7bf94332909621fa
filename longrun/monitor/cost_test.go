package monitor_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestABeatIsOneCommitOfTwoWritesAndNoRead(t *testing.T) {
	for name, lease := range map[string]time.Duration{"default lease": 0, "long lease": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := storetest.Wrap(memstore.New(nil))
				start(t, st, "a", func(c *monitor.Config) { c.Lease = lease })
				time.Sleep(5*time.Minute + 30*time.Second) // granted, recorded, caught up
				var mu sync.Mutex
				commits, writes, reads := 0, 0, 0
				remove := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
					mu.Lock()
					defer mu.Unlock()
					switch c.Method {
					case "Commit":
						commits++
						writes += len(c.Ops)
					default:
						reads++
					}
					return nil
				}})
				time.Sleep(23 * time.Hour) // until midnight only beats are due
				remove()
				mu.Lock()
				defer mu.Unlock()
				require.Equal(t, 23*60, commits)
				require.Equal(t, 2*23*60, writes)
				require.Zero(t, reads)
			})
		})
	}
}
