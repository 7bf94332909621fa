package document

import (
	"math/rand/v2"
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

// So is a part of it, by a type that has not all of its fields: an older version's, or one
// that asks for one thing.
func TestAPartOfADocumentIsReadWithoutEncodingJSON(t *testing.T) {
	t.Parallel()
	h := longrun.Beat(time.Date(2025, 12, 29, 12, 0, 0, 0, time.UTC), time.Minute)
	h.StatusError, h.Counts, h.Healthy = "no \"status\"", map[string]int64{"sent": 3}, true
	data, _, err := Encode(h)
	require.NoError(t, err)
	var says struct {
		Healthy *bool `json:"healthy"`
	}
	require.True(t, read(string(data), &says))
	require.True(t, *says.Healthy)
}

// Each time that is read by its digits is the one that package time reads, and what
// Encode writes is read so.
func TestTimesAreReadAsPackageTimeReadsThem(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 9))
	quick := 0
	for range 50_000 {
		text := time.Unix(r.Int64N(253402300800+62135596800)-62135596800, r.Int64N(1e9)).UTC().Format(time.RFC3339Nano)
		if r.IntN(2) == 0 {
			changed := []byte(text)
			changed[r.IntN(len(changed))] = "0123456789-:.TZ+"[r.IntN(16)]
			text = string(changed)
		}
		var want time.Time
		err := want.UnmarshalText([]byte(text))
		got, ok := utc(text)
		if ok {
			quick++
			require.NoError(t, err, text)
			require.Equal(t, want, got, text)
		}
		if err == nil && text == want.Format(time.RFC3339Nano) && want.Location() == time.UTC {
			require.True(t, ok, text)
		}
	}
	require.Greater(t, quick, 20_000)
}

func asRead[T any](t *testing.T, v T) {
	t.Helper()
	data, _, err := Encode(v)
	require.NoError(t, err)
	var got T
	require.True(t, read(string(data), &got), "%s", data)
	again, _, err := Encode(got)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))
}
