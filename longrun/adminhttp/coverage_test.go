package adminhttp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
)

func TestCoverageOfTheNightIsWhatTheBeatsSay(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	c := object(s.get("/coverage?from=2025-12-29T22:14:29Z&to=2025-12-29T23:08:00Z")["coverage"])
	require.EqualValues(t, 54, c["expected"])
	require.EqualValues(t, 43, c["written"])
	require.EqualValues(t, 11, c["missed"])
	require.InDelta(t, 0.796, c["coverage"], 0.0005)
	require.Equal(t, false, c["sufficient"], "the seed called it sufficient")
	require.EqualValues(t, 60, c["intervalSec"])
	gaps := array(c["gaps"])
	require.Len(t, gaps, 2)
	first, second := object(gaps[0]), object(gaps[1])
	require.Equal(t, "2025-12-29T22:20:00Z", first["from"])
	require.EqualValues(t, 1, first["missed"])
	require.Equal(t, "2025-12-29T22:35:00Z", second["from"])
	require.Equal(t, "2025-12-29T22:45:00Z", second["to"])
	require.EqualValues(t, 10, second["missed"])
	require.Equal(t, "b44d8ae9", second["before"])
	require.Equal(t, "bcfe891c", second["after"])
	require.Equal(t, "unknown", second["cause"])

	// By default it is the last day, cut to the first thing known.
	byDefault := object(s.get("/coverage")["coverage"])
	require.Equal(t, c["expected"], byDefault["expected"])
	require.Equal(t, c["gaps"], byDefault["gaps"])
}

func TestTheBeatsBesideAWindowTellOfItsGaps(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	c := object(s.get("/coverage?from=2025-12-29T22:35:00Z&to=2025-12-29T22:45:00Z")["coverage"])
	require.EqualValues(t, 0, c["written"], "they fill nothing in it")
	gaps := array(c["gaps"])
	require.Len(t, gaps, 1)
	require.Equal(t, "b44d8ae9", object(gaps[0])["before"])
	require.Equal(t, "bcfe891c", object(gaps[0])["after"])
}

func TestCoverageAtTheThresholdIsSufficient(t *testing.T) {
	t.Parallel()
	for threshold, want := range map[string]bool{"0.7": true, "0.75": true, "0.76": false} {
		s := newStand(t, "")
		status, body, _ := s.ask(http.MethodPut, "/config", `{"insufficientDataThreshold":`+threshold+`}`)
		require.Equal(t, http.StatusOK, status, "%v", body)
		at := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
		for _, minute := range []int{0, 1, 3} {
			s.put(s.ledger.CreateHeartbeat(longrun.Beat(at.Add(time.Duration(minute)*time.Minute), time.Minute)))
		}
		c := object(s.get("/coverage?from=2025-12-29T22:00:00Z&to=2025-12-29T22:04:00Z")["coverage"])
		require.InDelta(t, 0.75, c["coverage"], 0)
		require.Equal(t, want, c["sufficient"], threshold)
	}
}

// A beat that does not know how the host is says so outside of a list, too.
func TestTheLastBeatSaysNullWhereItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	require.Nil(t, object(s.get("/status")["status"])["lastHeartbeat"])
	for _, c := range []struct {
		healthy, unknown bool
		want             any
	}{{true, false, true}, {false, false, false}, {false, true, nil}} {
		h := longrun.Beat(time.Date(2025, 12, 29, 23, 8, 0, 0, time.UTC), time.Minute)
		h.Healthy, h.HealthUnknown, h.ConnectedCount = c.healthy, c.unknown, 3
		s.serve(&told{status: monitor.Status{State: monitor.Leading, LastHeartbeat: &h}})
		got := object(object(s.get("/status")["status"])["lastHeartbeat"])
		require.Equal(t, c.want, got["healthy"])
		require.Contains(t, got, "healthy")
		require.InDelta(t, 3, got["connectedCount"], 0)
	}
}

// A beat without the field healthy, as the original's, is not one of a host that was not
// healthy: null in its own list, unknown in the coverage, and no share (D11).
func TestHealthThatNobodyWroteIsNull(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	at := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	s.put(store.Set(s.ledger.Key(ledger.Heartbeats, "2025-12-29T22-00-00"), map[string]any{"ts": at, "commit": "abc12345"}))
	const window = "?from=2025-12-29T22:00:00Z&to=2025-12-29T22:02:00Z"
	require.Nil(t, object(array(s.get("/heartbeats" + window)["heartbeats"])[0])["healthy"])
	c := object(s.get("/coverage" + window)["coverage"])
	require.EqualValues(t, 1, c["unknown"])
	require.Nil(t, c["availability"])
	require.Nil(t, c["good"])
	ours := longrun.Beat(at.Add(time.Minute), time.Minute)
	s.put(s.ledger.CreateHeartbeat(ours))
	require.Equal(t, false, object(array(s.get("/heartbeats" + window)["heartbeats"])[0])["healthy"])
	c = object(s.get("/coverage" + window)["coverage"])
	require.EqualValues(t, 1, c["unknown"])
	require.InDelta(t, 0, c["availability"], 0)
}

func TestCoverageWithoutDataIsNull(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	c := object(s.get("/coverage")["coverage"])
	require.EqualValues(t, 0, c["expected"])
	require.Nil(t, c["coverage"])
	require.Nil(t, c["availability"])
	require.Nil(t, c["sufficient"])
	require.Empty(t, c["gaps"])
	s.night()
	before := object(s.get("/coverage?from=2025-12-01&to=2025-12-02")["coverage"])
	require.Nil(t, before["coverage"])
	require.Nil(t, before["good"])
	require.Equal(t, http.StatusBadRequest, s.do(http.MethodGet, "/coverage?from=2026-01-01&to=2026-01-02", "").status, "as a report says of what is to come")
}

// Beats that retention deleted are not missed: their day counts whole, from its
// rollup.
func TestCoverageOfDaysWhoseBeatsArePruned(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	day := time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC)
	d, err := coverage.NewDay(day, time.Minute, time.Time{}, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	for minute := range 1440 {
		if minute != 700 {
			d.Add(longrun.Beat(day.Add(time.Duration(minute)*time.Minute), time.Minute))
		}
	}
	r := d.Rollup()
	r.PrunedAt = map[string]time.Time{"heartbeats": day.AddDate(0, 0, 90)}
	s.put(s.ledger.SetRollup(r))
	for _, from := range []string{"2025-12-28", "2025-12-28T10:00:00Z"} {
		c := object(s.get("/coverage?from=" + from + "&to=2025-12-29")["coverage"])
		require.EqualValues(t, 1440, c["expected"])
		require.EqualValues(t, 1, c["missed"], from)
		require.Len(t, array(c["gaps"]), 1)
	}
	require.NotNil(t, object(s.get("/rollups/2025-12-28")["rollup"])["prunedAt"])
}
