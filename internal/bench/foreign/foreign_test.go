package foreign

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/stretchr/testify/require"
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
		p := probes[rng.IntN(len(probes))]
		proof, _, err := b.Prove(evidence.Probe, p.ProbeKey)
		require.NoError(t, err)
		entry, text := evidence.ProbeEntry(p), []byte(proof.String())
		for name, checker := range checkers {
			require.NoError(t, run(t, dir, checker, verifier, entry, text), "%s, day %d", name, day)
			bad := append([]byte{}, entry...)
			bad[rng.IntN(len(bad))] ^= 1
			require.Error(t, run(t, dir, checker, verifier, bad, text), name)
			bad = append([]byte{}, text...)
			bad[len("c2sp.org/tlog-proof@v1\nindex ")+rng.IntN(len(bad)-40)] ^= 1
			require.Error(t, run(t, dir, checker, verifier, entry, bad), "%s: %s", name, bad)
		}
	}
}

func run(t *testing.T, dir string, checker []string, verifier string, entry, proof []byte) error {
	t.Helper()
	file := filepath.Join(dir, "document")
	require.NoError(t, os.WriteFile(file, entry, 0o600))
	require.NoError(t, os.WriteFile(file+".tlog-proof", proof, 0o600))
	return exec.CommandContext(t.Context(), checker[0], append(checker[1:], verifier, file, file+".tlog-proof")...).Run() //nolint:gosec // a program of this test
}
