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

// probing is the newest results of the probes of account 4, one of each type every
// half hour: failing with a class from one time until another.
func (h *hosting) probing(from, to time.Time, kind longrun.ProbeType, class string) {
	h.wrong = append(h.wrong, func(now time.Time, _ *longrun.Heartbeat, _ []longrun.AccountStatus) {
		p := rules.Probed{Type: kind, Name: "ops", Account: nameOf(4), Schedule: longrun.ProbeSchedule{Every: 30 * time.Minute}}
		for at := now.Add(-3 * time.Hour).Truncate(30 * time.Minute); !at.After(now); at = at.Add(30 * time.Minute) {
			r := longrun.Probe{Type: kind, Name: "ops", TS: at, Result: longrun.Pass, ProbeKey: fmt.Sprint(at.Unix())}
			if !at.Before(from) && at.Before(to) {
				r.Result, r.ErrorClass = longrun.Fail, class
			}
			p.Recent = append(p.Recent, r)
		}
		h.in.Probes = []rules.Probed{p}
	})
}

// classOf is how a probe of an account fails that is in a kind of trouble.
var classOf = map[longrun.RuleID]struct {
	kind  longrun.ProbeType
	class string
}{
	rules.NotConnected: {longrun.Inbound, "not_connected"}, rules.LoggedOut: {longrun.Outbound, "logged_out"}, rules.Banned: {longrun.Outbound, "stopped"},
	rules.SessionReplaced: {longrun.Inbound, "stopped"}, rules.Restricted: {longrun.Outbound, "ack_refused_463"},
	rules.Undecryptable: {longrun.Inbound, "undecryptable"}, rules.NoAck: {longrun.Outbound, "no_ack"},
	rules.Undelivered: {longrun.Outbound, "acked_not_delivered"}, rules.SentToNobody: {longrun.Outbound, "acked_not_delivered"},
	rules.ReplayLost: {longrun.Inbound, "replay_lost"}, rules.DeviceStore: {longrun.Outbound, "acked_not_delivered"},
}

// That the probes of an account fail is no news while a rule says what the matter is
// with it, and not when it is over until they fail again.
func TestAProbeThatFailsForAKnownReasonIsNoSecondMessage(t *testing.T) {
	t.Parallel()
	for n, tr := range troubles() {
		how, does := classOf[tr.rule]
		if !does {
			how.kind, how.class = longrun.Inbound, "host_missed"
		}
		t.Run(fmt.Sprintf("%s %d", tr.rule, n), func(t *testing.T) {
			t.Parallel()
			h := newHosting(9)
			h.run(10)
			from := h.in.Now.Add(30 * time.Second)
			to := from.Add(100 * time.Minute)
			h.wrong = append(h.wrong, between(from, to, func(now time.Time, a *longrun.AccountStatus) { tr.is(now, from, a) }, 4))
			h.probing(from, to, how.kind, how.class)
			h.run(200)
			target := string(how.kind) + " ops"
			require.Len(t, h.board.at(rules.ProbeFails, target).Incidents, 1, "on record")
			require.Equal(t, !does, slices.Contains(h.told(), "firing probe_fails "+target), "%v", h.told())
			require.Contains(t, h.told(), "resolved "+string(tr.rule)+" "+nameOf(4))

			// What fails anew, when nothing else is the matter, is told.
			again := h.in.Now.Truncate(30 * time.Minute).Add(time.Hour)
			h.probing(again, again.Add(90*time.Minute), how.kind, how.class)
			h.run(180)
			require.Contains(t, h.told(), "firing probe_fails "+target)
			require.Contains(t, h.told(), "resolved probe_fails "+target)
		})
	}
}

// Another reason than the one that is told is news, and so is a probe that names no
// account.
func TestAProbeThatFailsForAnotherReasonIsTold(t *testing.T) {
	t.Parallel()
	for _, class := range []string{"host_missed", "acked_not_delivered"} {
		h := newHosting(9)
		from := h.in.Now.Add(10 * time.Minute)
		h.wrong = append(h.wrong, between(from, from.Add(24*time.Hour), func(_ time.Time, a *longrun.AccountStatus) {
			a.Traffic.Undelivered, a.Traffic.UndeliveredTo, a.Traffic.UndeliveredSince = 8, 4, from
		}, 4))
		h.probing(from, from.Add(24*time.Hour), longrun.Inbound, class)
		h.run(90)
		require.Contains(t, h.told(), "firing probe_fails inbound ops", "what comes in is another matter")
	}
	h := newHosting(9)
	from := h.in.Now.Add(10 * time.Minute)
	h.wrong = append(h.wrong, between(from, from.Add(24*time.Hour), func(_ time.Time, a *longrun.AccountStatus) { a.LoggedOut = true }, 4))
	h.probing(from, from.Add(24*time.Hour), longrun.Outbound, "logged_out")
	h.wrong = append(h.wrong, func(time.Time, *longrun.Heartbeat, []longrun.AccountStatus) { h.in.Probes[0].Account = "" })
	h.run(90)
	require.Contains(t, h.told(), "firing probe_fails outbound ops")
}

