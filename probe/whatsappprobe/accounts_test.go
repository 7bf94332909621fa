package whatsappprobe_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// Each fault, and the state that it leads to. Those that the client mends are
// connected again in the end.
func TestTheStateFollowsFromEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  func(s *stage)
		state  whatsappprobe.State
		reason string
	}{
		"dropped":           {func(s *stage) { s.Drop(ours) }, whatsappprobe.Connected, ""},
		"restarted server":  {func(s *stage) { s.EndStreams(503, ours) }, whatsappprobe.Connected, ""},
		"away":              {func(s *stage) { s.Refuse(ours); s.Drop(ours) }, whatsappprobe.Reconnecting, "disconnected"},
		"overloaded server": {func(s *stage) { s.FailLogins(events.ConnectFailureServiceUnavailable, ours); s.Drop(ours) }, whatsappprobe.Reconnecting, "disconnected"},
		"logged out":        {func(s *stage) { s.LogOut(ours) }, whatsappprobe.NeedsQR, "logged_out"},
		"401":               {func(s *stage) { s.FailLogins(events.ConnectFailureLoggedOut, ours); s.Drop(ours) }, whatsappprobe.NeedsQR, "logged_out_401"},
		"403":               {func(s *stage) { s.FailLogins(events.ConnectFailureMainDeviceGone, ours); s.Drop(ours) }, whatsappprobe.NeedsQR, "logged_out_403"},
		"406":               {func(s *stage) { s.FailLogins(events.ConnectFailureUnknownLogout, ours); s.Drop(ours) }, whatsappprobe.NeedsQR, "logged_out_406"},
		"402":               {func(s *stage) { s.FailLogins(events.ConnectFailureTempBanned, ours); s.Drop(ours) }, whatsappprobe.Stopped, "temporary_ban_101"},
		"405":               {func(s *stage) { s.FailLogins(events.ConnectFailureClientOutdated, ours); s.Drop(ours) }, whatsappprobe.Outdated, "client_outdated"},
		"500":               {func(s *stage) { s.FailLogins(events.ConnectFailureInternalServerError, ours); s.Drop(ours) }, whatsappprobe.Reconnecting, "disconnected"},
		"replaced":          {func(s *stage) { s.Replace(ours) }, whatsappprobe.Stopped, "stream_replaced"},
		"mute pings":        {func(s *stage) { s.MutePings(ours); s.calm() }, whatsappprobe.Degraded, "keepalive_timeout"},
		"frozen":            {func(s *stage) { s.Freeze(ours); s.calm() }, whatsappprobe.Degraded, "keepalive_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				c.fault(s)
				s.calm()
				got := s.state()
				require.Equal(t, c.state, got.State)
				require.Equal(t, c.reason, got.Reason)
				require.Equal(t, "support", got.ID)
				require.False(t, got.LastConnected.IsZero())
				require.Equal(t, whatsappprobe.Connected, s.accounts.List()[1].State, "the other one is well")
				s.Heal()
				if !final(got.State) {
					s.calm()
					time.Sleep(10 * time.Minute)
					require.Equal(t, whatsappprobe.Connected, s.state().State, "healed")
				}
			})
		})
	}
}

func final(s whatsappprobe.State) bool {
	return s == whatsappprobe.NeedsQR || s == whatsappprobe.Outdated || s == whatsappprobe.Stopped
}

func TestReconnectsAreThoseOfTheLastHour(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		require.Zero(t, s.state().Reconnects, "the first connection is none")
		for range 7 {
			s.Drop(ours)
			time.Sleep(10 * time.Minute)
		}
		require.Equal(t, 5, s.state().Reconnects, "at 0 and 10 minutes are an hour ago")
		time.Sleep(time.Hour)
		require.Zero(t, s.state().Reconnects)

		// A client that finds its link dead connects anew without Disconnected.
		s.Freeze(ours)
		time.Sleep(5 * time.Minute)
		require.Equal(t, 1, s.state().Reconnects)
	})
}

func TestTheHeartbeatsCountsAreTrue(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		var accounts []longrun.AccountStatus
		status := func() longrun.HostStatus {
			got, err := s.accounts.Status(t.Context())
			require.NoError(t, err)
			accounts, got.Accounts = got.Accounts, nil
			return got
		}
		require.Equal(t, longrun.HostStatus{Connected: 2, Healthy: true}, status())
		require.Len(t, accounts, 2)
		require.False(t, accounts[0].LoggedOut)
		first := time.Now()
		for range 2 {
			s.Drop(ours)
			s.calm()
			time.Sleep(time.Minute)
		}
		status()
		require.Equal(t, int64(2), accounts[0].Reconnects)
		require.False(t, accounts[0].FirstReconnect.Before(first))
		require.GreaterOrEqual(t, accounts[0].LastReconnect.Sub(accounts[0].FirstReconnect), time.Minute)
		s.LogOut(ours)
		s.calm()
		require.Equal(t, longrun.HostStatus{Connected: 1, NeedsQR: 1}, status())
		require.Equal(t, []bool{true, false}, []bool{accounts[0].LoggedOut, accounts[1].LoggedOut})
		require.Equal(t, "support", accounts[0].ID)
		require.NotEmpty(t, accounts[0].Reason)
		s.Refuse(theirs)
		s.Drop(theirs)
		s.calm()
		require.Equal(t, longrun.HostStatus{Reconnecting: 1, NeedsQR: 1}, status())
		s.accounts.Remove("support")
		s.accounts.Remove("nobody")
		require.Equal(t, longrun.HostStatus{Reconnecting: 1}, status())
		s.accounts.Remove("probe")
		require.False(t, status().Healthy, "no account is no health")
	})
}

