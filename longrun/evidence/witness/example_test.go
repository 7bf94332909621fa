package witness_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

// A witness cosigns what goes on from what it cosigned, and no other history.
func ExampleNew() {
	log := newHistory(12) // a log, whose key the witness knows
	clk := clock.NewMock()
	clk.Set(time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC))
	w, err := witness.New(witness.Options{
		Signer: signer("watch.example.org/witness", 'w'),
		Logs:   []string{verifierKey(log.key)},
		State:  &witness.Memory{}, // in earnest one that outlives the process
		Clock:  clk,
	})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	_, err = w.Add(ctx, log.request(0, 10))
	fmt.Println("10 leaves:", err)
	lines, err := w.Add(ctx, log.request(10, 12))
	fmt.Println("12 leaves:", err)

	found, err := witness.Cosignatures(log.checkpoint(12), lines, w.Key())
	fmt.Println(found[0].Key.Name(), found[0].At, err)

	_, err = w.Add(ctx, log.fork("b", 8, 9).request(12, 17))
	fmt.Println(errors.Is(err, witness.ErrInconsistent))
	_, err = w.Add(ctx, log.request(9, 9))
	fmt.Println(err)
	// Output:
	// 10 leaves: <nil>
	// 12 leaves: <nil>
	// watch.example.org/witness 2026-01-01 00:05:00 +0000 UTC <nil>
	// true
	// witness: the last checkpoint that it cosigned had 12 leaves
}

// The verifier key is what others know a witness by.
func ExampleParseKey() {
	k, err := witness.ParseKey(signer("watch.example.org/witness", 'w').Key().String())
	fmt.Println(k.Name(), err)
	_, err = witness.ParseKey(verifierKey(key('l')))
	fmt.Println(err)
	// Output:
	// watch.example.org/witness <nil>
	// witness: this is the verifier key of a log (kind 1), and that of a witness is needed (kind 4)
}

// A request is a text of lines.
func ExampleRequest_String() {
	r, err := witness.ParseRequest("old 0\n\nexample.org/log\n…")
	fmt.Println(r.Old, len(r.Proof), err)
	fmt.Printf("%q\n", witness.Request{Old: 7, Checkpoint: "example.org/log\n…"}.String())
	// Output:
	// 0 0 <nil>
	// "old 7\n\nexample.org/log\n…"
}

// Of the lines of one witness the newest stays.
func ExampleMerge() {
	checkpoint := newHistory(3).checkpoint(3)
	w := signer("watch.example.org/witness", 'w')
	first, err := w.Cosign(checkpoint, time.Unix(1, 0))
	if err != nil {
		panic(err)
	}
	again, err := w.Cosign(checkpoint, time.Unix(2, 0))
	if err != nil {
		panic(err)
	}
	merged := witness.Merge([]string{first}, again)
	fmt.Println(len(merged), merged[0] == again)
	// Output:
	// 1 true
}

// The private half signs, and the public one is what others are given.
func ExampleNewSigner() {
	s, err := witness.NewSigner("watch.example.org/witness", key('w'))
	if err != nil {
		panic(err)
	}
	public, ok := key('w').Public().(ed25519.PublicKey)
	k, err := witness.NewKey("watch.example.org/witness", public)
	fmt.Println(ok, k == s.Key(), err)
	_, err = witness.NewKey("a name", public)
	fmt.Println(err)
	// Output:
	// true true <nil>
	// witness: "a name" is no name of a witness, such as watch.example.org/witness: visible ASCII without '+'
}