// as is how an account is from one time until another.
func as(from, to time.Time, a longrun.AccountStatus) func(time.Time, *longrun.Heartbeat, []longrun.AccountStatus) {
	return between(from, to, func(_ time.Time, all *longrun.AccountStatus) {
		a.ID, a.PhoneSeen = all.ID, all.PhoneSeen
		*all = a
	}, 4)
}

// Whoever owns a client connects it some minutes after a ban: that is one message, and
// its end. Where nobody does, the account is out, and that is told.
func TestABanEndsWhenTheAccountIsIn(t *testing.T) {
	t.Parallel()
	for minutes, told := range map[int][]string{
		0:  {"firing banned account-004", "resolved banned account-004"},
		10: {"firing banned account-004", "resolved banned account-004"},
		30: {"firing banned account-004", "firing logged_out account-004", "resolved banned account-004", "resolved logged_out account-004"},
	} {
		h := newHosting(9)
		from := h.in.Now.Add(90 * time.Second)
		until := from.Add(2 * time.Hour)
		back := until.Add(time.Duration(minutes) * time.Minute)
		h.wrong = append(h.wrong,
			as(from, back, longrun.AccountStatus{
				State: "stopped", LoggedOut: true, Since: from, Away: from, Reason: "temporary_ban_104",
				Banned: longrun.Restriction{From: from, Until: until, Reason: "104"},
			}),
			as(back, back.AddDate(1, 0, 0), longrun.AccountStatus{State: "connected", Since: back}))
		h.run(240)
		require.Equal(t, told, h.news(), minutes)
		if minutes == 30 {
			require.Contains(t, h.board.at(rules.LoggedOut, nameOf(4)).Incidents[0].Summary, "(temporary_ban_104), and stays so until somebody")
		}
	}
}

// A process that is started anew knows of nothing, and its account is on its way in for
// a moment: what was told of it is over when it is in.
func TestWhatIsTornDownByARestartIsOverWhenTheAccountIsIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule longrun.RuleID
		is   func(from time.Time) longrun.AccountStatus
		told string
	}{
		"logged out": {rules.LoggedOut, func(from time.Time) longrun.AccountStatus {
			return longrun.AccountStatus{State: "needs_qr", LoggedOut: true, Since: from, Away: from, Reason: "logged_out_401"}
		}, "logged_out account-004"},
		"banned": {rules.Banned, func(from time.Time) longrun.AccountStatus {
			return longrun.AccountStatus{State: "stopped", LoggedOut: true, Since: from, Away: from, Banned: longrun.Restriction{From: from}}
		}, "banned account-004"},
		"taken": {rules.SessionReplaced, func(from time.Time) longrun.AccountStatus {
			return longrun.AccountStatus{State: "stopped", LoggedOut: true, Since: from, Away: from, Replaced: 1, LastReplaced: from}
		}, "session_replaced account-004"},
		"outdated": {rules.ClientOutdated, func(from time.Time) longrun.AccountStatus {
			return longrun.AccountStatus{State: "outdated", LoggedOut: true, Since: from, Away: from}
		}, "client_outdated"},
	} {
		for _, comes := range []bool{true, false} {
			h := newHosting(9)
			from := h.in.Now.Add(90 * time.Second)
			restart := from.Add(2 * time.Hour)
			back := restart.Add(150 * time.Second)
			if !comes {
				back = restart.Add(30 * time.Minute)
			}
			h.wrong = append(h.wrong, as(from, restart, c.is(from)),
				as(restart, back, longrun.AccountStatus{State: "reconnecting", Since: restart, Away: restart, Reason: "not_connected_yet"}),
				as(back, back.AddDate(1, 0, 0), longrun.AccountStatus{State: "connected", Since: back}))
			h.run(121)
			require.Equal(t, []string{"firing " + c.told}, h.news(), name)
			h.in.Started, h.in.LeadBegan = restart, restart
			h.run(2)
			require.Equal(t, []string{"firing " + c.told}, h.news(), "%s: nobody knows yet", name)
			h.run(60)
			want := []string{"firing " + c.told, "resolved " + c.told}
			if !comes {
				want = []string{"firing " + c.told, "firing not_connected account-004", "resolved " + c.told, "resolved not_connected account-004"}
				if c.told > "not" {
					want = []string{want[1], want[0], want[3], want[2]}
				}
			}
			require.Equal(t, want, h.news(), "%s %v", name, comes)
		}
	}
}

