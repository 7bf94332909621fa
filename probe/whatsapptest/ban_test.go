package whatsapptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestABanSaysWhatIsLeftAndEnds(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		time.Sleep(time.Second)
		synctest.Wait()
		srv.Ban(events.TempBanSentTooManySameMessage, 2*time.Hour, alice)
		next[*events.Disconnected](a)
		banned := next[*events.TemporaryBan](a)
		require.Equal(t, events.TempBanSentTooManySameMessage, banned.Code)
		require.Equal(t, 2*time.Hour, banned.Expire)
		time.Sleep(90 * time.Minute)
		require.Equal(t, 2, srv.Stats(alice).Connections, "it stays away")

		srv.Disconnect(a.Client)
		require.NoError(t, a.Connect())
		requireAbout(t, 30*time.Minute, next[*events.TemporaryBan](a).Expire)
		time.Sleep(31 * time.Minute)
		srv.Disconnect(a.Client)
		require.NoError(t, a.Connect())
		next[*events.Connected](a)
		arrives(a, b, bob, "after")
	})
}

func TestABanWithoutAnEnd(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a := online(t, srv, alice)
		time.Sleep(time.Second)
		synctest.Wait()
		srv.Ban(events.TempBanBlockedByUsers, 0)
		require.Zero(t, next[*events.TemporaryBan](a).Expire)
		time.Sleep(1000 * time.Hour)
		srv.Disconnect(a.Client)
		require.NoError(t, a.Connect())
		require.Equal(t, events.TempBanBlockedByUsers, next[*events.TemporaryBan](a).Code)
		srv.Heal()
		srv.Disconnect(a.Client)
		require.NoError(t, a.Connect())
		next[*events.Connected](a)
	})
}
