package monitor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A minute was lost in each three hours for days, which no other rule tells. A new
// leader reads two of the three days slot by slot and knows the third when it has rolled
// it up: then it tells, once, and again that it is over.
func TestALeakOfDaysIsToldByANewLeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), newTelling()
		l, err := ledger.New(st, "")
		require.NoError(t, err)
		time.Sleep(5 * 24 * time.Hour)
		now := time.Now().UTC().Truncate(time.Minute)
		var ops []store.Op
		minute, lost := 0, 0
		for at := now.Add(-80 * time.Hour); at.Before(now); at = at.Add(time.Minute) {
			if minute++; minute%180 == 0 {
				lost++
				continue
			}
			h := longrun.Beat(at.Add(time.Second), time.Minute)
			h.InstanceID, h.Epoch = "old", 1
			if ops = append(ops, store.Set(l.Key(ledger.Heartbeats, h.BucketID), h)); len(ops) == 400 {
				_, err = st.Commit(t.Context(), ops...)
				require.NoError(t, err)
				ops = nil
			}
		}
		_, err = st.Commit(t.Context(), ops...)
		require.NoError(t, err)
		require.Equal(t, 26, lost, "24 of them in three days, where 21.6 may be")

		n := start(t, st, "a", alertingBy(rec), hosted(calm()))
		time.Sleep(30 * time.Minute)
		require.Equal(t, []string{"firing budget_burn"}, titles(rec.Messages()))
		incidents := documents[longrun.Incident](t, st, ledger.Incidents)
		require.Len(t, incidents, 1)
		require.Equal(t, rules.BudgetBurn, incidents[0].Rule)
		require.Contains(t, incidents[0].Summary, "24 of the 4320 minutes of the last 72 h were missed, 1.11 times as fast as 99.5 % of 30d lets; more than 1 is too fast. 26 were in 30d, of 24 that may be so far")
		require.NotEmpty(t, incidents[0].Slots)
		budget := n.Metrics().Budget
		require.NotNil(t, budget)
		require.EqualValues(t, 26, budget.Allowed-budget.Left)

		time.Sleep(12 * time.Hour) // none is lost
		n.end()
		require.Equal(t, "resolved budget_burn", titles(rec.Messages())[len(rec.Messages())-1])
	})
}
