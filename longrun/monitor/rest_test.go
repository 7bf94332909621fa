package monitor_test

import (
	"context"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// forgetful keeps no heartbeats, so that a month of them does not count as
// growth of the monitor.
type forgetful struct{ *memstore.Store }

func (f forgetful) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	stamps, err := f.Store.Commit(ctx, ops...)
	for _, op := range ops {
		if err == nil && op.Value != nil && op.Key.Collection == "wa_metrics/longrun/heartbeats" {
			if _, err := f.Store.Commit(ctx, store.Delete(op.Key)); err != nil {
				return nil, err
			}
		}
	}
	return stamps, err
}

func TestAMonthAtRestGrowsNothing(t *testing.T) {
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		st := forgetful{memstore.New(nil)}
		before := goroutinesOfBubble()
		leader := start(t, st, "a")
		time.Sleep(time.Second)
		standby := start(t, st, "b")
		time.Sleep(24*time.Hour + time.Second)
		synctest.Wait()
		goroutines, heap := goroutinesOfBubble(), liveHeap()
		t.Logf("%d goroutines of two monitors", goroutines-before)
		// The doc comment of the package states the number; the rest is the
		// test's two goroutines that call Run.
		require.LessOrEqual(t, goroutines-before, 2*monitor.Goroutines, "goroutines of two monitors")

		time.Sleep(29 * 24 * time.Hour)
		synctest.Wait()
		require.Equal(t, goroutines, goroutinesOfBubble())
		require.Less(t, liveHeap(), heap+256<<10, "bytes that live")
		require.Equal(t, 30*1440+1, leader.Status().Stored)
		standby.end()
		leader.end()
	})
}

func TestALeaderHoldsAsManyGoroutinesAsTheCommentSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, host := goroutinesOfBubble(), calm()
		n := start(t, memstore.New(nil), "a", alertingBy(newTelling()), hosted(host), probing(outbound(probetest.NewScript())))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Equal(t, monitor.Goroutines, goroutinesOfBubble()-before)
		n.end()
		synctest.Wait()
		require.Equal(t, before, goroutinesOfBubble())
	})
}

// goroutinesOfBubble counts those of the caller's synctest bubble. The process
// has others, of the emulator's connections for one, that come and go.
func goroutinesOfBubble() int {
	stacks := make([]byte, 4<<20)
	own := bubbleOf.FindString(string(stacks[:runtime.Stack(stacks, false)]))
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), own)
}

var bubbleOf = regexp.MustCompile(`synctest bubble \d+\]`)

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
