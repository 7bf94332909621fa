package document

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// What Encode writes is read without encoding/json; else all would be the same, and slow.
func TestDocumentsAreReadWithoutEncodingJSON(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 12, 29, 12, 0, 0, 0, time.UTC)
	h := longrun.Beat(now.Add(205*time.Millisecond), time.Minute)
	h.StatusError, h.Counts = "no \"status\" \\ é\n", map[string]int64{"sent": 3}
	asRead[longrun.Heartbeat](t, h)
	asRead[longrun.Probe](t, longrun.Probe{TS: now, LatencyMs: 812.5})
	asRead[longrun.Incident](t, longrun.Incident{TS: now, TSStart: now, TSEnd: &now})
	asRead[longrun.Rollup](t, longrun.Rollup{
		TS: now, UptimePct: 99.93055555555556, Gaps: []longrun.Gap{{}, {}}, Seal: &longrun.Seal{TS: now},
		PrunedAt: map[string]time.Time{"heartbeats": now}, Probes: []longrun.ProbeTally{{Points: []longrun.ProbePoint{{TS: now}}}},
	})
	asRead[evidence.Batch](t, evidence.Batch{TS: now, Lines: "a\nb\n", Frontier: []string{"x"}})
	asRead[longrun.Run](t, longrun.Run{TS: now, End: &now})
}

func asRead[T any](t *testing.T, v T) {
	t.Helper()
	data, _, err := Encode(v)
	require.NoError(t, err)
	var got T
	require.True(t, read(data, &got), "%s", data)
	again, _, err := Encode(got)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))
}
