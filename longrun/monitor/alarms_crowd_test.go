package monitor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// eachByItself has accounts told one by one, however many are in the same trouble.
func eachByItself(t *testing.T, st store.Store) {
	t.Helper()
	setting(t, st, func(s *longrun.Settings) { s.AlertThresholds.FleetAccounts = 1 << 20 })
}

// As a host's people are told: one message says it, one that it is over.
func TestTwoHundredAccountsThatLogOutTogetherAreOneMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		accounts := func(out bool) {
			host.set(func(s *longrun.HostStatus) {
				s.Accounts = nil
				for i := range 200 {
					s.Accounts = append(s.Accounts, longrun.AccountStatus{ID: fmt.Sprintf("account-%03d", i), LoggedOut: out, Since: time.Now()})
				}
			})
		}
		accounts(false)
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		accounts(true)
		time.Sleep(30 * time.Minute)
		accounts(false)
		time.Sleep(5 * time.Minute)
		n.end()
		require.Equal(t, []string{"firing logged_out accounts", "resolved logged_out accounts"}, titles(rec.Messages()))
		require.Contains(t, rec.Messages()[0].Text(), "200 of 200 accounts are out until somebody acts")
		require.Len(t, incidentsOf(t, st), 201, "each of them is on record")
	})
}

func TestTwoHundredAccountsThatLogOutTogetherAreFewMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st, rec, host := storetest.Wrap(memstore.New(nil)), newTelling(), calm()
		var mu sync.Mutex
		largest, silences := 0, 0
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			mu.Lock()
			defer mu.Unlock()
			largest = max(largest, len(c.Ops))
			if strings.HasSuffix(c.Key.Collection, "/"+string(ledger.Silences)) {
				silences++
			}
			return nil
		}})
		accounts := func(out bool) []longrun.AccountStatus {
			all := make([]longrun.AccountStatus, 200)
			for i := range all {
				all[i] = longrun.AccountStatus{ID: fmt.Sprintf("account-%03d", i), LoggedOut: out, Since: time.Now()}
			}
			return all
		}
		host.set(func(s *longrun.HostStatus) { s.Accounts = accounts(false) })
		eachByItself(t, st)
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		commits := st.Calls(storetest.Commit)
		host.set(func(s *longrun.HostStatus) { s.Accounts = accounts(true) })
		time.Sleep(5 * time.Minute)
		fired := rec.Messages()
		require.Len(t, flat(fired), 200)
		require.Less(t, len(fired), 25)
		require.Less(t, st.Calls(storetest.Commit)-commits, 5+2*len(fired)+5)
		mu.Lock()
		require.LessOrEqual(t, largest, store.MaxOps)
		require.LessOrEqual(t, silences, 2)
		mu.Unlock()
		require.Len(t, n.Status().Alerts.Alarms, 200)
		host.set(func(s *longrun.HostStatus) { s.Accounts = accounts(false) })
		time.Sleep(5 * time.Minute)
		n.end()
		resolved := rec.Messages()[len(fired):]
		require.Len(t, flat(resolved), 200)
		require.Less(t, len(resolved), 25)
		seen := map[string]bool{}
		for _, m := range flat(rec.Messages()) {
			seen[string(m.Kind)+m.Target] = true
		}
		require.Len(t, seen, 400)
		for _, m := range rec.Messages() {
			require.LessOrEqual(t, len([]rune(m.Text())), alert.MaxText)
		}
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
	})
}

