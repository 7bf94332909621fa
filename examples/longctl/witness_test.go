package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/witnesshttp"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// inStore has something done to a store that nobody else has open.
func inStore(t *testing.T, path string, do func(l *ledger.Ledger) []store.Op) {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	_, err = st.Commit(t.Context(), do(l)...)
	require.NoError(t, err)
}

// What a witness cosigned stands behind the checkpoint and in each proof, counts where
// its key is given, and names a store that is behind what it has seen.
func TestCosignaturesAreShownAndCount(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	key, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	t.Setenv("LONGRUN_EVIDENCE_KEY", base64.StdEncoding.EncodeToString(seed))
	seed[0]++
	t.Setenv("LONGRUN_COSIGN_KEY", base64.StdEncoding.EncodeToString(seed))
	public := "--public-key=" + base64.StdEncoding.EncodeToString(key)
	path, first := aged(t, 3)
	at := "--store=sqlite:" + path
	require.Zero(t, ctl(t, "rollup", at, "--missing").code)

	got := ctl(t, "key", "--witness=watch.example.org/witness")
	require.Zero(t, got.code, got)
	_, verifier, _ := strings.Cut(got.out, "verifier key  ")
	verifier = strings.TrimSpace(verifier)
	signer, err := witness.NewSigner("watch.example.org/witness", ed25519.NewKeyFromSeed(seed))
	require.NoError(t, err)
	require.Equal(t, signer.Key().String(), verifier)
	w, err := witness.New(witness.Options{Signer: signer, State: &witness.Memory{}, Logs: []string{evidence.VerifierKey("wa_metrics/longrun", key)}})
	require.NoError(t, err)
	server := httptest.NewServer(witnesshttp.NewHandler(w, witnesshttp.HandlerOptions{}))
	t.Cleanup(server.Close)

	named := "--witness=" + verifier
	asOf := "--as-of=" + longrun.RollupID(first.AddDate(0, 0, 3))
	require.Contains(t, ctl(t, "verify", "evidence", at, public, asOf, named).out, "is not cosigned by 1 of the 1")
	var newest evidence.Batch
	inStore(t, path, func(l *ledger.Ledger) []store.Op {
		e, err := l.NewestBatch(t.Context())
		require.NoError(t, err)
		newest = e.Value
		lines, err := w.Add(t.Context(), witness.Request{Checkpoint: newest.Checkpoint})
		require.NoError(t, err)
		op, _, err := logbook.Cosigned(t.Context(), l, newest.Number, strings.TrimSpace(lines))
		require.NoError(t, err)
		return []store.Op{op}
	})
	require.Greater(t, newest.Number, int64(1))

	got = ctl(t, "checkpoint", at)
	require.Contains(t, got.out, "\n— wa_metrics/longrun ")
	require.Contains(t, got.out, "\n— watch.example.org/witness ")
	got = ctl(t, "verify", "evidence", at, public, asOf, named+" "+server.URL)
	require.Contains(t, got.out, "the newest, is cosigned by 1 of the 1")
	require.Regexp(t, `witnessesAgree +1\n`, got.out)

	e := newest
	lines, err := evidence.ParseLines(e.Lines)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "document")
	require.Zero(t, ctl(t, "prove", at, "rollups/"+lines[len(lines)-1].ID, "--out="+file).code)
	got = ctl(t, "check", file, public, named)
	require.Zero(t, got.code, got)
	require.Contains(t, got.out, ", signed, cosigned by watch.example.org/witness (20")
	other, err := witness.NewSigner("else.example.org", ed25519.NewKeyFromSeed(seed))
	require.NoError(t, err)
	got = ctl(t, "check", file, public, named, "--witness="+other.Key().String())
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "cosigned by 1 of the 2 witnesses given, and 2 are needed")
	require.Zero(t, ctl(t, "check", file, public, named, "--witness="+other.Key().String(), "--needed=1").code)

	inStore(t, path, func(l *ledger.Ledger) []store.Op {
		return []store.Op{store.Delete(l.Key(ledger.Evidence, newest.ID()))}
	})
	got = ctl(t, "verify", "evidence", at, public, asOf, named+" "+server.URL)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "the witness watch.example.org/witness cosigned ")

	for args, want := range map[string]string{
		"verify evidence --witness=x " + at:     "--witness: no verifier key",
		"verify evidence --needed=1 " + at:      "--needed: 1, and 0 witnesses",
		"check " + file + " --needed=-1":        "--needed",
		"key --witness=a+b":                     "--witness",
		"key --witness=a --public-key=c2hvcnQ=": "--public-key",
	} {
		got := ctl(t, strings.Fields(args)...)
		require.Equal(t, 2, got.code, "%s: %v", args, got)
		require.Contains(t, got.err, want, args)
	}
}
