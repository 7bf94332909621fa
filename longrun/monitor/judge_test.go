package monitor_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// One cause, one message: while the missed heartbeats fire, what they explain is on
// record and not told.
func TestWhatMissedHeartbeatsExplainIsToldWhenTheyAreOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		n.end()
		time.Sleep(5 * time.Minute)
		host.queue(tooDeep)
		n = start(t, st, "b", alertingBy(rec), hosted(host))
		time.Sleep(time.Minute)
		muted := map[string]string{}
		for _, al := range n.Status().Alerts.Alarms {
			require.Equal(t, rules.Firing, al.Phase)
			muted[string(al.Rule)] = al.Muted
		}
		require.Equal(t, map[string]string{"missed_heartbeats": "", "queue_depth": "missed_heartbeats fires"}, muted)
		require.Equal(t, []string{"firing missed_heartbeats"}, titles(rec.Messages()))
		time.Sleep(5 * time.Minute)
		n.end()
		require.ElementsMatch(t, []string{"firing missed_heartbeats", "resolved missed_heartbeats", "firing queue_depth"}, titles(rec.Messages()))
	})
}

// An instance that stood by for hours made no probes, and could not.
func TestNoProbeIsOverdueForTheTimeInWhichAnotherLed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), newTelling()
		a := start(t, st, "a", alertingBy(rec))
		time.Sleep(time.Second)
		b := start(t, st, "b", alertingBy(rec), probing(hourly(probetest.NewScript(probetest.Error(errors.New("socket"))))))
		time.Sleep(3 * time.Hour)
		a.end()
		time.Sleep(90 * time.Minute)
		require.Empty(t, titles(rec.Messages()))
		time.Sleep(time.Hour)
		b.end()
		require.Equal(t, []string{"firing probe_overdue outbound"}, titles(rec.Messages()))
	})
}
