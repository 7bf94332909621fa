package whatsapptest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestAZombieLooksAliveAndHearsNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		srv.HoldMessages(bob)
		pings := srv.Stats(bob).Pings
		for range 5 {
			a.say(bob, "anybody?")
			time.Sleep(30 * time.Minute)
		}
		require.Greater(t, srv.Stats(bob).Pings, pings+150)
		require.True(t, b.IsConnected())
		require.True(t, b.IsLoggedIn())
		arrives(b, a, alice, "it sends, and gets receipts")
		require.Zero(t, count[*events.Message](b))
		require.Zero(t, count[*events.KeepAliveTimeout](b))
		require.Zero(t, count[*events.Disconnected](b))
		time.Sleep(time.Minute) // the last acks, of receipts, are on their way
		require.Equal(t, 5, srv.Stats(bob).Pending)

		b.ResetConnection()
		next[*events.Disconnected](b)
		next[*events.Connected](b)
		require.Equal(t, 5, next[*events.OfflineSyncPreview](b).Messages)
		for range 5 {
			b.hears("anybody?")
		}
		arrives(a, b, bob, "the new connection hears")
	})
}

func TestAZombieWakesWhenItIsHealed(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.HoldMessages()
	id := a.say(bob, "held")
	srv.Heal(bob)
	b.hears("held")
	a.receives(id, inactive)
	require.Zero(t, count[*events.Disconnected](b))
	arrives(a, b, bob, "after")
}
