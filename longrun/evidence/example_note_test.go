package evidence_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// The note of the lock's row moves with each beat. One that was made up without the key
// is told.
func ExampleParseNote() {
	key, err := evidence.ParsePrivateKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		panic(err)
	}
	_, head := evidence.Head{}.Next(written(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), 1)[0])
	stored := evidence.Note{Head: head}.Sign("wa_metrics/longrun", key).String()

	note, err := evidence.ParseNote(stored)
	fmt.Println(note.Head.ChainSeq, note.Verify("wa_metrics/longrun", public(key)), err)
	note.Head.ChainSeq--
	fmt.Println(errors.Is(note.Verify("wa_metrics/longrun", public(key)), evidence.ErrSignature))
	// Output:
	// 1 <nil> <nil>
	// true
}

// A stranger needs the public key, as PEM or base64, or as verifiers of notes take it.
func ExampleParsePublicKey() {
	key, err := evidence.ParsePublicKey("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
	fmt.Println(evidence.KeyID(key), err)
	fmt.Println(evidence.VerifierKey("example.org/longrun", key))
	// Output:
	// 56475aa75463474c <nil>
	// example.org/longrun+eef624ab+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4
}

// A checkpoint is three lines, whether or not somebody has signed them.
func ExampleParseCheckpoint() {
	c, err := evidence.ParseCheckpoint("example.org/longrun\n2\nPTd7M6r5xE1+wYjY0c5UPFXHlVBIuVdBjJ4nBGlBwLc=\n")
	fmt.Println(c.Origin, c.Size, err)
	_, err = evidence.ParseCheckpoint("example.org/longrun\ntwo\n")
	fmt.Println(err)
	// Output:
	// example.org/longrun 2 <nil>
	// evidence: "example.org/longrun\ntwo\n" is no checkpoint: three lines are its origin, size and root
}

// The lines of a batch say which document each leaf of the tree is of.
func ExampleParseLines() {
	probe := longrun.Probe{ProbeKey: "OUT_20251229T23", Result: longrun.Pass}
	stored := evidence.AppendLines(nil, []evidence.Line{evidence.ProbeLine(probe.ProbeKey, probe)})
	lines, err := evidence.ParseLines(string(stored))
	fmt.Println(lines[0].Kind == evidence.Probe, lines[0].ID, lines[0].Leaf == evidence.Leaf(evidence.ProbeEntry(probe)), err)
	// Output:
	// true OUT_20251229T23 true <nil>
}
