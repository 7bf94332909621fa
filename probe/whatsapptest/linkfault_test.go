package whatsapptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestADroppedClientComesBackAtOnce(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.Drop(alice)
	next[*events.Disconnected](a)
	next[*events.Connected](a)
	require.NoError(t, srv.AwaitOnline(t.Context(), alice))
	require.Equal(t, 2, srv.Stats(alice).Logins)
	require.Equal(t, 1, srv.Stats(bob).Logins, "the others stay")
	arrives(a, b, bob, "back")

	srv.Drop()
	for _, p := range []*party{a, b} {
		next[*events.Disconnected](p)
		next[*events.Connected](p)
	}
}

func TestAFrozenConnectionIsDeadAndANewOneWorks(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		srv.Freeze(alice)
		srv.Heal()

		b.say(alice, "into the hole")
		var err error
		waited := took(func() {
			_, err = a.SendMessage(t.Context(), to(bob), text("out of it"), whatsmeow.SendRequestExtra{Timeout: 9 * time.Second})
		})
		require.ErrorIs(t, err, whatsmeow.ErrMessageTimedOut)
		requireAbout(t, 9*time.Second, waited)
		frozen := time.Now()
		next[*events.KeepAliveTimeout](a)
		require.Less(t, time.Since(frozen), 40*time.Second)
		require.True(t, a.IsConnected(), "as far as it knows")

		next[*events.Connected](a)
		require.InDelta(t, 187, time.Since(frozen).Seconds(), 30)
		require.Zero(t, count[*events.Disconnected](a))
		a.hears("into the hole")
		arrives(a, b, bob, "after")
		require.Equal(t, 1, srv.Stats(bob).Logins)
	})
}

func TestAFrozenConnectionCanBeDroppedAndDisconnected(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.Freeze()
	require.NoError(t, srv.AwaitOffline(t.Context(), alice))
	srv.Drop(alice)
	next[*events.Disconnected](a)
	next[*events.Connected](a)
	require.Less(t, took(func() { srv.Disconnect(b.Client) }), 4*time.Second)
	require.NoError(t, b.Connect())
	next[*events.Connected](b)
}

// A client holds a lock while it waits for the answer to its close, and time in a bubble
// stands still while somebody waits for a lock.
func TestAFrozenConnectionIsClosedInABubbleWhileOthersSend(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, _ := pair(t, srv)
		srv.Freeze(alice)
		closed := make(chan time.Duration, 1)
		go func() { closed <- took(a.Disconnect) }()
		_, err := a.SendMessage(t.Context(), to(bob), text("too late"), whatsmeow.SendRequestExtra{Timeout: 9 * time.Second})
		require.Error(t, err)
		requireAbout(t, 0, <-closed)
	})
}

func TestAStalledServerDoesNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		srv.DelayAcks(10 * time.Second)
		sent := make(chan error)
		go func() {
			_, err := a.SendMessage(t.Context(), to(bob), text("taken"))
			sent <- err
		}()
		b.hears("taken")
		srv.Stall(alice) // the ack is not due yet, and never comes
		require.ErrorIs(t, <-sent, whatsmeow.ErrMessageTimedOut)
		_, err := a.SendMessage(t.Context(), to(bob), text("not taken"))
		require.ErrorIs(t, err, whatsmeow.ErrMessageTimedOut)
		srv.Heal()
		arrives(a, b, bob, "after")
		require.Zero(t, count[*events.Message](b))
	})
}

func TestHealingDoesNotRepeatWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		busy, free := make(chan struct{}), make(chan struct{})
		b.AddEventHandler(func(event any) {
			if _, ok := event.(*events.Message); ok {
				busy <- struct{}{}
				<-free
			}
		})
		id := a.say(bob, "hello")
		<-busy // bob has it and did not say so yet
		srv.Heal()
		srv.Heal(bob)
		close(free)
		a.receives(id, inactive)
		synctest.Wait()
		require.Zero(t, count(a, ofCompanion), "a second copy has a second receipt")
	})
}

func TestAStalledServerWakesUp(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		srv.Stall(bob)
		id := a.say(bob, "wait")
		next[*events.KeepAliveTimeout](b)
		require.Zero(t, count[*events.Message](b))
		srv.Heal(bob)
		b.hears("wait")
		a.receives(id, inactive)
		next[*events.KeepAliveRestored](b)
		require.Equal(t, 1, srv.Stats(bob).Logins)
	})
}

func TestAStalledServerIsLeftAndFoundAgain(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.Stall()
		time.Sleep(10 * time.Minute)
		require.Greater(t, srv.Stats(bob).Connections, 2)
		require.Equal(t, 1, srv.Stats(bob).Logins, "connecting is all that works")
		srv.Heal()
		next[*events.Connected](b)
		require.NoError(t, srv.AwaitOnline(t.Context(), bob))
		require.NoError(t, srv.AwaitOnline(t.Context(), alice))
		arrives(a, b, bob, "after")
	})
}

