package alarming_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// An end in the year 9999 would keep a rule blind until then, and counts beyond all
// bounds would run over.
func TestAStateOfAWrongClockBlindsNoRule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		s := rules.State{TS: time.Now().UTC(), Rule: rules.ReconnectLoop, Target: name(0), Phase: rules.Inactive, LastEnd: &far, Seq: 1<<63 - 1}
		b.put(ledger.Rules, s.ID(), s)
		b.begin()
		b.slots(3, func(int) longrun.HostStatus {
			s := accounts(1, nil)
			s.Accounts[0].Reconnects, s.Accounts[0].FirstReconnect, s.Accounts[0].LastReconnect = 20, time.Now().Add(-time.Hour), time.Now()
			return s
		})
		require.Equal(t, []string{"firing reconnect_loop " + name(0)}, b.said())
		for id := range documents[longrun.Notice](b, ledger.Outbox) {
			require.Contains(t, id, "_1000000001")
		}
		b.end()
	})
}

// Beats are made while a take-over cannot read: what is kept of them is bounded,
// and they are not missed.
func TestBeatsOfALongTakeOverAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		heal := b.st.Inject(noReads())
		b.begin()
		b.slots(5*24*60, calm)
		require.LessOrEqual(t, b.board.Told(), 2*(48*60+2))
		heal()
		b.slots(70, calm)
		require.Zero(t, b.statesOf(rules.MissedHeartbeats))
		b.end()
	})
}
