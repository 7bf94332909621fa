package whatsapptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestWhoWroteToAnAccountWritesToItsNewDeviceToo(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "to the first device")
		srv.LogOut(bob)
		require.NoError(t, srv.AwaitOffline(t.Context(), bob))
		again := newParty(t, srv.NewClient(t, bob))
		require.NoError(t, again.Connect())
		require.NoError(t, srv.AwaitOnline(t.Context(), bob))
		require.NoError(t, srv.Await(t.Context(), func(s whatsapptest.Stats) bool { return s.Pending == 0 }, alice))
		arrives(a, again, bob, "to the second device")
	})
}
