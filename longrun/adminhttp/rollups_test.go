package adminhttp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// rolled rolls up the day of the night, as of a day later.
func (s *stand) rolled() longrun.Rollup {
	s.t.Helper()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	r, err := s.ledger.RollDay(s.t.Context(), day, day.AddDate(0, 0, 1), time.Minute)
	require.NoError(s.t, err)
	s.put(s.ledger.SetRollup(r))
	return r
}

func TestTheRollupOfADayIsRead(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	want := s.rolled()
	got := object(s.get("/rollups/2025-12-29")["rollup"])
	require.Equal(t, "2025-12-29", got["id"])
	require.Equal(t, "wa_metrics/longrun/rollups/2025-12-29", got["path"])
	require.EqualValues(t, want.WrittenHb, got["writtenHb"])
	require.EqualValues(t, 43, got["writtenHb"])
	require.Equal(t, want.Slots, got["slots"])
	require.Nil(t, got["seal"])
	require.Nil(t, got["mttrP50"])
	require.Equal(t, map[string]any{}, got["probePassRates"])
	gap := object(array(got["gaps"])[0])
	require.EqualValues(t, 1, gap["missed"])
	require.Contains(t, gap["from"], "_seconds")

	require.Equal(t, []string{"2025-12-29"}, ids(s.get("/rollups"), "rollups"))
	require.Equal(t, []string{"2025-12-29"}, ids(s.get("/rollups?from=2025-12-29&to=2025-12-30"), "rollups"))
	require.Empty(t, ids(s.get("/rollups?to=2025-12-29"), "rollups"))
}

func TestADayWithoutARollupSaysWhy(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	for day, why := range map[string]string{
		"2025-12-28": "has no rollup: none was made yet, or nothing is known of the day",
		"1999-01-01": "has no rollup",
		"2025-12-29": "is not over", // it ends in an hour
		"2031-01-01": "is not over",
	} {
		status, body, _ := s.ask(http.MethodGet, "/rollups/"+day, "")
		require.Equal(t, http.StatusNotFound, status, day)
		require.Equal(t, "day", body["field"])
		require.Contains(t, body["error"], day+" "+why)
	}
	for _, day := range []string{"today", "2025-13-01", "2025-02-29", "2025-1-2", "2025-12-29T00:00:00Z", "2025-12-29%2F", "20251229"} {
		status, body, _ := s.ask(http.MethodGet, "/rollups/"+day, "")
		require.Equal(t, http.StatusBadRequest, status, day)
		require.Equal(t, "day", body["field"])
	}
	status, body, _ := s.ask(http.MethodGet, "/rollups/2025-12-28?seal=1", "")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "seal", body["field"])
}

func TestARollupThatDoesNotDecodeIsTold(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.put(store.Set(s.ledger.Key(ledger.Rollups, "2025-12-20"), map[string]any{"ts": s.clock.Now(), "expectedHb": "many"}))
	status, _, _ := s.ask(http.MethodGet, "/rollups/2025-12-20", "")
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, "the document does not decode", object(array(s.get("/rollups")["rollups"])[0])["error"])
}

func TestARollupOfTheOriginalSystemIsShown(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.put(store.Set(s.ledger.Key(ledger.Rollups, "2025-12-20"), map[string]any{"date": "2025-12-20", "expectedHb": 1440, "writtenHb": 1400, "uptimePct": 97.2}))
	got := object(s.get("/rollups/2025-12-20")["rollup"])
	require.EqualValues(t, 1440, got["expectedHb"])
	require.Nil(t, got["ts"])
	require.Empty(t, ids(s.get("/rollups"), "rollups"), "without a ts it is in no list")
}
