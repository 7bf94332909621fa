package evidence

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// proofHeader is the first line of a tlog-proof of C2SP.
const proofHeader = "c2sp.org/tlog-proof@v1\n"

// Proof shows that an entry is a leaf of the tree of a checkpoint. With the entry
// and the log's verifier key it stands alone, as a detached signature does. Its
// text is a tlog-proof of C2SP.
type Proof struct {
	// Index is the leaf's place, from 0.
	Index int64
	// Hashes lead from it to the root.
	Hashes []tlog.Hash
	// Checkpoint is that of the tree, verbatim.
	Checkpoint string
}

// String returns the text of the proof's file.
func (p Proof) String() string {
	b := append([]byte(proofHeader), "index "...)
	b = append(strconv.AppendInt(b, p.Index, 10), '\n')
	for _, h := range p.Hashes {
		b = append(append(b, h.String()...), '\n')
	}
	return string(append(append(b, '\n'), p.Checkpoint...))
}

// ErrNoProof says that a text is no tlog-proof.
var ErrNoProof = errors.New("evidence: this is no proof, which begins with \"" + strings.TrimSpace(proofHeader) + "\"")

// maxProof is how many hashes a proof has at most: more than a tree of 2^62 needs.
const maxProof = 63

// ParseProof reads the text of a proof. It checks nothing that it says.
func ParseProof(text string) (Proof, error) {
	rest, ok := strings.CutPrefix(text, proofHeader)
	if !ok {
		return Proof{}, ErrNoProof
	}
	body, checkpoint, ok := strings.Cut(rest, "\n\n")
	if !ok {
		return Proof{}, fmt.Errorf("%w, and has a checkpoint behind an empty line", ErrNoProof)
	}
	lines := strings.Split(body, "\n")
	if strings.HasPrefix(lines[0], "extra ") { // the standard's, and none of ours
		lines = lines[1:]
	}
	if len(lines) == 0 || len(lines) > maxProof+1 {
		return Proof{}, fmt.Errorf("evidence: a proof of %d lines", len(lines))
	}
	p := Proof{Checkpoint: checkpoint}
	index, ok := strings.CutPrefix(lines[0], "index ")
	var err error
	if p.Index, err = strconv.ParseInt(index, 10, 64); !ok || err != nil || p.Index < 0 || strconv.FormatInt(p.Index, 10) != index {
		return Proof{}, fmt.Errorf("evidence: the index of a proof is missing: %.60q", lines[0])
	}
	for _, line := range lines[1:] {
		h, err := tree.ParseHash(line)
		if err != nil {
			return Proof{}, err
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// ErrNotProven says that a proof is not one of the entry: the one or the other was
// changed.
var ErrNotProven = errors.New("evidence: the proof is not of this document, or one of them was changed")

// Check reports whether the proof shows that the entry is in the tree of its
// checkpoint, and whether one of the keys signed that. The errors are ErrNotProven,
// and those of VerifyCheckpoint: the entry is in the tree then.
func (p Proof) Check(entry []byte, keys ...ed25519.PublicKey) (Checkpoint, error) {
	c, err := ParseCheckpoint(p.Checkpoint)
	if err != nil {
		return c, err
	}
	if p.Index >= c.Size || tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, Leaf(entry)) != nil {
		return c, ErrNotProven
	}
	return VerifyCheckpoint(p.Checkpoint, keys...)
}