func TestRefusedClientsTryLessAndLess(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.Refuse(alice)
		arrives(a, b, bob, "an open connection stays")
		late := newParty(t, srv.NewClient(t, alice))
		require.ErrorContains(t, late.Connect(), "503")

		srv.Drop()
		next[*events.Connected](b)
		time.Sleep(time.Hour)
		require.Equal(t, 1+60, srv.Stats(alice).Refused)
		require.Equal(t, 1, count[*events.Disconnected](a))
		srv.Heal()
		require.Less(t, took(func() { next[*events.Connected](a) }), 2*time.Minute)
	})
}

func TestFailedLogins(t *testing.T) {
	t.Parallel()
	seen := map[events.ConnectFailureReason]func(*party){
		401: func(p *party) { require.True(p.t, next[*events.LoggedOut](p).OnConnect) },
		403: func(p *party) { require.EqualValues(p.t, 403, next[*events.LoggedOut](p).Reason) },
		406: func(p *party) { require.EqualValues(p.t, 406, next[*events.LoggedOut](p).Reason) },
		402: func(p *party) { require.Equal(p.t, time.Hour, next[*events.TemporaryBan](p).Expire) },
		405: func(p *party) { next[*events.ClientOutdated](p) },
		418: func(p *party) { require.EqualValues(p.t, 418, next[*events.ConnectFailure](p).Reason) },
	}
	for reason, sees := range seen {
		t.Run(reason.NumberString(), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
				a, b := pair(t, srv)
				srv.FailLogins(reason, alice)
				arrives(a, b, bob, "an open connection stays")
				time.Sleep(time.Second) // the client's own query after a first message is over
				synctest.Wait()
				srv.Drop(alice)
				sees(a)
				time.Sleep(time.Hour)
				synctest.Wait() // whatever the client deletes, it has: else its fields race
				require.Equal(t, 2, srv.Stats(alice).Connections, "it stays away")
				srv.Heal()
				err := a.Connect()
				if reason.IsLoggedOut() {
					require.ErrorIs(t, err, store.ErrDeviceDeleted)
					return
				}
				require.NoError(t, err)
				next[*events.Connected](a)
			})
		})
	}
}

func TestLoginsThatFailForAWhileAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, reason := range []events.ConnectFailureReason{500, 503} {
		bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
			a := online(t, srv, alice)
			srv.FailLogins(reason)
			srv.Drop()
			time.Sleep(10 * time.Minute)
			require.Greater(t, srv.Stats(alice).Refused, 15)
			require.Equal(t, 1+srv.Stats(alice).Refused, count[*events.Disconnected](a))
			srv.Heal()
			next[*events.Connected](a)
		})
	}
}

func TestFailedPairing(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	srv.FailLogins(events.ConnectFailureClientOutdated)
	b := newParty(t, srv.NewUnpairedClient(t))
	codes, err := b.GetQRChannel(t.Context())
	require.NoError(t, err)
	require.NoError(t, b.Connect())
	require.Equal(t, whatsmeow.QRChannelClientOutdated, <-codes)
}

func TestALogoutOnThePhoneEndsADevice(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		away := newParty(t, srv.NewClient(t, alice))
		srv.LogOut(alice)
		require.Zero(t, srv.Stats(alice).Devices)
		require.False(t, next[*events.LoggedOut](a).OnConnect)
		require.NoError(t, away.Connect())
		require.True(t, next[*events.LoggedOut](away).OnConnect)
		synctest.Wait() // the event comes before the store is deleted
		require.True(t, a.Store.Deleted)
		require.Zero(t, count[*events.Disconnected](a))
		require.True(t, b.IsLoggedIn())
	})
}

func TestAReplacedClientStaysAway(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a := online(t, srv, alice)
		srv.Replace(alice)
		next[*events.StreamReplaced](a)
		time.Sleep(time.Hour)
		require.Zero(t, count[*events.Disconnected](a))
		require.Equal(t, 1, srv.Stats(alice).Connections)
		require.NoError(t, a.Connect())
		next[*events.Connected](a)
	})
}

func TestASecondClientOfTheSameDeviceReplacesTheFirst(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	again := whatsmeow.NewClient(a.Store, nil)
	srv.Redirect(again)
	twin := newParty(t, again)
	require.NoError(t, twin.Connect())
	next[*events.StreamReplaced](a)
	next[*events.Connected](twin)
	srv.Disconnect(again)
}

func TestEndedStreams(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	srv.EndStreams(503)
	next[*events.Disconnected](a)
	next[*events.Connected](a)
	require.Zero(t, count[*events.StreamError](a))

	srv.EndStreams(516, alice)
	require.Equal(t, "516", next[*events.StreamError](a).Code)
	next[*events.Disconnected](a)
	next[*events.Connected](a)
}
