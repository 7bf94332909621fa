package ledger_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// FuzzDocuments: whatever somebody wrote into a collection is read as a document of
// it, or named in one line, and never harms who reads it.
func FuzzDocuments(f *testing.F) {
	for _, text := range []string{
		`{"ts":"2025-12-29T23:07:00Z","bucketId":"x","expectedIntervalSec":60,"healthy":true}`,
		`{"ts":"2025-12-29T23:07:00Z","commit":"abc","expectedIntervalSec":-1,"counts":{"a":1,"":-9223372036854775808}}`,
		`{"ts":"2025-12-28T00:00:00Z","date":"2025-12-28","from":"2025-12-28T00:00:00Z","to":"2025-12-29T00:00:00Z","intervalSec":60,"slots":"1440:","driftMs":"1:2"}`,
		`{"ts":"0001-01-01T00:00:00Z","number":1,"tree":"a/b","first":-1,"size":9223372036854775807,"frontier":["x"],"lines":"h a 1 \n","checkpoint":"a\n1\n"}`,
		`{"ts":"2025-12-29T23:07:00Z","incidentId":"d","tsStart":"2025-12-29T23:07:00Z","tsEnd":"0001-01-01T00:00:00Z","mttrSec":1e308,"gaps":[null]}`,
		`{"ts":"2025-12-29T23:07:00Z","runId":"d","lapses":[{"from":null,"to":"9999-12-31T23:59:59Z"}],"end":null}`,
		`{"ts":"2025-12-29T23:07:00Z","type":"outbound","latencyMs":-1,"result":7}`,
		`{"ts":"2025-12-29T23:07:00Z","alertThresholds":{"throttleSec":-1e300},"maintenance":[{"start":"25:61"}],"retentionDays":{"x":null}}`,
		`{"ts":"2025-12-29T23:07:00Z","rule":"d","target":"","since":"9999-12-31T23:59:59Z","owed":1e308}`,
		`{"ts":[],"date":{}}`, `{}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var doc map[string]any
		if json.Unmarshal(text, &doc) != nil || doc == nil {
			return
		}
		st := memstore.New(nil)
		book, err := ledger.New(st, "")
		require.NoError(t, err)
		for _, c := range ledger.Collections() {
			if _, err := st.Commit(t.Context(), store.Set(book.Key(c, "d"), doc)); err != nil {
				return // no store holds it
			}
		}
		one[longrun.Settings](t, book, ledger.Config, func(s longrun.Settings) { _ = s.Validate() })
		one[longrun.Run](t, book, ledger.Runs, nil)
		one(t, book, ledger.Heartbeats, func(h longrun.Heartbeat) { require.Len(t, evidence.Hash(h), 64) })
		one[longrun.Probe](t, book, ledger.Probes, nil)
		one(t, book, ledger.Incidents, func(i longrun.Incident) { _ = i.Open() })
		one(t, book, ledger.Rules, func(s rules.State) { _, _ = s.ID(), s.Key(); _ = s.Flaps() })
		one[longrun.Silence](t, book, ledger.Silences, nil)
		one[longrun.Notice](t, book, ledger.Outbox, nil)
		one(t, book, ledger.Rollups, func(r longrun.Rollup) {
			err := coverage.Check(r)
			_, revised := coverage.Revise(r, r)
			require.True(t, err != nil || len(r.PrunedAt) > 0 || revised == nil)
		})
		one(t, book, ledger.Evidence, func(b evidence.Batch) {
			if o, err := b.Open(); err == nil {
				require.Equal(t, b.Size, o.Stretch.End())
			}
			_, _, _ = b.Prove(evidence.Probe, "d")
		})
	})
}

// one reads the document as a T, by itself and in a list.
func one[T any](t *testing.T, book *ledger.Ledger, c ledger.Collection, use func(T)) {
	t.Helper()
	e, err := ledger.Read[T](t.Context(), book, c, "d")
	listed := 0
	for l, errList := range ledger.List[T](t.Context(), book, c, ledger.Page{}) {
		listed++
		require.Equal(t, err == nil, errList == nil)
		require.Equal(t, "d", l.Key.ID)
	}
	require.LessOrEqual(t, listed, 1)
	if err != nil {
		require.NotContains(t, err.Error(), "\n")
		require.LessOrEqual(t, len([]rune(err.Error())), 3000)
		return
	}
	if use != nil {
		use(e.Value)
	}
	text, err := json.Marshal(e.Value)
	require.NoError(t, err)
	require.NotContains(t, string(text), "\x00")
}
