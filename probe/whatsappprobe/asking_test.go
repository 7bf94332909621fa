package whatsappprobe_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// A host that unlinks the account itself is told nothing by the client.
func TestALogoutByTheHostIsSeen(t *testing.T) {
	t.Parallel()
	s := tappedStage(t, whatsapptest.NewServer(t))
	require.NoError(t, s.ours.Logout(t.Context()))
	require.Equal(t, whatsappprobe.NeedsQR, s.state().State)
	require.Equal(t, "unlinked_by_host", s.state().Reason)
}

// Nor is one that closes the connection.
func TestADisconnectByTheHostIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := &word{}
		a := whatsappprobe.NewAccounts(nil)
		require.NoError(t, a.Add("x", cli))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); a.Run(ctx) }()
		cli.handler(&events.Connected{})
		cli.is.Store(true)
		time.Sleep(time.Minute)
		require.Equal(t, whatsappprobe.Connected, a.List()[0].State)
		cli.is.Store(false)
		time.Sleep(30 * time.Second)
		require.Equal(t, whatsappprobe.Reconnecting, a.List()[0].State)
		require.Equal(t, "closed_by_host", a.List()[0].Reason)
		cli.is.Store(true)
		time.Sleep(75 * time.Second)
		require.Equal(t, whatsappprobe.Connected, a.List()[0].State, "though no event came")
		require.Equal(t, 1, a.List()[0].Reconnects)
		cli.handler(&events.Connected{}) // it does, late
		require.Equal(t, 1, a.List()[0].Reconnects)
		cancel()
		<-ended
	})
}

// A slow handler of the host holds Disconnected up, and Connected overtakes it.
func TestTheClientHasTheLastWordOverLateEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := &word{}
		cli.is.Store(true)
		a := whatsappprobe.NewAccounts(nil)
		require.NoError(t, a.Add("x", cli))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); a.Run(ctx) }()
		cli.handler(&events.Connected{})
		time.Sleep(time.Hour)
		cli.handler(&events.Connected{})
		cli.handler(&events.Disconnected{})
		require.Equal(t, whatsappprobe.Reconnecting, a.List()[0].State)
		time.Sleep(40 * time.Second)
		require.Equal(t, whatsappprobe.Reconnecting, a.List()[0].State, "it says so of a dead link, too")
		time.Sleep(20 * time.Second)
		require.Equal(t, whatsappprobe.Connected, a.List()[0].State)

		cli.handler(&events.Connected{})
		cli.handler(&events.Disconnected{})
		time.Sleep(20 * time.Second)
		cli.handler(&events.Receipt{})
		require.Equal(t, whatsappprobe.Connected, a.List()[0].State, "a sign of life")
		cancel()
		<-ended
	})
}

// word is a client that says what the test has it say.
type word struct {
	silent
	is atomic.Bool
}

func (w *word) IsConnected() bool { return w.is.Load() }
func (w *word) IsLoggedIn() bool  { return true }
