package monitor_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestWhatFlapsForHoursIsSummedUpOnceAnHourWhoeverLeads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec, host := memstore.New(nil), newTelling(), calm()
		own := storetest.Wrap(mem)
		n := start(t, own, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		began := time.Now()
		for round := range 72 { // six hours
			switch round {
			case 30: // a crash …
				kill(n, own)
				n = start(t, mem, "b", alertingBy(rec), hosted(host))
			case 50: // … and a deploy
				n.end()
				n = start(t, mem, "c", alertingBy(rec), hosted(host))
			}
			logOut(host)
			time.Sleep(3 * time.Minute)
			logIn(host)
			time.Sleep(2 * time.Minute)
		}
		time.Sleep(3 * time.Hour) // the room of two words, and the hour without a change
		n.end()

		var words []longrun.Notice
		for _, one := range notices(t, mem) {
			if one.Rule == rules.LoggedOut {
				words = append(words, one)
			}
		}
		slices.SortFunc(words, func(a, b longrun.Notice) int { return a.Created.Compare(b.Created) })
		require.Equal(t, longrun.NoticeFiring, words[0].Kind)
		last := words[len(words)-1]
		require.Equal(t, longrun.NoticeResolved, last.Kind, "and it stays so")
		require.Contains(t, strings.Join(last.Details, " "), "changed 144 times")
		require.LessOrEqual(t, len(words), 6+int(time.Since(began)/time.Hour))
		for n, one := range words[4 : len(words)-1] {
			require.Equal(t, longrun.NoticeFlapping, one.Kind)
			if n > 0 {
				require.GreaterOrEqual(t, one.Created.Sub(words[3+n].Created), time.Hour)
			}
		}
		incidents := 0
		for _, i := range incidentsOf(t, mem) {
			require.NotNil(t, i.TSEnd)
			if i.Rule == rules.LoggedOut {
				incidents++
			}
		}
		require.Greater(t, incidents, 60, "each time is on record")
	})
}

func TestWhatLastsIsRemindedOfOnceAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(2*time.Hour + 30*time.Minute)
		n.end()
		n = start(t, st, "b", alertingBy(rec), hosted(host))
		time.Sleep(2*time.Hour + 25*time.Minute)
		host.queue(0) // just before the next reminder
		time.Sleep(10 * time.Minute)
		n.end()
		require.Equal(t, []string{
			"firing queue_depth", "reminder queue_depth", "reminder queue_depth", "reminder queue_depth", "reminder queue_depth", "resolved queue_depth",
		}, titles(rec.Messages()))
		at := rec.times()
		for i := range 4 {
			require.Equal(t, time.Hour, at[i+1].Sub(at[i]))
		}
		i := incidentsOf(t, st)[0]
		require.EqualValues(t, 4, i.Reminders)
		last := rec.Messages()[5]
		require.Equal(t, i.TSStart, last.Since)
		require.Equal(t, *i.TSEnd, last.Until)
		keys := map[string]bool{}
		for _, m := range rec.Messages() {
			keys[m.Key] = true
		}
		require.Len(t, keys, 6)
	})
}

func TestAThresholdThatIsChangedIsInForceAtTheNextSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(80)
		time.Sleep(10 * time.Minute)
		require.Empty(t, rec.Calls())
		setting(t, st, func(s *longrun.Settings) { s.AlertThresholds.QueueDepthThreshold = 50 })
		time.Sleep(time.Minute + paced)
		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
		setting(t, st, func(s *longrun.Settings) { s.AlertThresholds.ThrottleSec = 600 })
		time.Sleep(11 * time.Minute)
		require.Equal(t, []string{"firing queue_depth", "reminder queue_depth"}, titles(rec.Messages()))
		setting(t, st, func(s *longrun.Settings) { s.AlertThresholds.QueueDepthThreshold = 100 })
		time.Sleep(5 * time.Minute)
		require.Equal(t, []string{"firing queue_depth", "reminder queue_depth", "resolved queue_depth"}, titles(rec.Messages()))
		n.end()
	})
}

// The settings of a new process are the default ones until it has read them.
func TestNobodyIsCalledByThresholdsThatAreNotInForce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec, host := memstore.New(nil), newTelling(), calm()
		setting(t, mem, func(s *longrun.Settings) { s.AlertThresholds.QueueDepthThreshold = 1000 })
		host.queue(tooDeep)
		st := storetest.Wrap(mem)
		heal := st.Inject(storetest.Fault{Before: settingsAway})
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		require.Zero(t, n.Status().Alerts.Judged)
		require.Equal(t, 1, n.log.count("alerts wait"))
		heal()
		time.Sleep(10 * time.Minute)
		require.NotZero(t, n.Status().Alerts.Judged)
		n.end()
		require.Empty(t, rec.Calls())
		require.Empty(t, incidentsOf(t, mem))
	})
}
