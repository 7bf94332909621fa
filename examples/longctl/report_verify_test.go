package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// withHead puts the head of the chain into the note of the lock, as a leader does with
// each beat.
func withHead(t *testing.T, path string, key ed25519.PrivateKey, edit func(l *ledger.Ledger) []store.Op) {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	var ops []store.Op
	if edit != nil {
		ops = edit(l)
	}
	rec, err := l.Record(t.Context(), l.LockKey())
	require.NoError(t, err)
	row, err := lock.ReadRow(rec)
	require.NoError(t, err)
	note, err := evidence.ParseNote(row.Note)
	require.NoError(t, err)
	for e, err := range l.Heartbeats(t.Context(), ledger.Page{Desc: true, Limit: 1}) {
		require.NoError(t, err)
		note.Head = evidence.HeadOf(e.Value)
	}
	row.Note = note.Sign("wa_metrics/longrun", key).String()
	_, err = st.Commit(t.Context(), append(ops, store.Set(l.LockKey(), row))...)
	require.NoError(t, err)
}

// A report says whether its evidence verified, in each format, and ends accordingly.
func TestAReportSaysWhetherItsEvidenceVerified(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	private := ed25519.NewKeyFromSeed(seed)
	key, _ := private.Public().(ed25519.PublicKey)
	t.Setenv("LONGRUN_EVIDENCE_KEY", base64.StdEncoding.EncodeToString(seed))
	public := "--public-key=" + base64.StdEncoding.EncodeToString(key)
	path, first := aged(t, 3)
	at := "--store=sqlite:" + path
	anchors := filepath.Join(t.TempDir(), "anchors.txt")

	require.Equal(t, 2, ctl(t, "report", at, public).code, "without --verify")
	require.Zero(t, ctl(t, "rollup", at, "--missing").code)
	withHead(t, path, private, nil)
	checkpoint := ctl(t, "checkpoint", at).out
	require.NoError(t, os.WriteFile(anchors, []byte(checkpoint), 0o600))
	parsed, err := evidence.ParseCheckpoint(checkpoint)
	require.NoError(t, err)

	read := func(args ...string) (report.Report, int) {
		got := ctl(t, append([]string{"report", at, "--format=json"}, args...)...)
		var r report.Report
		require.NoError(t, json.Unmarshal([]byte(got.out), &r), got)
		return r, got.code
	}
	r, code := read()
	require.Nil(t, r.Evidence)
	require.Zero(t, code)
	r, code = read("--verify", public, "--anchor="+anchors)
	require.Zero(t, code, r.Evidence)
	require.Equal(t, "PASS", r.Evidence.Outcome)
	require.Equal(t, report.Checkpoint{Origin: parsed.Origin, Size: parsed.Size, Root: parsed.Root.String(), At: r.Evidence.Checkpoint.At, Signed: true}, *r.Evidence.Checkpoint)
	for format, want := range map[string]string{"html": parsed.Root.String(), "markdown": "## Evidence"} {
		got := ctl(t, "report", at, "--verify", public, "--format="+format)
		require.Zero(t, got.code, got)
		require.Contains(t, html.UnescapeString(got.out), want)
		require.Contains(t, got.out, "PASS: all documents were held")
	}

	withHead(t, path, private, func(l *ledger.Ledger) []store.Op { // a rollup that nobody logged
		e, err := l.Rollup(t.Context(), first)
		require.NoError(t, err)
		e.Value.UptimePct = 1
		return []store.Op{l.SetRollup(e.Value)}
	})
	r, code = read("--verify", public)
	require.Equal(t, 1, code)
	require.Equal(t, "FAIL", r.Evidence.Outcome)
	require.Equal(t, 1, r.Evidence.Faults)
	require.Equal(t, "wa_metrics/longrun/rollups/"+longrun.RollupID(first), r.Evidence.Findings[0].Path)
	require.Contains(t, ctl(t, "report", at, "--verify", public, "--format=html").out, "FAIL: all documents were held")

	r, code = read("--verify") // signed, and no key to check it with
	require.Equal(t, 1, code)
	require.False(t, r.Evidence.Checkpoint.Signed)
}