// Numbers are masked, so that several accounts may go by one name.
func TestAccountsOfOneNameAreOneTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		first, second := longrun.AccountStatus{ID: "40712345678"}, longrun.AccountStatus{ID: "40799999978"}
		say := func(one, two bool, order bool) {
			first.LoggedOut, second.LoggedOut = one, two
			first.Since, second.Since = time.Now(), time.Now()
			both := []longrun.AccountStatus{first, second}
			if order {
				slices.Reverse(both)
			}
			host.set(func(s *longrun.HostStatus) { s.Accounts = both })
		}
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		for _, order := range []bool{false, true} {
			say(false, false, order)
			time.Sleep(2 * time.Hour)
			say(true, false, order)
			time.Sleep(10*time.Minute + time.Second)
			say(true, true, order)
			time.Sleep(10 * time.Minute)
			say(false, true, order)
			time.Sleep(10 * time.Minute)
			say(false, false, order)
			time.Sleep(10 * time.Minute)
		}
		n.end()
		require.Equal(t, []string{
			"firing logged_out *********78", "resolved logged_out *********78",
			"firing logged_out *********78", "resolved logged_out *********78",
		}, titles(rec.Messages()))
		all := incidentsOf(t, st)
		require.Len(t, all, 2)
		for _, i := range all {
			require.InDelta(t, 30*60, *i.MTTRSec, 61)
		}
	})
}

func TestALoopOfOneNameIsOverWhenAllAreQuiet(t *testing.T) {
	t.Parallel()
	for _, order := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			st, rec, host := memstore.New(nil), newTelling(), calm()
			say := func(reconnects int64) {
				first := longrun.AccountStatus{ID: "40712345678", Reconnects: reconnects, FirstReconnect: time.Now().Add(-time.Hour), LastReconnect: time.Now()}
				second := longrun.AccountStatus{ID: "40799999978"}
				both := []longrun.AccountStatus{first, second}
				if order {
					slices.Reverse(both)
				}
				host.set(func(s *longrun.HostStatus) { s.Accounts = both })
			}
			n := start(t, st, "a", alertingBy(rec), hosted(host))
			time.Sleep(2*time.Hour + time.Second)
			say(9)
			time.Sleep(5 * time.Minute)
			say(3) // few, but not long ago
			time.Sleep(9 * time.Minute)
			require.Equal(t, []string{"firing reconnect_loop *********78"}, titles(rec.Messages()))
			time.Sleep(3 * time.Minute)
			require.Equal(t, []string{"firing reconnect_loop *********78", "resolved reconnect_loop *********78"}, titles(rec.Messages()))
			n.end()
		})
	}
}

// No document, log line, status or message has a number that could be somebody's
// telephone, wherever the host let one slip.
func TestNoNumberLeaks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const number = "40712345678"
		st, host := memstore.New(nil), calm()
		rec := newTelling(alerttest.Fail(fmt.Errorf("https://chat.example.org/%s said no", number)), alerttest.Panic(number), alerttest.OK())
		eachByItself(t, st)
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.set(func(s *longrun.HostStatus) {
			s.Accounts = []longrun.AccountStatus{
				{ID: number + ":12@s.whatsapp.net", LoggedOut: true, Since: time.Now(), Reason: "replaced by " + number},
				{ID: "odd\x00\xff\n" + number, Reconnects: 9, FirstReconnect: time.Now(), LastReconnect: time.Now()},
				{ID: "\xff\n", LoggedOut: true, Since: time.Now()},
				{ID: strings.Repeat("long", 100), LoggedOut: true, Since: time.Now()},
			}
		})
		time.Sleep(5 * time.Minute)
		said := fmt.Sprintf("%+v", n.Status())
		require.Len(t, flat(rec.Messages()), 4)
		host.set(func(s *longrun.HostStatus) { s.Accounts = nil })
		time.Sleep(5 * time.Minute)
		n.end()
		require.Len(t, flat(rec.Messages()), 8)
		for _, m := range rec.Calls() {
			said += m.Text() + fmt.Sprintf("%+v", m)
		}
		said += fmt.Sprintf("%+v%+v%+v", incidentsOf(t, st), notices(t, st), documents[rules.State](t, st, ledger.Rules))
		require.NotContains(t, said, number)
		require.NotContains(t, n.log.String(), number)
		require.Zero(t, n.log.count("cannot be stored"))
		require.Len(t, notices(t, st), 8)
	})
}
