package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// hosting is a host with accounts that are all well, seen by a leader from slot to
// slot.
type hosting struct {
	in    *rules.Inputs
	board *board
	// wrong changes what the host says at a moment.
	wrong []func(now time.Time, h *longrun.Heartbeat, accounts []longrun.AccountStatus)
	n     int
}

func newHosting(accounts int) *hosting {
	h := &hosting{n: accounts, board: newBoard(rules.All()), in: &rules.Inputs{
		Now: evening, Settings: longrun.DefaultSettings(time.Minute), Recent: rules.NewRecent(time.Minute), ProbesKnown: true,
		LeadBegan: evening.Add(-time.Hour), Started: evening.Add(-time.Hour), Memory: rules.NewMemory(time.Minute), MemoryLimit: 512 << 20,
		ClientBuilt: evening.AddDate(0, 0, -30),
	}}
	h.in.Recent.Restore(evening.AddDate(-1, 0, 0), evening.AddDate(0, 0, -2), evening)
	for s := longrun.SlotAt(evening.Add(-rules.RecentSpan), time.Minute); s <= longrun.SlotAt(evening, time.Minute); s++ {
		h.in.Recent.Fill(s)
	}
	return h
}

// run lives through some minutes, each looked at.
func (h *hosting) run(minutes int) {
	for range minutes {
		h.look()
	}
}

func (h *hosting) look() {
	in := h.in
	in.Now = in.Now.Add(time.Minute)
	in.Recent.Advance(in.Now)
	in.Recent.Fill(longrun.SlotAt(in.Now, time.Minute))
	in.Beat = longrun.Beat(in.Now, time.Minute)
	in.Beat.Healthy, in.Beat.ConnectedCount, in.Beat.MemoryRSS = true, int64(h.n), 100<<20
	in.Accounts = in.Accounts[:0]
	for i := range h.n {
		in.Accounts = append(in.Accounts, longrun.AccountStatus{
			ID: nameOf(i), State: "connected", Since: evening.Add(-time.Hour), PhoneSeen: in.Now, Traffic: longrun.Traffic{Received: 50, Sent: 50},
		})
	}
	for _, wrong := range h.wrong {
		wrong(in.Now, &in.Beat, in.Accounts)
	}
	in.Memory.Note(in.Beat.TS, in.Beat.MemoryRSS)
	h.board.look(rules.All(), in)
}

// names are made once: a month has millions of looks at them.
var names = func() (all [10_000]string) {
	for i := range all {
		all[i] = fmt.Sprintf("account-%03d", i)
	}
	return all
}()

func nameOf(i int) string { return names[i] }

// told are the words that were told, of all rules and targets.
func (h *hosting) told() (all []string) {
	for key, al := range h.board.alarms {
		for _, w := range al.Told {
			if w.Kind != longrun.NoNotice {
				all = append(all, strings.TrimRight(fmt.Sprintf("%s %s %s", w.Kind, key.rule, key.target), " "))
			}
		}
	}
	slices.Sort(all)
	return all
}

// between has something be so from one time until another.
func between(from, to time.Time, is func(now time.Time, a *longrun.AccountStatus), who ...int) func(time.Time, *longrun.Heartbeat, []longrun.AccountStatus) {
	return func(now time.Time, _ *longrun.Heartbeat, accounts []longrun.AccountStatus) {
		if now.Before(from) || !now.Before(to) {
			return
		}
		for _, i := range who {
			is(now, &accounts[i])
		}
	}
}

// trouble is how an account is in one kind of trouble since some time, and what is
// to be told of it.
type trouble struct {
	rule longrun.RuleID
	// is how the account is; from is when it began.
	is func(now, from time.Time, a *longrun.AccountStatus)
	// after is how long it lasts until it is told, at most a slot more; and over how long
	// after its end.
	after, over time.Duration
}

