package adminhttp_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each target in force has its budget, of what is known; with and without what was
// planned; and the report of such a window has the same.
func TestTheBudgetOfEachTarget(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	budgets := array(s.get("/budget")["budgets"])
	require.Len(t, budgets, 4)
	for i, days := range []float64{7, 30, 90, 180} {
		b := object(budgets[i])
		require.InDelta(t, days, object(b["target"])["days"], 0)
		require.Equal(t, false, b["known"])
		require.Equal(t, "2025-12-29T22:14:00Z", b["from"])
		all := object(b["all"])
		require.EqualValues(t, 54, all["slots"])
		require.EqualValues(t, 11, all["missed"])
		require.EqualValues(t, 0, all["allowed"], "what may be missed is that of what is known")
		require.EqualValues(t, -11, all["left"])
		require.Equal(t, true, all["exhausted"])
		require.Equal(t, all, b["unplanned"])
	}

	status, body, _ := s.ask(http.MethodPut, "/config", `{
		"targets": [{"days": 1, "percent": 50}, {"days": 14, "percent": 79.5}],
		"maintenance": [{"start": "22:35", "minutes": 4}, {"start": "22:00", "minutes": 60, "rule": "queue_depth"}]}`)
	require.Equal(t, http.StatusOK, status, "%v", body)
	budgets = array(s.get("/budget")["budgets"])
	require.Len(t, budgets, 2)
	day, fortnight := object(budgets[0]), object(budgets[1])
	all, unplanned := object(day["all"]), object(day["unplanned"])
	require.EqualValues(t, 27, all["allowed"])
	require.EqualValues(t, 16, all["left"])
	require.Equal(t, map[string]any{"slots": 4.0, "missed": 4.0}, day["planned"])
	require.EqualValues(t, 50, unplanned["slots"])
	require.EqualValues(t, 7, unplanned["missed"])
	require.EqualValues(t, 25-7, unplanned["left"])
	require.EqualValues(t, 0, object(fortnight["all"])["left"], "11 of 11.07 allowed")
	require.Equal(t, "1h", object(array(all["burns"])[0])["span"])

	require.Equal(t, fortnight, s.report("window=14d")["budget"])
	require.Equal(t, "SO FAR", object(s.report("window=14d")["verdict"])["result"])
	require.Nil(t, s.report("window=6h")["budget"], "no target is for windows so short")

	for bad, field := range map[string]string{
		`{"targets": [{"days": 0, "percent": 99}]}`:                               "days",
		`{"targets": [{"days": 7, "percent": 100}]}`:                              "percent",
		`{"targets": [{"days": 7, "percent": 99}, {"days": 7, "percent": 99.5}]}`: "days 7",
		`{"targets": [{"days": 7, "percent": 99.12345}]}`:                         "percent",
		`{"targets": null}`: "null",
		`{"targets": [{"days": 7, "percent": 99, "weeks": 1}]}`: "weeks",
	} {
		status, body, _ = s.ask(http.MethodPut, "/config", bad)
		require.Equal(t, http.StatusBadRequest, status, "%s: %v", bad, body)
		require.Contains(t, fmt.Sprint(body), field, bad)
	}
	status, body, _ = s.ask(http.MethodPut, "/config", `{"targets": []}`)
	require.Equal(t, http.StatusOK, status, "%v", body)
	require.Len(t, array(s.get("/budget")["budgets"]), 4, "the default ones")
}