// One that another process has stays taken for as long as it is out, and not only for
// ten minutes.
func TestASessionThatIsNotTakenBackIsToldUntilItIs(t *testing.T) {
	t.Parallel()
	h := newHosting(9)
	from := h.in.Now.Add(90 * time.Second)
	back := from.Add(5 * time.Hour)
	h.wrong = append(h.wrong, between(from, back, func(now time.Time, a *longrun.AccountStatus) {
		a.State, a.LoggedOut, a.Since, a.Away, a.Reason, a.LastReplaced = "stopped", true, from, from, "stream_replaced", from
		if now.Sub(from) < time.Hour {
			a.Replaced = 1
		}
	}, 4), between(back, back.AddDate(1, 0, 0), func(_ time.Time, a *longrun.AccountStatus) { a.LastReplaced, a.Since = from, back }, 4))
	h.run(4*60 + 30)
	require.Equal(t, []string{"firing session_replaced account-004"}, h.news())
	h.run(60)
	al := h.board.at(rules.SessionReplaced, nameOf(4))
	require.Len(t, al.Incidents, 1)
	require.Contains(t, al.Incidents[0].Summary, "and the account is out here until that process is ended")
	require.WithinDuration(t, back, *al.Incidents[0].End, time.Minute)
	require.Contains(t, h.told(), "resolved session_replaced account-004")
	require.NotContains(t, h.told(), "firing logged_out account-004")
}

// news is what was told but for reminders.
func (h *hosting) news() []string {
	return slices.DeleteFunc(h.told(), func(s string) bool { return strings.HasPrefix(s, "reminder ") })
}

// A probe that was not made since its account might not write is not overdue when it
// may again, until there was time for one.
func TestAProbeThatWasOffIsNotOverdueAtOnce(t *testing.T) {
	t.Parallel()
	h := newHosting(9)
	off := h.in.Now.Add(10 * time.Minute)
	back := off.Add(6 * time.Hour)
	h.wrong = append(h.wrong, func(now time.Time, _ *longrun.Heartbeat, _ []longrun.AccountStatus) {
		p := rules.Probed{Type: longrun.Outbound, Account: nameOf(4), Schedule: longrun.ProbeSchedule{Every: time.Hour}, Settle: time.Minute}
		p.Recent = []longrun.Probe{{Type: longrun.Outbound, TS: off.Add(-time.Minute), Result: longrun.Pass}}
		if p.Off = !now.Before(off) && now.Before(back); p.Off {
			p.Back = now
		} else if !now.Before(back) {
			p.Back = back.Add(-time.Minute)
		}
		h.in.Probes = []rules.Probed{p}
	})
	h.run(10 + 6*60 + 4)
	require.Empty(t, h.told())
	h.run(3)
	require.Equal(t, []string{"firing probe_overdue outbound"}, h.told(), "somebody should have made it by now")
}

// An account without a name is not the host: it says nothing of another's probe.
func TestAnAccountWithoutANameIsNotTheHost(t *testing.T) {
	t.Parallel()
	h := newHosting(3)
	from := h.in.Now.Add(time.Minute)
	var given []longrun.AccountStatus
	h.wrong = append(h.wrong, func(now time.Time, _ *longrun.Heartbeat, accounts []longrun.AccountStatus) {
		given = accounts
		accounts[0].ID = ""
		accounts[0].State, accounts[0].LoggedOut, accounts[0].Since = "needs_qr", true, from
	})
	h.in.Probes = []rules.Probed{{Type: longrun.Outbound, Name: "x", Account: nameOf(1), Schedule: longrun.ProbeSchedule{Every: time.Hour}, Recent: []longrun.Probe{
		{TS: from, Type: longrun.Outbound, Name: "x", Result: longrun.Fail, ErrorClass: "no_receipt"}, {TS: from.Add(time.Minute), Type: longrun.Outbound, Name: "x", Result: longrun.Fail, ErrorClass: "no_receipt"},
	}}}
	h.run(5)
	require.Equal(t, []string{"firing logged_out unnamed", "firing probe_fails outbound x"}, h.told())
	require.Contains(t, h.board.at(rules.LoggedOut, "unnamed").Incidents[0].Summary, "account unnamed is out")
	require.Empty(t, given[0].ID, "the caller's accounts are as they were")
}
