package foreign

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/stretchr/testify/require"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Two programs that are not ours accept the proofs of a year's log, and refuse each
// where one byte of the proof or of the document is another one.
func TestOthersCheckOurProofs(t *testing.T) {
	program := filepath.Join(t.TempDir(), "check")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./check")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	checkers := map[string][]string{"go": {program}}
	if node, err := exec.LookPath("node"); err == nil {
		checkers["node"] = []string{node, "check.mjs"}
	} else {
		t.Log("there is no node: its script is not tried")
	}

	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public, _ := key.Public().(ed25519.PublicKey)
	verifier := evidence.VerifierKey("example.org/longrun", public)
	signer, err := witness.NewSigner("watch.example.org/witness", ed25519.NewKeyFromSeed([]byte("a key of a witness, and no log's")))
	require.NoError(t, err)
	named := signer.Key().String()
	rng := rand.New(rand.NewPCG(1, 2))
	tip := evidence.Tip{Tree: "example.org/longrun"}
	dir := t.TempDir()
	for day := range 12 {
		var lines []evidence.Line
		var probes []longrun.Probe
		for n := range 1 + rng.IntN(1500) {
			p := longrun.Probe{ProbeKey: fmt.Sprintf("%d-%d", day, n), Result: longrun.Pass, Error: "ä \"\n"}
			probes, lines = append(probes, p), append(lines, evidence.ProbeLine(p.ProbeKey, p))
		}
		var b evidence.Batch
		b, tip, err = tip.Next(evidence.Draft{TS: time.Unix(int64(day), 0), Lines: lines}, key)
		require.NoError(t, err)
		line, err := signer.Cosign(b.Checkpoint, time.Unix(int64(day)*86400, 0))
		require.NoError(t, err)
		b.Cosigned = []string{line}
		p := probes[rng.IntN(len(probes))]
		proof, _, err := b.Prove(evidence.Probe, p.ProbeKey)
		require.NoError(t, err)
		entry, text := evidence.ProbeEntry(p), []byte(proof.String())
		for name, checker := range checkers {
			require.NoError(t, run(t, dir, checker, verifier, entry, text, named), "%s, day %d", name, day)
			bad := append([]byte{}, entry...)
			bad[rng.IntN(len(bad))] ^= 1
			require.Error(t, run(t, dir, checker, verifier, bad, text), name)
			bad = append([]byte{}, text...)
			bad[len(bad)-10] ^= 1 // of the cosignature
			require.Error(t, run(t, dir, checker, verifier, entry, bad, named), name)
			bad = append([]byte{}, text...)
			bad[len("c2sp.org/tlog-proof@v1\nindex ")+rng.IntN(len(bad)-len(line)-41)] ^= 1
			require.Error(t, run(t, dir, checker, verifier, entry, bad), "%s: %s", name, bad)
		}
	}
}

func run(t *testing.T, dir string, checker []string, verifier string, entry, proof []byte, witnesses ...string) error {
	t.Helper()
	file := filepath.Join(dir, "document")
	require.NoError(t, os.WriteFile(file, entry, 0o600))
	require.NoError(t, os.WriteFile(file+".tlog-proof", proof, 0o600))
	return exec.CommandContext(t.Context(), checker[0], append(append(slices.Clone(checker[1:]), verifier, file, file+".tlog-proof"), witnesses...)...).Run() //nolint:gosec // a program of this test
}

// What somebody else's witness signs counts here, and is refused of another checkpoint.
func TestCosignaturesOfOthersCountHere(t *testing.T) {
	signerKey := ed25519.NewKeyFromSeed([]byte(strings.Repeat("e", ed25519.SeedSize)))
	verifierKey, _ := signerKey.Public().(ed25519.PublicKey)
	for _, kind := range []byte{1, 4} { // both are taken there, and sign the same
		data := base64.StdEncoding.EncodeToString(append([]byte{kind}, signerKey.Seed()...))
		signer, err := fnote.NewSignerForCosignatureV1("PRIVATE+KEY+else.example.org+00000000+" + data)
		require.NoError(t, err)
		own, err := witness.NewKey("else.example.org", verifierKey)
		require.NoError(t, err)
		theirs, err := fnote.NewVerifierForCosignatureV1(own.String())
		require.NoError(t, err)
		require.Equal(t, signer.KeyHash(), theirs.KeyHash())
		checkpoint, err := evidence.Checkpoint{Origin: "example.org/longrun", Size: 7}.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)))
		require.NoError(t, err)
		text, _, _ := strings.Cut(checkpoint, "\n\n")
		cosigned, err := note.Sign(&note.Note{Text: text + "\n"}, signer)
		require.NoError(t, err)
		found, err := witness.Cosignatures(checkpoint, string(cosigned), own)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.WithinDuration(t, time.Now(), found[0].At, time.Minute)
		_, err = witness.Cosignatures(strings.Replace(checkpoint, "\n7\n", "\n8\n", 1), string(cosigned), own)
		require.ErrorIs(t, err, witness.ErrCosignature)
	}
}
