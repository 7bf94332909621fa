package ledger_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// A beat whose maker does not know is read back as it was, with the hash that it had, and
// its slot is as full as any.
func TestABeatThatDoesNotKnowHowTheHostIsIsStoredAsSuch(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		var beats []longrun.Heartbeat
		var head evidence.Head
		for i, unknown := range []bool{false, true} {
			h := longrun.Beat(time.Date(2026, 1, 1, 0, i, 0, 205_000_000, time.UTC), time.Minute)
			h.Describe(&longrun.HostStatus{Connected: 3, NeedsQR: 1, Accounts: []longrun.AccountStatus{{State: "degraded"}}})
			h.InstanceID, h.CommitHash, h.UptimeSec, h.MemoryRSS, h.Epoch, h.Late = "a", "c1", 7, 1<<20, 4, true
			h.Healthy, h.HealthUnknown = !unknown, unknown
			h, head = head.Next(h)
			_, err := st.Commit(t.Context(), l.CreateHeartbeat(h))
			require.NoError(t, err)
			_, err = st.Commit(t.Context(), l.CreateHeartbeat(h))
			require.ErrorIs(t, err, store.ErrConflict)
			beats = append(beats, h)
		}
		var docs []map[string]any
		for rec, err := range l.Records(t.Context(), ledger.Heartbeats, ledger.Page{}) {
			require.NoError(t, err)
			e, err := ledger.Decode[longrun.Heartbeat](rec)
			require.NoError(t, err)
			require.Equal(t, beats[len(docs)], e.Value)
			require.Equal(t, evidence.Hash(beats[len(docs)]), evidence.Hash(e.Value))
			docs = append(docs, map[string]any{})
			require.NoError(t, rec.Decode(&docs[len(docs)-1]))
		}
		require.Len(t, docs, 2)
		require.Equal(t, true, docs[0]["healthy"])
		require.Nil(t, docs[1]["healthy"])
		require.ElementsMatch(t, slices.Collect(maps.Keys(docs[0])), slices.Collect(maps.Keys(docs[1])))
	})
}