func troubles() []trouble {
	since := func(state, reason string) func(now, from time.Time, a *longrun.AccountStatus) {
		return func(_, from time.Time, a *longrun.AccountStatus) {
			a.State, a.Since, a.Reason, a.Away = state, from, reason, from
		}
	}
	return []trouble{
		{rule: rules.NotConnected, is: since("reconnecting", "disconnected"), after: 2 * time.Minute},
		{rule: rules.NotConnected, is: since("degraded", "keepalive_timeout"), after: 2 * time.Minute},
		{rule: rules.LoggedOut, is: func(now, from time.Time, a *longrun.AccountStatus) {
			since("needs_qr", "logged_out_401")(now, from, a)
			a.LoggedOut = true
		}},
		{rule: rules.Banned, is: func(now, from time.Time, a *longrun.AccountStatus) {
			since("stopped", "temporary_ban_104")(now, from, a)
			a.LoggedOut, a.Banned = true, longrun.Restriction{From: from, Until: from.Add(24 * time.Hour), Reason: "104"}
		}},
		{rule: rules.Restricted, is: func(_, from time.Time, a *longrun.AccountStatus) {
			a.Restricted = longrun.Restriction{From: from, Reason: "RESTRICT_ALL_COMPANIONS"}
		}},
		{rule: rules.Undecryptable, over: 30 * time.Minute, is: func(now, from time.Time, a *longrun.AccountStatus) {
			a.Traffic = longrun.Traffic{Received: 20, Unreadable: 6, UnreadableFrom: 1, FirstUnreadable: from, LastUnreadable: now}
		}},
		{rule: rules.NoAck, is: func(_, from time.Time, a *longrun.AccountStatus) { a.Traffic.Unacked, a.Traffic.UnackedSince = 2, from }},
		{rule: rules.Undelivered, is: func(_, from time.Time, a *longrun.AccountStatus) {
			a.Traffic.Undelivered, a.Traffic.UndeliveredTo, a.Traffic.UndeliveredSince = 8, 4, from
		}},
		{rule: rules.SentToNobody, over: 10 * time.Minute, is: func(now, _ time.Time, a *longrun.AccountStatus) {
			a.Traffic.ToNobody, a.Traffic.LastToNobody = 3, now
		}},
		{rule: rules.PhoneWithoutCopy, over: 30 * time.Minute, is: func(now, _ time.Time, a *longrun.AccountStatus) {
			a.Traffic.NoPhone, a.Traffic.LastNoPhone = 3, now
		}},
		{rule: rules.ReplayLost, over: 10 * time.Minute, is: func(now, _ time.Time, a *longrun.AccountStatus) {
			a.Traffic.ReplayLost, a.Traffic.LastReplayLost = 1, now
		}},
		{rule: rules.DeviceStore, over: 10 * time.Minute, is: func(now, _ time.Time, a *longrun.AccountStatus) {
			a.Traffic.StoreErrors, a.Traffic.LastStoreError = 3, now
		}},
		{rule: rules.DeviceStore, over: 10 * time.Minute, is: func(now, _ time.Time, a *longrun.AccountStatus) {
			a.Traffic.StoreBroken, a.Traffic.LastStoreError = 1, now
		}},
		{rule: rules.HandlerLag, is: func(_, _ time.Time, a *longrun.AccountStatus) { a.Traffic.HandlerLag = time.Minute }},
		{rule: rules.SessionReplaced, over: 10 * time.Minute, is: func(now, _ time.Time, a *longrun.AccountStatus) {
			a.Replaced, a.LastReplaced = 2, now
		}},
		{rule: rules.PhoneUnseen, is: func(now, _ time.Time, a *longrun.AccountStatus) { a.PhoneSeen = now.Add(-11 * 24 * time.Hour) }},
		{rule: rules.PhoneLost, is: func(now, _ time.Time, a *longrun.AccountStatus) { a.PhoneSeen = now.Add(-13 * 24 * time.Hour) }},
	}
}

// Each trouble of an account is one incident that is told once and resolved once,
// with its true times, each time that it comes; nothing else is told.
func TestEachTroubleOfAnAccountIsToldOnceAndResolvedOnce(t *testing.T) {
	t.Parallel()
	for n, tr := range troubles() {
		t.Run(fmt.Sprintf("%s %d", tr.rule, n), func(t *testing.T) {
			t.Parallel()
			h := newHosting(9)
			h.run(10)
			for round := 1; round <= 2; round++ {
				from := h.in.Now.Add(90 * time.Second)
				to := from.Add(40 * time.Minute)
				h.wrong = append(h.wrong, between(from, to, func(now time.Time, a *longrun.AccountStatus) { tr.is(now, from, a) }, 4))
				h.run(1 + int((tr.after+30*time.Second)/time.Minute)) // not yet …
				require.Len(t, incidentsOf(h, tr.rule), round-1)
				h.run(2) // … and now
				all := incidentsOf(h, tr.rule)
				require.Len(t, all, round)
				require.Equal(t, []string{nameOf(4)}, all[round-1].Accounts)
				require.NotEmpty(t, all[round-1].Summary)
				h.run(38)
				h.run(int(tr.over/time.Minute) + 3)
				end := incidentsOf(h, tr.rule)[round-1].End
				require.NotNil(t, end)
				require.WithinDuration(t, to, *end, time.Minute, "when it was over, not when that was known")
				state := h.board.State(tr.rule, nameOf(4))
				require.Equal(t, rules.Inactive, state.Phase)
				h.run(120)
			}
			want := []string{}
			for range 2 {
				want = append(want, "firing "+string(tr.rule)+" "+nameOf(4), "resolved "+string(tr.rule)+" "+nameOf(4))
			}
			slices.Sort(want)
			require.Equal(t, want, h.told())
		})
	}
}

