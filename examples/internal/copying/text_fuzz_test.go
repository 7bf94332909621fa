package copying_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/internal/copying"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// raw reads a document as the text of it.
type raw struct{ text []byte }

// UnmarshalJSON implements json.Unmarshaler.
func (r *raw) UnmarshalJSON(text []byte) error {
	r.text = append([]byte(nil), text...)
	return nil
}

// FuzzDocument: whatever a document holds, it is copied as it is, or refused by a word,
// and then no other is harmed.
func FuzzDocument(f *testing.F) {
	for _, text := range []string{
		`{"ts":"2025-12-29T23:07:00Z","n":1}`, `{"ts":"2025-12-29T23:07:00.123456Z","b":[1,2.5,null,{"z":1,"a":2}],"a":{}}`, `{"z":"2025-12-29T23:07:00Z","a":9007199254740993}`,
		`{"ts":"no time","healthy":"yes"}`, `{"ts":null,"counts":{"b":1,"a":-0.0}}`, `{"":{"":[[]]}}`, `{"a-b":1e300,"ü":"\u0000"}`, `{"driftSec":1,"uptimeSec":1.5}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var doc map[string]any
		if json.Unmarshal(text, &doc) != nil || doc == nil {
			return
		}
		from, to := side(t, memstore.New(nil)), side(t, memstore.New(nil))
		for _, c := range []ledger.Collection{ledger.Heartbeats, ledger.Incidents} {
			key := from.Ledger.Key(c, "d")
			if _, err := from.Store.Commit(t.Context(), store.Set(key, doc)); err != nil {
				return // no store holds it
			}
			if rec, err := from.Store.Get(t.Context(), key); err != nil || rec.At.IsZero() {
				return // it is in no list, and nobody looks for it
			}
		}
		if _, err := copying.Copy(t.Context(), from, to, copying.Options{By: "a", Archive: true}); err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		for _, c := range []ledger.Collection{ledger.Heartbeats, ledger.Incidents} {
			var before, after raw
			rec, err := from.Store.Get(t.Context(), from.Ledger.Key(c, "d"))
			require.NoError(t, err)
			require.NoError(t, rec.Decode(&before))
			rec, err = to.Store.Get(t.Context(), to.Ledger.Key(c, "d"))
			require.NoError(t, err)
			require.NoError(t, rec.Decode(&after))
			require.JSONEq(t, string(before.text), string(after.text))
		}
	})
}
