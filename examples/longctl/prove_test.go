package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// A document is proven, and the proof is checked without the store; one byte of
// either that is another one is refused.
func TestADocumentIsProvenAndTheProofChecked(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	key, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	t.Setenv("LONGRUN_EVIDENCE_KEY", base64.StdEncoding.EncodeToString(seed))
	public := "--public-key=" + base64.StdEncoding.EncodeToString(key)
	path, first := aged(t, 3)
	at := "--store=sqlite:" + path
	day := longrun.RollupID(first)

	require.Equal(t, 1, ctl(t, "checkpoint", at).code)
	require.Contains(t, ctl(t, "prove", at, "rollups/"+day).err, "there is no document")
	require.Zero(t, ctl(t, "rollup", at, "--missing").code)
	got := ctl(t, "verify", "evidence", at, public, "--as-of="+longrun.RollupID(first.AddDate(0, 0, 3)))
	require.NotContains(t, got.out, "FAIL", got)

	dir := t.TempDir()
	for _, document := range []string{"rollups/" + day, "heartbeats/" + longrun.SlotAt(first, 300e9).ID(300e9)} {
		file := filepath.Join(dir, strings.ReplaceAll(document, "/", "_"))
		got = ctl(t, "prove", at, document, "--out="+file)
		require.Zero(t, got.code, got)
		require.Contains(t, got.out, "leaf ")
		for _, given := range []string{file, file + proofEnding} {
			got = ctl(t, "check", given, public)
			require.Zero(t, got.code, got)
			require.Contains(t, got.out, ", signed")
		}
		require.Equal(t, 2, ctl(t, "check", file).code, "nobody says whose it is")
		for _, changed := range []string{file, file + proofEnding} {
			data, err := os.ReadFile(changed)
			require.NoError(t, err)
			bad := append([]byte{}, data...)
			bad[len(bad)-4] ^= 1
			require.NoError(t, os.WriteFile(changed, bad, 0o600))
			require.Equal(t, 1, ctl(t, "check", file, public).code, changed)
			require.NoError(t, os.WriteFile(changed, data, 0o600))
		}
	}
	got = ctl(t, "checkpoint", at, "--head")
	require.Zero(t, got.code, got)
	require.True(t, strings.HasPrefix(got.out, "wa_metrics/longrun\n"), got.out)
	anchors := filepath.Join(dir, "anchors.txt")
	require.NoError(t, os.WriteFile(anchors, []byte("kept: "+got.out), 0o600))
	require.Regexp(t, `anchors +1\n`, ctl(t, "verify", "evidence", at, public, "--anchor="+anchors).out)

	got = ctl(t, "key")
	require.Zero(t, got.code, got)
	require.Contains(t, got.out, "verifier key  wa_metrics/longrun+")
	for args, want := range map[string]string{
		"prove heartbeats":              "is no document",
		"prove outbox/x":                "only heartbeats",
		"prove heartbeats/a/b":          "is no name of a file",
		"check " + path:                 "the proof",
		"key --origin=a+b":              "--origin",
		"key --public-key=c2hvcnQ=":     "--public-key",
		"verify evidence --anchor=none": "none",
	} {
		words := strings.Fields(args)
		if words[0] == "prove" || words[0] == "verify" {
			words = append(words, at)
		}
		got = ctl(t, words...)
		require.Equal(t, 2, got.code, "%s: %v", args, got)
		require.Contains(t, got.err, want, args)
	}
}
