package whatsapptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// bubble runs a test whose time passes at once.
func bubble(t *testing.T, test func(*testing.T, *whatsapptest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, whatsapptest.NewPipeServer(t)) })
}

// took measures a call, by the bubble's clock.
func took(call func()) time.Duration {
	begin := time.Now()
	call()
	return time.Since(begin)
}

// requireAbout allows for the milliseconds in which the connections of a store
// wait for each other, which they do by the bubble's clock.
func requireAbout(t *testing.T, want, got time.Duration) {
	t.Helper()
	require.InDelta(t, want.Seconds(), got.Seconds(), 0.5)
}

func TestADayOfTwoClientsPassesInSeconds(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		begin := time.Now()
		for hour := range 24 {
			for range 12 {
				arrives(a, b, bob, "still there?")
				arrives(b, a, alice, "yes")
				time.Sleep(5 * time.Minute)
			}
			switch hour % 3 {
			case 0:
				srv.Drop()
			case 1:
				srv.Drop(alice)
			case 2:
				srv.Freeze(bob)
				time.Sleep(4 * time.Minute)
			}
			require.NoError(t, srv.AwaitOnline(t.Context(), alice))
			require.NoError(t, srv.AwaitOnline(t.Context(), bob))
		}
		require.Greater(t, time.Since(begin), 24*time.Hour)
		st := srv.Stats()
		require.Equal(t, 2*24*12, st.Sent)
		require.Equal(t, st.Sent, st.Delivered)
		require.Greater(t, st.Pings, 2*24*60)
		require.Equal(t, 2+8*2+8+8, st.Logins)
	})
}

func TestPairingTakesItsTimeInABubbleToo(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		b, codes, first := unpaired(t, srv)
		var second string
		requireAbout(t, time.Minute, took(func() { second = (<-codes).Code }))
		require.NotEqual(t, first, second)
		require.NoError(t, srv.Scan(t.Context(), second, bob))
		next[*events.Connected](b)

		left, codes, _ := unpaired(t, srv)
		for item := range codes {
			if item.Event != whatsmeow.QRChannelEventCode {
				require.Equal(t, whatsmeow.QRChannelTimeout, item)
			}
		}
		require.ErrorIs(t, srv.Scan(t.Context(), second, alice), whatsapptest.ErrCode)
		require.Nil(t, left.Store.ID)
	})
}
