package alarming_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// last is the last message of a rule and target.
func (b *bench) last(r longrun.RuleID, target string) (last alert.Message) {
	for _, m := range b.rec.Messages() {
		for _, p := range append(m.Parts, m) {
			if p.Rule == string(r) && p.Target == target {
				last = p
			}
		}
	}
	return last
}

// out has some of n accounts be out since a time.
func out(n int, since time.Time, who ...int) func(int) longrun.HostStatus {
	return func(int) longrun.HostStatus {
		s := accounts(n, nil)
		for _, i := range who {
			s.Accounts[i].State, s.Accounts[i].LoggedOut, s.Accounts[i].Since = "needs_qr", true, since
		}
		return s
	}
}

// The end of an incident never says that what it was about is well, or gone, where
// people only changed what is looked for.
func TestAnEndByTheSettingsIsNoRecovery(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rule   longrun.RuleID
		target string
		status func(int) longrun.HostStatus
		edit   func(*longrun.Settings)
		says   string
	}{
		"switched off": {
			rules.LoggedOut, name(0), func(int) longrun.HostStatus { return accounts(1, all) },
			func(s *longrun.Settings) { s.RulesOff = []longrun.RuleID{rules.LoggedOut} }, "the rule was switched off",
		},
		"queue": {
			rules.QueueDepth, "", deep(),
			func(s *longrun.Settings) { s.AlertThresholds.QueueDepthThreshold = 10_000 }, "settings",
		},
		"phone": {
			rules.PhoneUnseen, name(0), func(int) longrun.HostStatus {
				s := accounts(1, nil)
				s.Accounts[0].PhoneSeen = time.Now().AddDate(0, 0, -11)
				return s
			},
			func(s *longrun.Settings) { s.AlertThresholds.PhoneUnseenDays = 100 }, "settings",
		},
		"client": {
			rules.ClientOld, "", func(int) longrun.HostStatus {
				s := accounts(1, nil)
				s.ClientBuilt = time.Now().AddDate(0, 0, -100)
				return s
			},
			func(s *longrun.Settings) { s.AlertThresholds.ClientOldDays = 170 }, "settings",
		},
		"expected": {
			rules.TooFewAccounts, "", calm,
			func(s *longrun.Settings) { s.ExpectedAccounts = 1 }, "settings",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.settings.ExpectedAccounts = 5
				b.begin()
				b.slots(15, tc.status)
				require.Equal(t, alert.Firing, b.last(tc.rule, tc.target).Kind)
				tc.edit(&b.settings)
				b.slots(15, tc.status)
				m := b.last(tc.rule, tc.target)
				require.Equal(t, alert.Resolved, m.Kind)
				row, _ := rules.Of(tc.rule)
				t.Log(m.Text())
				if tc.says != "" {
					require.NotEqual(t, row.Works, m.Summary)
				}
				require.NotContains(t, m.Summary, "no longer there")
				require.Contains(t, m.Summary, tc.says)
				b.end()
			})
		})
	}
}

// The end of an incident of many says who is still in trouble.
func TestTheEndOfManySaysWhoIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, out(20, time.Time{}))
		since := time.Now()
		b.slots(30, out(20, since, 1, 2, 3, 4, 5, 6))
		require.Equal(t, alert.Firing, b.last(rules.LoggedOut, rules.Together).Kind)
		b.slots(30, out(20, since, 2, 5))
		m := b.last(rules.LoggedOut, rules.Together)
		require.Equal(t, alert.Resolved, m.Kind)
		t.Log(m.Text())
		require.Contains(t, m.Summary, name(2))
		require.Contains(t, m.Summary, name(5))
		b.slots(30, out(20, since))
		b.end()
		require.Equal(t, alert.Resolved, b.last(rules.LoggedOut, name(2)).Kind)
	})
}

// A host that adds its accounts one by one after a start has given up none of them.
func TestAHostThatHasJustBegunMayNotHaveNamedAllItsAccounts(t *testing.T) {
	t.Parallel()
	for _, crowd := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			b.begin()
			b.slots(10, calm)
			since := time.Now()
			who := []int{7}
			if crowd {
				who = []int{4, 5, 6, 7, 8}
			}
			b.slots(10, out(10, since, who...))
			before := len(b.said())
			b.end()
			b.restart()
			b.begin()
			b.slots(4, func(n int) longrun.HostStatus {
				s := out(10, since, who...)(n)
				s.Accounts = s.Accounts[:2*n]
				return s
			})
			b.slots(30, out(10, since, who...))
			require.Len(t, b.said(), before, strings.Join(b.said(), "\n"))
			b.slots(30, func(int) longrun.HostStatus { return accounts(3, nil) })
			b.end()
			require.Contains(t, b.last(rules.LoggedOut, map[bool]string{false: name(7), true: rules.Together}[crowd]).Kind, alert.Resolved)
		})
	}
}

// Who silenced each of some accounts is not told of them together.
func TestASilenceOfEachIsOneOfThemTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, calm)
		for i := range 4 {
			_, err := b.board.Silence(t.Context(), longrun.Silence{Target: name(i), Until: time.Now().Add(time.Hour), By: "ops"})
			require.NoError(t, err)
		}
		since := time.Now()
		b.slots(30, out(20, since, 0, 1, 2, 3))
		require.Empty(t, b.said())
		b.slots(60, out(20, since, 0, 1, 2, 3))
		require.NotEmpty(t, b.said(), "when the silences are over")
		b.end()
	})
}
