// Check checks a proof of a document with the libraries of transparency-dev, and
// nothing of ours.
package main

import (
	"fmt"
	"os"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	tproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := check(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1) //nolint:forbidigo // a program
	}
	_, _ = fmt.Fprintln(os.Stdout, "proven")
}

func check(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("usage: check KEY FILE PROOF [WITNESS…]")
	}
	entry, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	data, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	verifier, err := fnote.NewVerifier(args[0])
	if err != nil {
		return err
	}
	var p tproof.TLogProof
	if err := p.Unmarshal(data); err != nil {
		return err
	}
	checkpoint, _, _, err := log.ParseCheckpoint(p.Checkpoint, verifier.Name(), verifier)
	if err != nil {
		return err
	}
	if _, err := note.Open(p.Checkpoint, note.VerifierList(verifier)); err != nil {
		return err
	}
	for _, key := range args[3:] {
		witness, err := fnote.NewVerifierForCosignatureV1(key)
		if err != nil {
			return err
		}
		if _, err := note.Open(p.Checkpoint, note.VerifierList(witness)); err != nil {
			return fmt.Errorf("%s: %w", witness.Name(), err)
		}
	}
	hashes := make([][]byte, len(p.Hashes))
	for i := range p.Hashes {
		hashes[i] = p.Hashes[i][:]
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(entry)
	return proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, checkpoint.Size, leaf, hashes, checkpoint.Hash)
}
