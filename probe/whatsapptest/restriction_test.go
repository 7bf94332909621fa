package whatsapptest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

const companions = "RESTRICT_ALL_COMPANIONS"

// lock is what a client is told of its restriction when it asks.
func lock(p *party) (answer struct {
	Active bool   `json:"is_active"`
	Kind   string `json:"enforcement_type"`
	Ends   string `json:"time_enforcement_ends"`
},
) {
	p.t.Helper()
	data, err := p.DangerousInternals().SendMexIQ(p.t.Context(), "23983697327930364", map[string]any{}) //nolint:staticcheck // deprecated to warn of it, and the only way
	require.NoError(p.t, err)
	var whole map[string]json.RawMessage
	require.NoError(p.t, json.Unmarshal(data, &whole))
	require.NoError(p.t, json.Unmarshal(whole["xwa2_fetch_account_reachout_timelock"], &answer))
	return answer
}

func refused(p *party, number string) {
	p.t.Helper()
	_, err := p.SendMessage(p.t.Context(), to(number), text("stranger"))
	require.ErrorIs(p.t, err, whatsmeow.ErrServerReturnedError)
	require.ErrorContains(p.t, err, "463")
}

func TestARestrictedAccountWritesToThoseWhoWroteToIt(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		const carol = "491700000003"
		a, b := pair(t, srv)
		c := online(t, srv, carol)
		arrives(b, a, alice, "we know each other")
		arrives(a, c, carol, "and we do not: you never wrote")
		require.False(t, lock(a).Active)

		until := time.Now().Add(6 * time.Hour).Truncate(time.Second)
		srv.Restrict(until, companions, alice)
		told := next[*events.NotifyAccountReachoutTimelock](a)
		require.True(t, told.IsActive)
		require.Equal(t, companions, told.EnforcementType)
		require.True(t, until.Equal(told.TimeEnforcementEnds.Time))
		require.Equal(t, "NotificationUserReachoutTimelockUpdate", told.Mex.OpName)
		answer := lock(a)
		require.True(t, answer.Active)
		require.Equal(t, companions, answer.Kind)
		require.NotEmpty(t, answer.Ends)

		refused(a, carol)
		arrives(a, b, bob, "you wrote")
		a.say(alice, "a note to myself")
		require.Zero(t, count[*events.Message](c))
		require.Zero(t, count[*events.NotifyAccountReachoutTimelock](b))
		arrives(c, a, alice, "now I did")
		arrives(a, c, carol, "thank you")

		time.Sleep(7 * time.Hour)
		require.False(t, lock(a).Active, "it is over by itself")
		require.Zero(t, count[*events.NotifyAccountReachoutTimelock](a), "and nobody says so")
		d := online(t, srv, "491700000004")
		arrives(a, d, "491700000004", "a stranger")
		require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 0 }))
	})
}

func TestARestrictionIsLifted(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	for _, lift := range []func(...string){srv.Lift, srv.Heal} {
		srv.Restrict(time.Time{}, "DEFAULT", alice)
		told := next[*events.NotifyAccountReachoutTimelock](a)
		require.True(t, told.IsActive)
		require.True(t, told.TimeEnforcementEnds.IsZero())
		refused(a, bob)
		lift(alice)
		require.False(t, next[*events.NotifyAccountReachoutTimelock](a).IsActive)
		arrives(a, b, bob, "lifted")
	}
	srv.Heal()
	require.Zero(t, count[*events.NotifyAccountReachoutTimelock](a))
}

func TestARestrictionIsToldToThoseWhoWereAway(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := newParty(t, srv.NewClient(t, alice))
	srv.Restrict(time.Now().Add(time.Hour), companions)
	require.NoError(t, a.Connect())
	require.Equal(t, 1, next[*events.OfflineSyncPreview](a).Notifications)
	require.True(t, next[*events.NotifyAccountReachoutTimelock](a).IsActive)
}

func TestOtherQueriesOfThisKindAreNotServed(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	for query, served := range map[string]bool{"24503548349331633": true, "1": false} {
		_, err := a.DangerousInternals().SendMexIQ(t.Context(), query, map[string]any{}) //nolint:staticcheck // deprecated to warn of it, and the only way
		if served {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, &whatsmeow.IQError{Code: 501, Text: "feature-not-implemented"})
		}
	}
}
