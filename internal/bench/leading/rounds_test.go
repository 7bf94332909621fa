package leading

import (
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// end is how a holder ends.
type end func(holder *process)

// The ends: it gives the lock back, or is killed.
func released(holder *process) { _, _ = io.WriteString(holder.stdin, "release\n") }
func killed(holder *process)   { holder.signal(syscall.SIGKILL) }

// rounds has holders end one after another, each with another process waiting, and
// returns how long it took each time from that until the next one led. The holder ends at
// a random moment of its renewals.
func rounds(tb testing.TB, s system, n int, how end) (took []time.Duration) {
	tb.Helper()
	addr := s.serve(tb)
	holder := start(tb, "holder", s.name, addr, "0")
	holder.until("begun")
	holder.until("led")
	for i := range n {
		next := start(tb, "holder", s.name, addr, fmt.Sprint(i+1))
		next.until("begun")
		time.Sleep(lease/4 + rand.N(lease/2))
		from := time.Now()
		how(holder)
		next.until("led")
		took = append(took, time.Since(from))
		_ = holder.cmd.Wait()
		holder = next
	}
	holder.kill()
	return took
}

// lanes are how many series of kills run at once: nearly all of their time is waiting.
const lanes = 4

func kills(t *testing.T, s system, n int) (took []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	t.Run("kills", func(t *testing.T) {
		for lane := range lanes {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				some := rounds(t, s, (n+lanes-1)/lanes, killed)
				mu.Lock()
				defer mu.Unlock()
				took = append(took, some...)
			})
		}
	})
	return took
}

func TestAnotherLeadsWhenTheHolderHasGivenItBackOrWasKilled(t *testing.T) {
	t.Parallel()
	s, err := find(proven)
	require.NoError(t, err)
	for _, how := range []end{released, killed} {
		require.Len(t, rounds(t, s, 1, how), 1)
	}
}
