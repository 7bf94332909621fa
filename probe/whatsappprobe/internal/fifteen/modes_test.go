package fifteen_test

import (
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// mode is one way to fail: a row of the table.
type mode struct {
	name  string
	fault string // what is done, in words
	fail  func(s *site)
	rule  longrun.RuleID
	class string        // of the probe, where one tells
	most  time.Duration // the time that it may take until it is told
	lasts time.Duration // how long the fault goes on. Default: 3 h
	mend  func(s *site) // what an operator does. Default: the fault ends
	over  time.Duration // the time that its end may take until it is told. Default: 70 min
	// passes says that it is over by itself, while the fault may go on.
	passes bool
	// also are other rules that are told, and why.
	also []longrun.RuleID
	why  string

	quiet       time.Duration // how long all is well before. Default: 70 min
	every       time.Duration // of the probes. Default: an hour
	unprobed    bool          // there are none: a bubble hangs on a send that waits for another
	alone       bool          // no other row may run beside it: they share a process
	idle        bool          // there are no customers
	unasked     bool          // the clients are not asked how they are: a bubble hangs on a client that waits for a line
	memoryLimit int64         // Default: none
	// storeTimeout is how long a client waits for its store. Default: 10 s, the server's.
	storeTimeout time.Duration
}

func modes() []mode {
	return []mode{
		{
			name: "1 zombie inbound", fault: "HoldMessages: the connection lives and hears nothing",
			fail: func(s *site) { s.HoldMessages(ours) },
			rule: rules.ProbeFails, class: "acked_not_delivered", most: time.Hour,
		},
		{
			name: "2 sent, not confirmed", fault: "LoseAcks and LoseReceipts: the server takes messages and does not say so",
			fail: func(s *site) { s.LoseAcks(ours); s.LoseReceipts(ours) },
			rule: rules.NoAck, most: 20 * time.Minute, unprobed: true,
		},
		{
			name: "2 sent, not delivered", fault: "LoseMessages: the server confirms, nobody gets it",
			fail: func(s *site) { s.LoseMessages(append([]string{theirs}, customers...)...) },
			rule: rules.Undelivered, most: 50 * time.Minute, also: []longrun.RuleID{rules.ProbeFails},
			why: "Six messages that reached nobody ask for a probe, which confirms it within a minute; eight tell that it is people, too, who get nothing.",
		},
		{
			name: "3 restricted", fault: "Restrict for 6 h: 463 for strangers",
			fail: func(s *site) {
				s.Restrict(time.Now().Add(6*time.Hour).Truncate(time.Second), "RESTRICT_ALL_COMPANIONS", ours)
			},
			rule: rules.Restricted, most: time.Minute, lasts: 6 * time.Hour, over: 20 * time.Minute, mend: func(*site) {},
		},
		{
			name: "4 logged out", fault: "LogOut: the device is removed on the phone",
			fail: func(s *site) { s.LogOut(ours) },
			rule: rules.LoggedOut, most: time.Minute,
			mend: func(s *site) {
				s.stop()
				s.devices[0] = s.NewClient(s.t, ours).Store // paired anew
				s.start(true)
			},
		},
		{
			name: "5 the computer has it, the phone has not", fault: "WithholdPhoneKeys, and the session with the phone is lost",
			fail: func(s *site) {
				s.WithholdPhoneKeys(theirs)
				lid, err := s.devices[0].LIDs.GetLIDForPN(s.t.Context(), jid(theirs))
				require.NoError(s.t, err)
				require.NoError(s.t, s.devices[0].Sessions.DeleteAllSessions(s.t.Context(), lid.SignalAddressUser()))
			},
			rule: rules.ProbeFails, class: "partly_delivered", most: 2*time.Hour + 5*time.Minute,
		},
		{
			name: "5 the same of customers", fault: "WithholdPhoneKeys: no session with the phones of 4 customers",
			fail: func(s *site) {
				for i := range customers { // of whom nothing was known
					number := "49170000001" + string(rune('0'+i))
					cli := s.NewClient(s.t, number)
					require.NoError(s.t, cli.Connect())
					s.WithholdPhoneKeys(number)
					s.people.join(cli)
				}
			},
			rule: rules.PhoneWithoutCopy, most: 20 * time.Minute,
		},
		{
			name: "6 cannot be read", fault: "RuinMessages: 8 messages, however often they are asked for again",
			fail: func(s *site) { s.RuinMessages(8, ours) },
			rule: rules.Undecryptable, most: 45 * time.Minute, passes: true,
		},
		{
			name: "7 lost while away", fault: "LoseOffline: away for a few seconds, 3 of 7 messages do not come",
			fail: func(s *site) {
				s.Refuse(ours)
				s.Drop(ours)
				s.write(7)
				s.Heal(ours)
				s.LoseOffline(3, ours)
			},
			rule: rules.ReplayLost, most: 5 * time.Minute, passes: true, unasked: true,
		},
		{
			name: "8 the host loses it", fault: "the host's handler drops what the client gave it",
			fail: func(s *site) { s.losesOrders.Store(true) },
			rule: rules.ProbeFails, class: "host_missed", most: 2*time.Hour + 5*time.Minute,
			mend: func(s *site) { s.losesOrders.Store(false) },
		},
		{
			name: "9 two owners", fault: "a second process connects on a copy of the device",
			fail: func(s *site) {
				cli := whatsmeow.NewClient(s.devices[0], nil)
				cli.ManualHistorySyncDownload = true
				s.Redirect(cli)
				require.NoError(s.t, cli.Connect())
				s.t.Cleanup(func() { s.Disconnect(cli) })
			},
			rule: rules.SessionReplaced, most: time.Minute, unasked: true,
			mend: func(s *site) { require.NoError(s.t, s.owner.Reclaim("support")) },
		},
		{
			name: "10 outdated", fault: "FailLogins(405) of everybody, and one connection ends",
			fail: func(s *site) {
				s.FailLogins(events.ConnectFailureClientOutdated, ours, theirs)
				s.Drop(ours)
			},
			rule: rules.ClientOutdated, most: time.Minute, unasked: true,
			mend: func(s *site) { // a new build is deployed
				s.stop()
				s.Heal()
				s.start(false)
			},
		},
		{
			name: "11 the phone is silent", fault: "PhoneOff for 10 days and a few hours",
			fail: func(s *site) { s.PhoneOff(ours) },
			rule: rules.PhoneUnseen, most: 10 * 24 * time.Hour, lasts: 10*24*time.Hour + 4*time.Hour,
			every: 6 * time.Hour, idle: true, unasked: true,
		},
		{
			name: "12 banned", fault: "Ban for 4 h: too many people got the same",
			fail: func(s *site) { s.Ban(events.TempBanSentTooManySameMessage, 4*time.Hour, ours) },
			rule: rules.Banned, most: time.Minute, unasked: true, lasts: 4 * time.Hour, over: 20 * time.Minute, mend: func(*site) {},
		},
		{
			name: "13 device store", fault: "LockStore: another process has a transaction open",
			fail: func(s *site) { require.NoError(s.t, s.LockStore(ours)) },
			rule: rules.DeviceStore, most: 20 * time.Minute, storeTimeout: 50 * time.Millisecond,
		},
		{
			name: "14 memory", fault: "the process keeps 12 MB more each hour, of 512",
			fail: func(s *site) { s.leak(12 << 20) },
			rule: rules.MemoryGrowth, most: 24 * time.Hour, lasts: 24 * time.Hour, quiet: 25 * time.Hour,
			every: 6 * time.Hour, idle: true, unasked: true, alone: true, memoryLimit: 512 << 20,
			mend: func(s *site) { // a restart, which frees it
				s.stop()
				s.mendLeak()
				s.start(false)
			},
		},
		{
			name: "15 not connected", fault: "Refuse, and the connection ends",
			fail: func(s *site) { s.Refuse(ours); s.Drop(ours) },
			rule: rules.NotConnected, most: 3 * time.Minute, unasked: true,
		},
	}
}
