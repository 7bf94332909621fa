package witness

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// Request asks for a cosignature: the body of add-checkpoint.
type Request struct {
	// Old is the size of the last checkpoint that the witness cosigned, as the log
	// knows it; 0 where it knows none.
	Old int64
	// Proof is that the checkpoint's tree begins with that of Old leaves: none where
	// Old is 0, or the checkpoint's own size.
	Proof []tlog.Hash
	// Checkpoint is a signed note.
	Checkpoint string
}

const (
	// maxProof is how many lines a proof may have.
	maxProof = 63
	// MaxRequest is how many bytes a request has at most: a proof, and a checkpoint
	// with many signatures.
	MaxRequest = 64 << 10
)

// String returns the text of the request.
func (r Request) String() string {
	var b strings.Builder
	b.WriteString("old " + strconv.FormatInt(r.Old, 10) + "\n")
	for _, h := range r.Proof {
		b.WriteString(h.String() + "\n")
	}
	return b.String() + "\n" + r.Checkpoint
}

// ParseRequest reads the text of a request, in its one spelling. It checks nothing
// that it says. The error wraps ErrBadRequest.
func ParseRequest(text string) (Request, error) {
	if len(text) > MaxRequest {
		return Request{}, fmt.Errorf("%w: more than %d bytes", ErrBadRequest, MaxRequest)
	}
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	if !ok {
		return Request{}, fmt.Errorf("%w: there is no empty line before the checkpoint", ErrBadRequest)
	}
	lines := strings.Split(head, "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	old, err := strconv.ParseInt(size, 10, 64)
	if !ok || err != nil || old < 0 || strconv.FormatInt(old, 10) != size {
		return Request{}, fmt.Errorf("%w: the first line is not such as \"old 42\"", ErrBadRequest)
	}
	if len(lines)-1 > maxProof {
		return Request{}, fmt.Errorf("%w: a proof of %d lines, and at most %d are allowed", ErrBadRequest, len(lines)-1, maxProof)
	}
	r := Request{Old: old, Checkpoint: checkpoint}
	for _, line := range lines[1:] {
		h, err := tree.ParseHash(line)
		if err != nil {
			return Request{}, fmt.Errorf("%w: a line of the proof is no SHA-256 in base64", ErrBadRequest)
		}
		r.Proof = append(r.Proof, h)
	}
	return r, nil
}
