package rules_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// quiet lives through some days of so many accounts as they are when nothing is wrong:
// nights without a message, weekends, reconnects, deploys, an hour of maintenance.
func quiet(t *testing.T, days int, accounts int64, seed uint64, wrong ...func(time.Time, *longrun.Heartbeat, []longrun.AccountStatus)) *hosting {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	h := newHosting(int(accounts))
	h.in.Settings.ExpectedAccounts = accounts
	began := h.in.Now
	type drop struct{ from, to time.Time }
	drops := make([]drop, accounts)
	phone := make([]time.Time, accounts)
	for i := range phone {
		phone[i] = began.Add(-time.Duration(rng.IntN(96)) * time.Hour)
	}
	h.wrong = append([]func(time.Time, *longrun.Heartbeat, []longrun.AccountStatus){func(now time.Time, b *longrun.Heartbeat, all []longrun.AccountStatus) {
		hour := now.Sub(began).Hours()
		asleep := now.Hour() >= 23 || now.Hour() < 7
		weekend := now.Weekday() == time.Saturday || now.Weekday() == time.Sunday
		for i := range all {
			a := &all[i]
			if rng.IntN(1440) == 0 { // one reconnect a day, of seconds
				drops[i] = drop{now, now.Add(time.Duration(5+rng.IntN(80)) * time.Second)}
			}
			if d := drops[i]; now.Before(d.to) {
				a.State, a.Since, a.Away, a.Reason = "reconnecting", d.from, d.from, "disconnected"
				b.ConnectedCount--
				b.ReconnectingCount++
			} else if !d.to.IsZero() {
				a.Since = d.to
				if now.Sub(d.to) < time.Hour {
					a.Reconnects, a.FirstReconnect, a.LastReconnect = 1, d.to, d.to
				}
			}
			if !asleep && rng.IntN(600) == 0 {
				phone[i] = now
			}
			a.PhoneSeen = phone[i]
			tr := &a.Traffic
			*tr = longrun.Traffic{}
			if !asleep {
				tr.Received, tr.Sent = int64(rng.IntN(60)), int64(rng.IntN(60))
				if weekend {
					tr.Received /= 4
				}
				if rng.IntN(50) == 0 { // one sender's broken session
					tr.Received += 30
					tr.Unreadable, tr.UnreadableFrom, tr.FirstUnreadable, tr.LastUnreadable = 4, 1, now.Add(-20*time.Minute), now.Add(-12*time.Minute)
				}
				if rng.IntN(100) == 0 {
					tr.Unacked, tr.UnackedSince = 1, now.Add(-65*time.Second)
				}
				tr.Undelivered, tr.UndeliveredTo, tr.UndeliveredSince = int64(rng.IntN(7)), int64(rng.IntN(4)), now.Add(-time.Hour)
				if rng.IntN(500) == 0 {
					tr.StoreErrors, tr.LastStoreError = 1, now
				}
				tr.HandlerLag = time.Duration(rng.IntN(9)) * time.Second
			}
		}
		b.Healthy = b.ConnectedCount == accounts
		b.MemoryRSS = 150<<20 + int64(30*now.Hour()/24)<<20 + int64(rng.IntN(8))<<20
		if int(hour)%24 == 3 {
			b.MemoryRSS += 80 << 20 // a nightly job
		}
	}}, wrong...)
	for now := began; now.Before(began.AddDate(0, 0, days)); now = now.Add(time.Minute) {
		switch minute := int(now.Sub(began).Minutes()); minute % (24 * 60) {
		case 9 * 60, 16 * 60: // a deploy, and a hand-over
			h.in.LeadBegan = h.in.Now
			if minute%(24*60) == 9*60 {
				h.in.Started = h.in.Now
				h.in.Memory.Forget()
			}
		}
		h.look()
	}
	return h
}

func TestAQuietMonthOfTwoHundredAccountsIsQuiet(t *testing.T) {
	t.Parallel()
	h := quiet(t, seedtest.Histories(30), 200, 1) // of which an ordinary run has five days, the last a Saturday
	require.Empty(t, h.told())
	require.Empty(t, h.board.alarms, "nothing is on record, either")
}

// A month with a fault each day: each is told once and resolved once, with its true
// length.
func TestInABadMonthEachFaultIsToldOnceAndResolvedOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a month")
	}
	var wrong []func(time.Time, *longrun.Heartbeat, []longrun.AccountStatus)
	type fault struct {
		trouble
		from, to time.Time
		who      int
	}
	var faults []fault
	for day, tr := range troubles() {
		f := fault{trouble: tr, from: evening.AddDate(0, 0, 1+day).Add(13*time.Hour + 30*time.Second), who: day}
		f.to = f.from.Add(time.Duration(30+7*day) * time.Minute)
		faults = append(faults, f)
		wrong = append(wrong, between(f.from, f.to, func(now time.Time, a *longrun.AccountStatus) { f.is(now, f.from, a) }, f.who))
	}
	h := quiet(t, 30, int64(len(troubles())+1), 2, wrong...)
	var want []string
	for _, f := range faults {
		who := nameOf(f.who)
		want = append(want, "firing "+string(f.rule)+" "+who, "resolved "+string(f.rule)+" "+who)
		all := h.board.at(f.rule, who)
		require.NotNil(t, all, f.rule)
		require.Len(t, all.Incidents, 1, f.rule)
		late := 2 * time.Minute
		switch f.rule {
		case rules.Undelivered:
			late = time.Hour // it is over when nothing is undelivered at all
		case rules.PhoneUnseen, rules.PhoneLost:
			late = 48 * time.Hour // since the phone was last heard of
		}
		require.WithinDuration(t, f.to, *all.Incidents[0].End, late, "%s", f.rule)
	}
	slices.Sort(want)
	told := slices.DeleteFunc(h.told(), func(w string) bool { return strings.HasPrefix(w, "reminder ") }) // of those that take long
	require.Equal(t, want, told)
}
