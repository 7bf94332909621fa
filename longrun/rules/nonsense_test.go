package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// oracle says by hand whether an account is in a trouble that is judged by what is
// said of it alone; ok is false where that is not to be told from one look.
func oracle(r longrun.RuleID, a *longrun.AccountStatus, now time.Time) (bad, ok bool) {
	recent := func(n, least int64, last time.Time, quiet time.Duration) (bad, ok bool) {
		if last.IsZero() || last.After(now.Add(5*time.Minute)) || now.Sub(last) > 10*365*24*time.Hour {
			return n >= least, true // the number alone
		}
		return n >= least && now.Sub(last) < quiet, true
	}
	forbidden := func(f longrun.Restriction) bool {
		return !f.From.IsZero() && !f.From.After(now) && now.Sub(f.From) <= 10*365*24*time.Hour && (f.Until.IsZero() || f.Until.After(now))
	}
	switch r {
	case rules.Banned:
		return forbidden(a.Banned), true
	case rules.Restricted:
		return forbidden(a.Restricted), true
	case rules.LoggedOut:
		return a.LoggedOut && a.State != "outdated", true // which is one incident of all
	case rules.NoAck:
		return a.Traffic.Unacked >= 2, true
	case rules.Undelivered:
		return a.Traffic.Undelivered >= 8 && a.Traffic.UndeliveredTo >= 4, true
	case rules.HandlerLag:
		return a.Traffic.HandlerLag >= time.Minute, true
	case rules.SentToNobody:
		return recent(a.Traffic.ToNobody, 1, a.Traffic.LastToNobody, 10*time.Minute)
	case rules.PhoneWithoutCopy:
		return recent(a.Traffic.NoPhone, 3, a.Traffic.LastNoPhone, 30*time.Minute)
	case rules.ReplayLost:
		return recent(a.Traffic.ReplayLost, 1, a.Traffic.LastReplayLost, 10*time.Minute)
	case rules.SessionReplaced:
		if age := now.Sub(a.LastReplaced); a.LoggedOut && a.State == "stopped" && !a.LastReplaced.Before(a.Since) && age >= -5*time.Minute && age <= 10*365*24*time.Hour {
			return true, true // another process has it
		}
		return recent(a.Replaced, 2, a.LastReplaced, 10*time.Minute)
	case rules.DeviceStore:
		if a.Traffic.StoreBroken > 0 {
			return recent(1, 1, a.Traffic.LastStoreError, 10*time.Minute)
		}
		return recent(a.Traffic.StoreErrors, 3, a.Traffic.LastStoreError, 10*time.Minute)
	case rules.Undecryptable:
		t := a.Traffic
		all := max(t.Received, t.Unreadable)
		if t.Unreadable < 5 || 5*t.Unreadable < all && t.UnreadableFrom < 3 {
			return false, true
		}
		return recent(t.Unreadable, 5, t.LastUnreadable, 30*time.Minute)
	case rules.PhoneUnseen, rules.PhoneLost:
		limit := 10 * 24 * time.Hour
		if r == rules.PhoneLost {
			limit = 12 * 24 * time.Hour
		}
		silent := now.Sub(a.PhoneSeen)
		return !a.PhoneSeen.IsZero() && silent >= limit && silent <= 10*365*24*time.Hour, true
	}
	return false, false
}

// drawAccount is an account of which anything is said, nonsense too.
func drawAccount(s *drawtest.Source, now time.Time) longrun.AccountStatus {
	at := func() time.Time {
		switch s.Of(8) {
		case 0:
			return time.Time{}
		case 1:
			return now.AddDate(s.Of(400)-200, 0, 0)
		case 2:
			return now.Add(-time.Duration(s.Of(30)) * 24 * time.Hour)
		}
		return now.Add(-time.Duration(s.Of(100)) * time.Minute)
	}
	count := func() int64 { return int64(s.Of(12)) - 2 }
	return longrun.AccountStatus{
		ID: nameOf(s.Of(3)), State: []string{"", "connected", "reconnecting", "degraded", "needs_qr", "outdated", "stopped", "nonsense"}[s.Of(8)],
		LoggedOut: s.Of(4) == 0, Since: at(), Away: at(), Reason: "x", Reconnects: count(), FirstReconnect: at(), LastReconnect: at(),
		Replaced: count(), LastReplaced: at(), PhoneSeen: at(),
		Restricted: longrun.Restriction{From: at(), Until: at()}, Banned: longrun.Restriction{From: at(), Until: at()},
		Traffic: longrun.Traffic{
			Received: count(), Unreadable: count(), UnreadableFrom: count(), FirstUnreadable: at(), LastUnreadable: at(), Recovered: count(), Sent: count(),
			Unacked: count(), UnackedSince: at(), Undelivered: count(), UndeliveredTo: count(), UndeliveredSince: at(), ToNobody: count(), LastToNobody: at(),
			NoPhone: count(), LastNoPhone: at(), ReplayLost: count(), LastReplayLost: at(), StoreErrors: count(), StoreBroken: count(), LastStoreError: at(),
			HandlerLag: time.Duration(s.Of(4)) * 40 * time.Second,
		},
	}
}

// FuzzAccounts: whatever a host says of an account, a rule that looks at it for the
// first time sees what the oracle sees, and no incident has an impossible time.
func FuzzAccounts(f *testing.F) {
	for i := range seedtest.Histories(200) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &drawtest.Source{Data: data}
		for len(s.Data) > 0 {
			h := newHosting(0)
			now := h.in.Now.Add(time.Minute)
			a := drawAccount(s, now)
			h.n = 1
			h.wrong = append(h.wrong, func(_ time.Time, _ *longrun.Heartbeat, accounts []longrun.AccountStatus) { accounts[0] = a })
			h.look()
			for _, r := range rules.Rules() {
				bad, ok := oracle(r, &a, now)
				if !ok {
					continue
				}
				al := h.board.at(r, a.ID)
				require.Equal(t, bad, al != nil, "%s of %+v", r, a)
				if al != nil && al.State.Since != nil {
					require.False(t, al.State.Since.After(now), "%s of %+v", r, a)
				}
			}
		}
	})
}

// Whatever accounts say from slot to slot, by whatever names, there is work for no
// more than there are, and the board stays sound.
func TestNonsenseFromSlotToSlotIsBounded(t *testing.T) {
	t.Parallel()
	for seed := range 40 {
		s := &drawtest.Source{Data: drawtest.Noise(seed)}
		h := newHosting(6)
		h.wrong = append(h.wrong, func(now time.Time, b *longrun.Heartbeat, accounts []longrun.AccountStatus) {
			for i := range accounts {
				accounts[i] = drawAccount(s, now)
			}
			b.ConnectedCount, b.Healthy = int64(s.Of(9)), s.Of(2) == 0
		})
		for len(s.Data) > 0 {
			h.look()
		}
		for key, al := range h.board.alarms {
			require.True(t, key.target == "" || key.target == rules.Together || strings.HasPrefix(key.target, "account-00"), key)
			for i, one := range al.Incidents {
				require.True(t, one.End != nil || i == len(al.Incidents)-1, "%v: one is open at a time", key)
			}
		}
	}
}