func incidentsOf(h *hosting, r longrun.RuleID) (all []incident) {
	for i := range h.n {
		if al := h.board.at(r, nameOf(i)); al != nil {
			all = append(all, al.Incidents...)
		}
	}
	return all
}

// A rule that is off finds nothing, and what it found before ends.
func TestARuleThatIsOffIsSilent(t *testing.T) {
	t.Parallel()
	for n, tr := range troubles() {
		h := newHosting(9)
		from := h.in.Now
		h.wrong = append(h.wrong, between(from, from.AddDate(0, 0, 1), func(now time.Time, a *longrun.AccountStatus) { tr.is(now, from, a) }, 4))
		h.run(10)
		require.Len(t, incidentsOf(h, tr.rule), 1, "%s %d", tr.rule, n)
		h.in.Settings.RulesOff = rules.Rules()
		h.run(60)
		require.NotNil(t, incidentsOf(h, tr.rule)[0].End, tr.rule)
		for key, al := range h.board.alarms {
			require.NotEqual(t, rules.Firing, al.State.Phase, key)
		}
	}
}

// Many accounts with one cause are one incident that lists them, and each is known
// by itself for the evidence.
func TestManyAccountsInOneTroubleAreOneMessage(t *testing.T) {
	t.Parallel()
	for n, tr := range troubles() {
		t.Run(fmt.Sprintf("%s %d", tr.rule, n), func(t *testing.T) {
			t.Parallel()
			h := newHosting(20)
			h.run(10)
			from := h.in.Now.Add(30 * time.Second)
			to := from.Add(3 * time.Hour)
			for k := range 8 { // all within twenty minutes, and back within ten
				began := from.Add(time.Duration(k*150) * time.Second)
				if k < 4 {
					began = from // four of them at once: enough for any share
				}
				h.wrong = append(h.wrong, between(began, to.Add(time.Duration(k)*time.Minute), func(now time.Time, a *longrun.AccountStatus) { tr.is(now, began, a) }, 2*k))
			}
			h.run(60)
			al := h.board.at(tr.rule, rules.Together)
			require.NotNil(t, al)
			require.Len(t, al.Incidents, 1)
			require.Len(t, al.Incidents[0].Accounts, 8)
			require.Len(t, incidentsOf(h, tr.rule), 8, "each on record")
			require.Equal(t, []string{"firing " + string(tr.rule) + " " + rules.Together}, h.told())
			h.run(5 * 60)
			require.NotNil(t, al.Incidents[0].End)
			require.Contains(t, h.told(), "resolved "+string(tr.rule)+" "+rules.Together)
			// The last few of them may be told by themselves when the many are over.
			require.LessOrEqual(t, len(h.told()), 2+2*2+3, "%v", h.told())
			for _, al := range h.board.alarms {
				require.Equal(t, rules.Inactive, al.State.Phase)
			}
		})
	}
}

// Of ten thousand accounts that are all out, one message says so.
func TestTenThousandAccountsAreOneMessage(t *testing.T) {
	t.Parallel()
	h := newHosting(10_000)
	from := h.in.Now
	all := make([]int, h.n)
	for i := range all {
		all[i] = i
	}
	h.wrong = append(h.wrong, between(from, from.AddDate(1, 0, 0), func(_ time.Time, a *longrun.AccountStatus) {
		a.State, a.Since, a.Away, a.Reason = "reconnecting", from, from, "disconnected"
	}, all...), func(_ time.Time, b *longrun.Heartbeat, _ []longrun.AccountStatus) {
		b.ConnectedCount, b.ReconnectingCount, b.Healthy = 0, 10_000, false
	})
	h.run(10)
	require.Equal(t, []string{"firing not_connected accounts"}, h.told())
	i := h.board.at(rules.NotConnected, rules.Together).Incidents[0]
	require.Len(t, i.Accounts, longrun.MaxEvidence)
	require.Contains(t, i.Summary, "10000 of 10000 accounts are not connected")
	require.Less(t, len(i.Summary), 1000)
}

