package rules_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// A host remembers a few messages: of a long row it no longer knows the first.
func TestARowThatIsLongerThanTheHostRemembersBeganWhenItDid(t *testing.T) {
	t.Parallel()
	h := newHosting(1)
	began := evening.Add(5 * time.Minute)
	h.wrong = append(h.wrong, func(now time.Time, _ *longrun.Heartbeat, accounts []longrun.AccountStatus) {
		if now.After(began.Add(time.Minute)) {
			accounts[0].Traffic.Unacked, accounts[0].Traffic.UnackedSince = 12, later(began, now.Add(-2*time.Minute))
		}
	})
	h.run(10)
	var last rules.Finding
	rules.Judge(h.in, h.board, func(f rules.Finding) { last = f })
	require.Equal(t, rules.NoAck, last.Rule)
	require.Contains(t, last.Summary, "since "+began.Format("15:04 UTC"))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// outSince has accounts be logged out for good, each since its own time.
func outSince(h *hosting, since ...time.Time) {
	for i, from := range since {
		h.wrong = append(h.wrong, between(from, from.AddDate(1, 0, 0), func(_ time.Time, a *longrun.AccountStatus) {
			a.State, a.LoggedOut, a.Since, a.Away = "needs_qr", true, from, from
		}, i))
	}
}

// Three accounts are many where they come into trouble within an hour, and three where
// they do not.
func TestThoseThatComeIntoTroubleOverMoreThanAnHourAreEachTold(t *testing.T) {
	t.Parallel()
	at := func(minutes time.Duration) time.Time { return evening.Add(minutes * time.Minute) }
	for last, together := range map[time.Duration]bool{55: true, 65: true, 75: false, 120: false} {
		h := newHosting(10)
		outSince(h, at(10), at(40), at(last))
		h.run(150)
		is := h.board.State(rules.LoggedOut, rules.Together).Phase == rules.Firing
		require.Equal(t, together, is, "the last one %v after the first", last-10)
		require.Equal(t, together, slices.Contains(h.told(), "firing logged_out "+rules.Together), last)
		require.Equal(t, !together, slices.Contains(h.told(), "firing logged_out "+nameOf(2)), last)
	}
}

// Who has just begun to lead says how long it has seen an account away, and no more.
func TestAnAccountIsAwayNoLongerThanAnybodyWatches(t *testing.T) {
	t.Parallel()
	h := newHosting(1)
	h.in.LeadBegan, h.in.Started = evening, evening
	h.in.Settings.AlertThresholds.NotConnectedSec = 20 * 60
	h.wrong = append(h.wrong, between(evening, evening.AddDate(1, 0, 0), func(_ time.Time, a *longrun.AccountStatus) {
		a.State, a.Since, a.Away = "reconnecting", evening.Add(-time.Hour), evening.Add(-time.Hour)
	}, 0))
	h.run(19)
	require.NotEqual(t, rules.Firing, h.board.State(rules.NotConnected, nameOf(0)).Phase)
	h.run(2)
	s := h.board.State(rules.NotConnected, nameOf(0))
	require.Equal(t, rules.Firing, s.Phase)
	require.True(t, s.Since.Equal(evening))
}

// What the last incident ended with makes no second one, though a clock was set back to
// where it would be news.
func TestWhatAnIncidentEndedWithMakesNoSecondOne(t *testing.T) {
	t.Parallel()
	h := newHosting(1)
	last := evening.Add(5 * time.Minute)
	h.wrong = append(h.wrong, between(last, evening.AddDate(1, 0, 0), func(_ time.Time, a *longrun.AccountStatus) {
		a.Replaced, a.LastReplaced = 2, last
	}, 0))
	h.run(20)
	require.Equal(t, []string{"firing session_replaced " + nameOf(0), "resolved session_replaced " + nameOf(0)}, h.told())
	h.in.Now = h.in.Now.Add(-10 * time.Minute)
	h.run(20)
	require.Len(t, h.told(), 2)
}
