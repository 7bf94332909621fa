package whatsapptest_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// Not parallel: it looks at all goroutines of the process.
func TestAClientIsDisconnectedWhileItIsSpokenTo(t *testing.T) {
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	arrives(b, a, alice, "hello")
	for range 30 {
		var talk sync.WaitGroup
		begun := make(chan struct{})
		talk.Go(func() {
			for i := range 20 {
				b.say(alice, "and another thing")
				if i == 2 {
					close(begun)
				}
			}
		})
		<-begun
		srv.Disconnect(a.Client)
		talk.Wait()
		require.NoError(t, a.Connect())
		require.NoError(t, srv.AwaitOnline(t.Context(), alice))
	}
	srv.Disconnect(a.Client)
	srv.Disconnect(b.Client)
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	require.Zero(t, strings.Count(string(stacks), "frameComplete"), "goroutines that wait for nobody")
}
