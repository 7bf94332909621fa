package evidence_test

import (
	"errors"
	"fmt"
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

// A day is sealed from the beats of its Scan, and the seal signed.
func ExampleSealer() {
	day := longrun.DayOf(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC))
	key, err := evidence.ParsePrivateKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") // of the environment, in earnest
	if err != nil {
		panic(err)
	}
	sealer := evidence.NewSealer(nil, day, time.Minute)
	for _, beat := range written(day.From, 1440) {
		sealer.Add(beat)
	}
	_, more := sealer.Earlier()
	fmt.Println("beats of the day before are needed:", more)
	seal, err := sealer.Seal(day.To.Add(time.Minute))
	if err != nil {
		panic(err)
	}
	signed := evidence.Sign(*seal, key)
	fmt.Println(signed.FirstSeq, signed.LastSeq, signed.KeyID, evidence.Verify(signed, public(key)))
	// Output:
	// beats of the day before are needed: false
	// 1 1440 56475aa75463474c <nil>
}

// A segment with a hole is no chain, and the beat behind the hole is named.
func ExampleNewSeal() {
	beats := written(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), 5)
	now := time.Date(2025, 12, 30, 0, 1, 0, 0, time.UTC)
	seal, err := evidence.NewSeal(nil, beats, now)
	fmt.Println(seal.Beats, err)
	_, err = evidence.NewSeal(nil, append(beats[:2], beats[3:]...), now)
	fmt.Println(err)
	// Output:
	// 5 <nil>
	// longrun: beat 2025-12-29T00-03-00 is number 4 of the chain, and number 3 was expected
}

// What is signed cannot be changed without the key.
func ExampleVerify() {
	seal, err := evidence.NewSeal(nil, written(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), 3), time.Date(2025, 12, 30, 0, 1, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	public, err := evidence.ParsePublicKey("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
	if err != nil {
		panic(err)
	}
	fmt.Println(errors.Is(evidence.Verify(seal, public), evidence.ErrUnsigned))
	// Output: true
}

// A key of another kind is named by its kind, and never shown.
func ExampleParsePrivateKey() {
	_, err := evidence.ParsePrivateKey("c2hvcnQ=")
	fmt.Println(err)
	// Output: longrun: base64 of 5 bytes; an Ed25519 private key has 32 or 64
}
