package evidence_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// written are n beats of one day, linked as a leader links them.
func written(day time.Time, n int) (beats []longrun.Heartbeat) {
	var head evidence.Head
	for slot := range n {
		var beat longrun.Heartbeat
		beat, head = head.Next(longrun.Beat(day.Add(time.Duration(slot)*time.Minute), time.Minute))
		beats = append(beats, beat)
	}
	return beats
}

// A checkpoint stands for all that was logged, and others check it.
func ExampleTip_Next() {
	key, err := evidence.ParsePrivateKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") // of the environment, in earnest
	if err != nil {
		panic(err)
	}
	var lines []evidence.Line
	for _, beat := range written(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), 1440) {
		lines = append(lines, evidence.BeatLine(beat.BucketID, beat))
	}
	tip := evidence.Tip{Tree: "example.org/longrun"} // of nothing
	batch, _, err := tip.Next(evidence.Draft{TS: time.Date(2025, 12, 30, 0, 1, 0, 0, time.UTC), By: "i1", Lines: lines}, key)
	if err != nil {
		panic(err)
	}
	checkpoint, err := evidence.VerifyCheckpoint(batch.Checkpoint, public(key))
	fmt.Println(checkpoint.Origin, checkpoint.Size, err)
	_, err = evidence.VerifyCheckpoint(strings.Replace(batch.Checkpoint, "1441", "1442", 1), public(key))
	fmt.Println(errors.Is(err, evidence.ErrSignature))
	// Output:
	// example.org/longrun 1441 <nil>
	// true
}

// A proof and the text of the document are all that a stranger needs.
func ExampleBatch_Prove() {
	key, err := evidence.ParsePrivateKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		panic(err)
	}
	probe := longrun.Probe{ProbeKey: "OUT_20251229T23", Result: longrun.Pass}
	batch, _, err := evidence.Tip{Tree: "example.org/longrun"}.Next(evidence.Draft{Lines: []evidence.Line{evidence.ProbeLine(probe.ProbeKey, probe)}}, key)
	if err != nil {
		panic(err)
	}
	proof, _, err := batch.Prove(evidence.Probe, probe.ProbeKey)
	if err != nil {
		panic(err)
	}
	read, err := evidence.ParseProof(proof.String())
	if err != nil {
		panic(err)
	}
	_, err = read.Check(evidence.ProbeEntry(probe), public(key))
	fmt.Println(err)
	probe.Result = longrun.Fail
	_, err = read.Check(evidence.ProbeEntry(probe), public(key))
	fmt.Println(err)
	// Output:
	// <nil>
	// evidence: the proof is not of this document, or one of them was changed
}

// A key of another kind is named by its kind, and never shown.
func ExampleParsePrivateKey() {
	_, err := evidence.ParsePrivateKey("c2hvcnQ=")
	fmt.Println(err)
	// Output: longrun: base64 of 5 bytes; an Ed25519 private key has 32 or 64
}
