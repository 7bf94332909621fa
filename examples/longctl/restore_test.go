package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// A backup that was restored is an accusation by the anchors of what came behind it, until
// it is declared; then it is named, by whoever checks and in reports.
func TestARestoredBackupIsDeclared(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	key, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	t.Setenv("LONGRUN_EVIDENCE_KEY", base64.StdEncoding.EncodeToString(seed))
	public := "--public-key=" + base64.StdEncoding.EncodeToString(key)
	path, first := aged(t, 3)
	at := "--store=sqlite:" + path
	require.Zero(t, ctl(t, "rollup", at, "--day="+longrun.RollupID(first)).code)
	backup, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Zero(t, ctl(t, "rollup", at, "--missing").code)
	anchors := filepath.Join(t.TempDir(), "anchors.txt")
	require.NoError(t, os.WriteFile(anchors, []byte(ctl(t, "checkpoint", at, "--head").out), 0o600))
	declare := []string{"declare-restore", at, "--anchor=" + anchors, "--why=the disk failed"}
	got := ctl(t, declare...)
	require.Equal(t, 1, got.code, got)
	require.Contains(t, got.err, "nothing is known to be lost")

	require.NoError(t, os.WriteFile(path, backup, 0o600))
	check := []string{"verify", "evidence", at, public, "--anchor=" + anchors, "--as-of=" + longrun.RollupID(first.AddDate(0, 0, 3))}
	got = ctl(t, check...)
	require.Equal(t, 1, got.code, got)
	require.Contains(t, got.out, "what came behind it was removed")

	got = ctl(t, append(declare, "--dry-run")...)
	require.Zero(t, got.code, got)
	require.Contains(t, got.out, "would be declared: ")
	require.Equal(t, 1, ctl(t, check...).code)
	got = ctl(t, declare...)
	require.Zero(t, got.code, got)
	require.Contains(t, got.out, `("the disk failed"): the history went back to the beat of `)
	got = ctl(t, check...)
	require.Equal(t, 2, got.code, got)
	require.Contains(t, got.out, "and what came behind is lost, up to then: at least leaves ")
	require.Contains(t, ctl(t, "report", at, "--window=30d", "--interval=5m").out, "A restore was declared: ")
	require.Equal(t, 2, ctl(t, "declare-restore", at, "--anchor="+anchors, "--why= ").code)
}
