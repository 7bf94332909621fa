package whatsappprobe_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// A real client whose login is ended at once says first that it is, and then that it is
// connected.
func TestALoginThatIsEndedAtOnceIsAnEnd(t *testing.T) {
	t.Parallel()
	for want, end := range map[whatsappprobe.State]func(*whatsapptest.Server){
		whatsappprobe.NeedsQR: func(s *whatsapptest.Server) { s.LogOut(ours) },
		whatsappprobe.Stopped: func(s *whatsapptest.Server) { s.Replace(ours) },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := whatsapptest.NewPipeServer(t)
			cli := whatsmeow.NewClient(s.NewClient(t, ours).Store, &loginLog{waLog.Noop, func() { end(s) }})
			s.Redirect(cli)
			defer cli.Disconnect()
			a := whatsappprobe.NewAccounts(nil)
			require.NoError(t, a.Add("x", cli))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); a.Run(ctx) }()
			require.NoError(t, cli.Connect())
			time.Sleep(time.Minute)
			require.Equal(t, want, a.List()[0].State)
			require.True(t, a.List()[0].LastConnected.After(a.List()[0].Since), "that it is connected came behind the end")
			cancel()
			<-ended
		})
	}
}

// loginLog acts as soon as its client is logged in.
type loginLog struct {
	waLog.Logger
	then func()
}

func (l *loginLog) Infof(format string, _ ...any) {
	if format == "Successfully authenticated" {
		l.then()
	}
}

func (l *loginLog) Sub(string) waLog.Logger { return l }

// A client tells of a login when it has asked the server for this and that: of one that
// is ended at once, the end is told first. It is an end all the same.
func TestAnEndIsNotTakenBackByTheLoginThatItEnded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		end    any
		state  whatsappprobe.State
		reason string
	}{
		{&events.LoggedOut{}, whatsappprobe.NeedsQR, "logged_out"},
		{&events.StreamReplaced{}, whatsappprobe.Stopped, "stream_replaced"},
		{&events.Disconnected{}, whatsappprobe.Reconnecting, "disconnected"},
	} {
		synctest.Test(t, func(t *testing.T) {
			cli := &oracle{}
			cli.connected.Store(true)
			cli.loggedIn.Store(true)
			a := whatsappprobe.NewAccounts(nil)
			require.NoError(t, a.Add("x", cli))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); a.Run(ctx) }()
			cli.handler(&events.Connected{})
			time.Sleep(time.Hour)
			at := time.Now()
			cli.connected.Store(false)
			cli.loggedIn.Store(c.state == whatsappprobe.Reconnecting)
			cli.handler(c.end)
			cli.handler(&events.Connected{})
			time.Sleep(30 * time.Second)
			got := a.List()[0]
			require.Equal(t, c.state, got.State)
			require.Equal(t, c.reason, got.Reason)
			require.Equal(t, at, got.Since)

			cli.connected.Store(true) // somebody connects it again, and closes it later
			cli.loggedIn.Store(true)
			cli.handler(&events.Connected{})
			time.Sleep(30 * time.Second)
			require.Equal(t, whatsappprobe.Connected, a.List()[0].State)
			cli.connected.Store(false)
			time.Sleep(30 * time.Second)
			require.Equal(t, "closed_by_host", a.List()[0].Reason)
			cancel()
			<-ended
		})
	}
}

// oracle is a client that says what the test has it say.
type oracle struct {
	silent
	connected, loggedIn atomic.Bool
}

func (o *oracle) IsConnected() bool { return o.connected.Load() }
func (o *oracle) IsLoggedIn() bool  { return o.loggedIn.Load() }