// The host as a whole: what it says of itself, or does not, for how long.
func TestWhatTheHostSaysOfItselfIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule longrun.RuleID
		is   func(h *hosting, b *longrun.Heartbeat)
		for_ int // minutes
	}{
		"unhealthy": {rules.HostUnhealthy, func(_ *hosting, b *longrun.Heartbeat) { b.Healthy = false }, 5},
		"status unknown": {rules.StatusUnknown, func(_ *hosting, b *longrun.Heartbeat) {
			b.StatusError = "the status function: timeout"
			b.Healthy = false
		}, 5},
		"too few": {rules.TooFewAccounts, func(_ *hosting, b *longrun.Heartbeat) { b.ConnectedCount = 2 }, 5},
		"many away, no accounts named": {rules.NotConnected, func(h *hosting, b *longrun.Heartbeat) {
			h.n, b.ConnectedCount, b.ReconnectingCount, b.Healthy = 0, 7, 3, false
		}, 2},
		"queue": {rules.QueueDepth, func(_ *hosting, b *longrun.Heartbeat) { b.QueueDepth = 101 }, 0},
	} {
		h := newHosting(3)
		h.in.Settings.ExpectedAccounts = 3
		if name == "many away, no accounts named" {
			h.n, h.in.Settings.ExpectedAccounts = 0, 0
		}
		ill := false
		h.wrong = append(h.wrong, func(_ time.Time, b *longrun.Heartbeat, _ []longrun.AccountStatus) {
			if ill {
				c.is(h, b)
			}
		})
		h.run(10)
		ill = true
		h.run(max(c.for_, 0))
		require.Empty(t, h.told(), "%s: not yet", name)
		h.run(1)
		require.Equal(t, []string{"firing " + string(c.rule)}, h.told(), name)
		h.run(30)
		ill = false
		h.run(10)
		require.Equal(t, []string{"firing " + string(c.rule), "resolved " + string(c.rule)}, h.told(), name)

		// What is as bad for a shorter time is nobody's business; nor is it while the
		// host settles.
		if c.for_ > 0 {
			for range 20 {
				ill = true
				h.run(c.for_ - 1)
				ill = false
				h.run(2)
			}
			h.in.Started, h.in.LeadBegan = h.in.Now, h.in.Now
			ill = true
			h.run(4)
			require.Len(t, h.told(), 2, name)
		}
	}
}

// A beat that does not know how the host is, since the settings were not read yet, is no
// word for it and none against it.
func TestAHealthThatNobodyKnowsBeginsNothingAndEndsNothing(t *testing.T) {
	t.Parallel()
	h := newHosting(3)
	unknown, ill := true, false
	h.wrong = append(h.wrong, func(_ time.Time, b *longrun.Heartbeat, _ []longrun.AccountStatus) {
		b.Healthy, b.HealthUnknown = !ill && !unknown, unknown
	})
	h.run(30)
	require.Empty(t, h.told())
	unknown, ill = false, true
	h.run(10)
	require.Equal(t, []string{"firing host_unhealthy"}, h.told())
	unknown, ill = true, false
	h.run(30)
	require.Len(t, h.told(), 1)
	unknown = false
	h.run(10)
	require.Equal(t, []string{"firing host_unhealthy", "resolved host_unhealthy"}, h.told())
}

// The client library: refused, it is one incident of all accounts; old, it is told
// in time.
func TestAnOldClientIsOneIncident(t *testing.T) {
	t.Parallel()
	h := newHosting(10)
	from := h.in.Now.Add(5 * time.Minute)
	outdated := func(_ time.Time, a *longrun.AccountStatus) {
		a.State, a.LoggedOut, a.Since, a.Away = "outdated", true, from, from
	}
	h.wrong = append(h.wrong, between(from, from.Add(time.Hour), outdated, 3), between(from.Add(20*time.Minute), from.Add(time.Hour), outdated, 0, 1, 2, 4, 5, 6, 7, 8, 9))
	h.run(70)
	told := h.told()
	require.Contains(t, told, "firing client_outdated")
	require.Contains(t, told, "resolved client_outdated")
	require.Equal(t, 0, strings.Count(strings.Join(told, "\n"), "not_connected"), told)

	h = newHosting(1)
	h.in.ClientBuilt = h.in.Now.AddDate(0, 0, -90).Add(30 * time.Minute)
	h.run(28)
	require.Empty(t, h.told())
	h.run(5)
	require.Equal(t, []string{"firing client_old"}, h.told())
	h.in.ClientBuilt = h.in.Now.AddDate(0, 0, -181)
	h.run(5)
	require.Equal(t, []string{"firing client_old", "firing client_outdated"}, h.told())
	h.in.ClientBuilt = h.in.Now // a deploy
	h.run(2)
	require.Equal(t, []string{"firing client_old", "firing client_outdated", "resolved client_old", "resolved client_outdated"}, h.told())
}