func TestTheHostSaysWhatIsHealthyAndHowDeepItsQueueIs(t *testing.T) {
	t.Parallel()
	depth, away := int64(7), error(nil)
	a := whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{
		QueueDepth: func(context.Context) (int64, error) { return depth, away },
		Healthy:    func(all []whatsappprobe.Account) bool { return len(all) == 0 },
	})
	got, err := a.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, longrun.HostStatus{QueueDepth: 7, Healthy: true, Accounts: []longrun.AccountStatus{}}, got)
	away = errors.New("gone")
	_, err = a.Status(t.Context())
	require.ErrorIs(t, err, away)
}

func TestAClientThatIsConnectedAlreadyIsBelieved(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		late := whatsappprobe.Track(s.ours, s.theirs, s.NewUnpairedClient(t))
		all := late.List()
		require.Equal(t, []string{"49********01", "49********02", "account-3"}, []string{all[0].ID, all[1].ID, all[2].ID})
		require.Equal(t, whatsappprobe.Connected, all[0].State)
		require.Equal(t, whatsappprobe.NeedsQR, all[2].State)
		require.Equal(t, "not_paired", all[2].Reason)
		require.ErrorIs(t, late.Add("account-3", s.ours), whatsappprobe.ErrTracked)
		require.Error(t, late.Add("", s.ours))
		require.Error(t, late.Add("a/b", s.ours))
		require.Error(t, late.Add("nobody", nil))
		require.Empty(t, whatsappprobe.Track(nil).List())
	})
}

func TestChangesAreToldAndASlowReaderHoldsNobodyUp(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		ctx, cancel := context.WithCancel(t.Context())
		changes := s.accounts.Changes(ctx)
		for range 100 { // 200 changes, and nobody reads
			s.Drop(ours)
			time.Sleep(time.Minute)
		}
		s.passes(s.out)
		first := <-changes
		for first.ID != "support" {
			first = <-changes
		}
		require.Equal(t, whatsappprobe.Reconnecting, first.State)
		cancel()
		n := 0
		for range changes {
			n++
		}
		require.LessOrEqual(t, n, 64)
	})
}

// The parts of an end come in any order, and only a new beginning takes it back.
func TestAnEndIsNotTakenBackByWhatComesBehindIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		events []any
		want   whatsappprobe.State
	}{
		{[]any{&events.LoggedOut{}, &events.Disconnected{}}, whatsappprobe.NeedsQR},
		{[]any{&events.LoggedOut{}, &events.StreamError{Code: "401"}, &events.KeepAliveTimeout{}, &events.KeepAliveRestored{}}, whatsappprobe.NeedsQR},
		{[]any{&events.ClientOutdated{}, &events.Disconnected{}}, whatsappprobe.Outdated},
		{[]any{&events.StreamReplaced{}, &events.ManualLoginReconnect{}}, whatsappprobe.Stopped},
		{[]any{&events.CATRefreshError{}}, whatsappprobe.Stopped},
		{[]any{&events.Disconnected{}, &events.KeepAliveTimeout{}}, whatsappprobe.Reconnecting},
		{[]any{&events.KeepAliveTimeout{}}, whatsappprobe.Degraded},
		{[]any{&events.KeepAliveTimeout{}, &events.Connected{}, &events.KeepAliveRestored{}}, whatsappprobe.Connected},
		{[]any{&events.LoggedOut{}, &events.QR{}, &events.PairSuccess{}}, whatsappprobe.Reconnecting},
		{[]any{&events.StreamReplaced{}, &events.Connected{}}, whatsappprobe.Connected},
	} {
		cli := &silent{}
		a := whatsappprobe.NewAccounts(nil)
		require.NoError(t, a.Add("x", cli))
		cli.handler(&events.Connected{})
		for _, event := range c.events {
			cli.handler(event)
		}
		require.Equal(t, c.want, a.List()[0].State, "%T", c.events)
	}
}

// Whatever a server makes a client say, the handlers take it.
func TestNoEventMakesAHandlerPanic(t *testing.T) {
	t.Parallel()
	cli := &silent{}
	a := whatsappprobe.NewAccounts(nil)
	require.NoError(t, a.Add("x", cli))
	prober := &silent{}
	_ = whatsappprobe.Outbound(noSend{prober}, jid(theirs), nil)
	for _, event := range []any{
		nil, 7, "text", &events.Receipt{}, &events.Message{}, &events.UndecryptableMessage{}, &events.StreamError{},
		&events.LoggedOut{OnConnect: true, Reason: -1}, &events.TemporaryBan{Code: 9999}, &events.ConnectFailure{}, &events.PairSuccess{},
		&events.CATRefreshError{}, &events.NotifyAccountReachoutTimelock{}, &events.QR{},
		events.Connected{},
	} {
		require.NotPanics(t, func() { cli.handler(event); prober.handler(event) }, "%T", event)
	}
}

// noSend is a client that is never asked to send.
type noSend struct{ *silent }

func (noSend) GenerateMessageID() types.MessageID { return "" }

func (noSend) SendMessage(context.Context, types.JID, *waE2E.Message, ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error) {
	return whatsmeow.SendResponse{}, whatsmeow.ErrNotConnected
}
