package tree

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Frontier is the right edge of a tree: the roots of the full trees that its
// leaves make, the largest first, one for each bit of their number. That is all
// that is needed to add leaves. The zero Frontier is the empty tree.
//
// A copy shares nothing that Append changes.
type Frontier struct {
	size   int64
	pieces []tlog.Hash
}

// Size returns how many leaves the tree has.
func (f Frontier) Size() int64 { return f.size }

// Append returns the frontier behind the leaves. It leaves f as it is.
func (f Frontier) Append(leaves ...tlog.Hash) Frontier {
	pieces := make([]tlog.Hash, len(f.pieces), bits.Len64(uint64(f.size)+uint64(len(leaves)))+1)
	copy(pieces, f.pieces)
	for i, leaf := range leaves {
		for full := f.size + int64(i); full&1 == 1; full >>= 1 {
			last := len(pieces) - 1
			leaf = tlog.NodeHash(pieces[last], leaf)
			pieces = pieces[:last]
		}
		pieces = append(pieces, leaf)
	}
	return Frontier{size: f.size + int64(len(leaves)), pieces: pieces}
}

// Root returns the hash of the whole tree; that of the empty one is the SHA-256 of
// nothing.
func (f Frontier) Root() tlog.Hash {
	if len(f.pieces) == 0 {
		return empty
	}
	root := f.pieces[len(f.pieces)-1]
	for _, left := range slices.Backward(f.pieces[:len(f.pieces)-1]) {
		root = tlog.NodeHash(left, root)
	}
	return root
}

// empty is the SHA-256 of nothing.
var empty = tlog.Hash{ //nolint:gochecknoglobals // a constant
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
}

// Equal reports whether both are the edge of one tree.
func (f Frontier) Equal(o Frontier) bool { return f.size == o.size && slices.Equal(f.pieces, o.pieces) }

// Strings returns the hashes in base64, the largest tree first: at most 62.
func (f Frontier) Strings() []string {
	texts := make([]string, len(f.pieces))
	for i, h := range f.pieces {
		texts[i] = h.String()
	}
	return texts
}

// errSize is the fault of a number of leaves that no tree has.
var errSize = errors.New("evidence: a tree of fewer leaves than none")

// Parse reads what Strings wrote of a tree of size leaves.
func Parse(size int64, texts []string) (Frontier, error) {
	if size < 0 {
		return Frontier{}, errSize
	}
	if n := bits.OnesCount64(uint64(size)); n != len(texts) {
		return Frontier{}, fmt.Errorf("evidence: %d hashes for the edge of a tree of %d leaves, which has %d", len(texts), size, n)
	}
	f := Frontier{size: size, pieces: make([]tlog.Hash, len(texts))}
	for i, text := range texts {
		h, err := ParseHash(text)
		if err != nil {
			return Frontier{}, err
		}
		f.pieces[i] = h
	}
	return f, nil
}

// ParseHash reads a hash in base64, in its one spelling.
func ParseHash(text string) (h tlog.Hash, err error) {
	var in [44]byte
	var raw [33]byte                                                                   // in whole groups
	if copy(in[:], text); len(text) == len(in) && !strings.ContainsAny(text, "\r\n") { // which the decoder passes over
		if n, err := base64.StdEncoding.Strict().Decode(raw[:], in[:]); err == nil && n == len(h) {
			return tlog.Hash(raw[:n]), nil
		}
	}
	return h, fmt.Errorf("evidence: %.60q is no SHA-256 in base64", text)
}
