package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// original writes documents as the original system left them.
func original(t *testing.T, st store.Store, l *ledger.Ledger) {
	t.Helper()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		return v
	}
	_, err := st.Commit(t.Context(),
		store.Set(l.Key(ledger.Heartbeats, "2025-12-29T22-14-29-929Z"), map[string]any{ // its first version
			"ts": at("2025-12-29T22:14:29.929Z"), "tsIso": "2025-12-29T22:14:29.929Z", "commit": "abc12345", "uptimeSec": int64(70), "connectedCount": int64(4),
		}),
		store.Set(l.Key(ledger.Heartbeats, "2025-12-29T22-29-47"), map[string]any{ // its second
			"bucketId": "2025-12-29T22-29-47", "ts": at("2025-12-29T22:29:47.5Z"), "commitHash": "3d4adc99", "instanceId": "b44d8ae9", "driftSec": int64(10), "serviceVersion": "2.0.0",
		}),
		store.Set(l.Key(ledger.Heartbeats, "2025-12-29T22-31-00"), map[string]any{ // a third: ts is a number
			"bucketId": "2025-12-29T22-31-00", "ts": int64(1767047460000), "commitHash": "3d4adc99",
		}),
		store.Set(l.Key(ledger.Probes, "OUT_20251229T22"), map[string]any{
			"probeKey": "OUT_20251229T22", "type": "outbound", "ts": at("2025-12-29T22:29:48.272Z"), "tsIso": "2025-12-29T22:29:47.268Z",
			"result": "PASS", "latencyMs": int64(906), "commit": "3d4adc99", "instanceId": "b44d8ae9",
		}),
		store.Set(l.Key(ledger.Probes, "OUT_20251230T04"), map[string]any{ // its FAILs
			"probeKey": "OUT_20251230T04", "type": "outbound", "ts": at("2025-12-30T04:29:48Z"), "result": "FAIL", "error": "unavailable",
		}),
		store.Set(l.SettingsKey(), map[string]any{
			"baseUrl": "https://example.invalid", "expectedAccounts": int64(3), "heartbeatIntervalSec": int64(60), "driftSec": int64(10),
			"insufficientDataThreshold": 0.8, "operatorJid": nil, "updatedAt": at("2025-12-29T22:14:00Z"),
		}),
		store.Set(l.Key(ledger.Runs, "RUN_x_20251229"), map[string]any{"runKey": "RUN_x_20251229", "startTs": int64(1767047460000), "status": "running"}),
	)
	require.NoError(t, err)
}

// A PASS that says no latency took no 0 ms (D11): it is not known how long.
func TestALatencyThatNobodyWroteIsUnknown(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		at := time.Date(2025, 12, 29, 22, 29, 48, 0, time.UTC)
		doc := map[string]any{"type": "queue", "ts": at, "result": "PASS"}
		zero := map[string]any{"type": "queue", "ts": at, "result": "PASS", "latencyMs": 0.0}
		wrong := map[string]any{"type": "queue", "ts": at, "result": "PASS", "latencyMs": nil}
		_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Probes, "none"), doc), store.Set(l.Key(ledger.Probes, "zero"), zero), store.Set(l.Key(ledger.Probes, "null"), wrong))
		require.NoError(t, err)
		for id, want := range map[string]float64{"none": longrun.UnknownMs, "zero": 0, "null": longrun.UnknownMs} {
			p, err := ledger.Read[longrun.Probe](t.Context(), l, ledger.Probes, id)
			require.NoError(t, err)
			require.InDelta(t, want, p.Value.LatencyMs, 0, id)
		}
	})
}

// A beat that does not say how the host was is no beat of a host that was not healthy.
func TestHealthThatNobodyWroteIsUnknown(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		at := time.Date(2025, 12, 29, 22, 29, 48, 0, time.UTC)
		for id, c := range map[string]struct {
			doc              map[string]any
			healthy, unknown bool
		}{
			"none": {map[string]any{"ts": at}, false, true},
			"null": {map[string]any{"ts": at, "healthy": nil}, false, true},
			"no":   {map[string]any{"ts": at, "healthy": false}, false, false},
			"yes":  {map[string]any{"ts": at, "healthy": true}, true, false},
		} {
			_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Heartbeats, id), c.doc))
			require.NoError(t, err)
			h, err := ledger.Read[longrun.Heartbeat](t.Context(), l, ledger.Heartbeats, id)
			require.NoError(t, err)
			require.Equal(t, []bool{c.healthy, c.unknown}, []bool{h.Value.Healthy, h.Value.HealthUnknown}, id)
		}
		own := longrun.Beat(at, time.Minute)
		_, err := st.Commit(t.Context(), l.CreateHeartbeat(own))
		require.NoError(t, err)
		h, err := ledger.Read[longrun.Heartbeat](t.Context(), l, ledger.Heartbeats, own.BucketID)
		require.NoError(t, err)
		require.False(t, h.Value.HealthUnknown, "a beat of ours says it where it is known")
	})
}

func TestDocumentsOfTheOriginalSystemAreReadWithoutHarm(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		original(t, st, l)
		var got []longrun.Heartbeat
		for e, err := range l.Heartbeats(t.Context(), ledger.Page{}) {
			require.NoError(t, err)
			got = append(got, e.Value)
		}
		require.Len(t, got, 2, "a ts that is a number is in no list")
		require.Equal(t, "abc12345", got[0].CommitHash)
		require.Empty(t, got[0].InstanceID)
		require.Equal(t, "2025-12-29T22-14-29-929Z", got[0].BucketID)
		require.Equal(t, "2025-12-29T22-14-00", got[0].Slot(time.Minute).ID(time.Minute))
		require.Equal(t, int64(4), got[0].ConnectedCount)
		require.InDelta(t, 10, got[1].DriftSec, 0)
		require.Equal(t, "3d4adc99", got[1].CommitHash)
		for _, h := range got {
			require.True(t, h.HealthUnknown, "it never had the field (D11)")
		}

		recent, err := l.ProbesSince(t.Context(), time.Time{}, 1)
		require.NoError(t, err)
		require.Len(t, recent[longrun.NamedProbe{Type: longrun.Outbound}], 1)
		require.Equal(t, longrun.Fail, recent[longrun.NamedProbe{Type: longrun.Outbound}][0].Result, "without tsIso too")
		for e, err := range l.Probes(t.Context(), ledger.Page{Limit: 1}) {
			require.NoError(t, err)
			require.InDelta(t, 906, e.Value.LatencyMs, 0)
			require.Equal(t, "3d4adc99", e.Value.CommitHash)
			require.Equal(t, time.Date(2025, 12, 29, 22, 29, 48, 272e6, time.UTC), e.Value.TS, "the time of the record, not the text")
		}

		slots, err := l.FilledSlots(t.Context(), got[0].TS.Add(-time.Hour), got[1].TS.Add(time.Hour), time.Minute, nil)
		require.NoError(t, err)
		require.Len(t, slots, 2)
		s, version, err := l.Settings(t.Context(), time.Minute)
		require.NoError(t, err)
		require.NotEmpty(t, version)
		require.Equal(t, int64(3), s.ExpectedAccounts)
		earliest, known, err := l.Earliest(t.Context())
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, got[0].TS, earliest)
	})
}
