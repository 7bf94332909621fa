package whatsapptest

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestPrekeysAreRefilledBeforeTheyRunOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t)
		cli := s.NewClient(t, eve)
		require.NoError(t, cli.Connect())
		require.NoError(t, s.AwaitOnline(t.Context(), eve))
		used := map[string]bool{}
		for range 3 * seededPrekeys {
			s.mu.Lock()
			bundle := s.bundle(&node{Attrs: attrs{"jid": cli.Store.GetJID()}})
			s.mu.Unlock()
			id := string(content(&bundle, "key", "id"))
			require.Len(t, id, 3)
			require.False(t, used[id], "a prekey serves once")
			used[id] = true
			synctest.Wait() // for the client to make more
		}
	})
}
