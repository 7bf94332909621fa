package tree

import (
	"errors"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Stretch is a part of a tree: what was left of the leaves before it, and its own
// leaves. It proves any of those, and that the tree at its end goes on from any
// tree that ends within it.
type Stretch struct {
	Before Frontier
	Leaves []tlog.Hash
}

// ErrOutside is returned for a proof of what does not lie in the stretch.
var ErrOutside = errors.New("evidence: what is to be proven does not lie in this part of the tree")

// End returns how many leaves the tree has behind the stretch.
func (s Stretch) End() int64 { return s.Before.size + int64(len(s.Leaves)) }

// Inclusion returns the proof that the leaf of an index, counted from the tree's
// beginning, is in the tree of size leaves.
func (s Stretch) Inclusion(index, size int64) ([]tlog.Hash, error) {
	if index < s.Before.size || index >= size || size > s.End() {
		return nil, ErrOutside
	}
	return s.path(index, 0, size)
}

// path is PATH of RFC 6962, 2.1.1, of the leaves [lo, hi).
func (s Stretch) path(index, lo, hi int64) ([]tlog.Hash, error) {
	if hi-lo == 1 {
		return nil, nil
	}
	k := lo + split(hi-lo)
	if index < k {
		return s.behind(s.path(index, lo, k))(k, hi)
	}
	return s.behind(s.path(index, k, hi))(lo, k)
}

// behind returns what appends the hash of a range to a proof.
func (s Stretch) behind(proof []tlog.Hash, err error) func(lo, hi int64) ([]tlog.Hash, error) {
	return func(lo, hi int64) ([]tlog.Hash, error) {
		if err != nil {
			return nil, err
		}
		h, err := s.hash(lo, hi)
		return append(proof, h), err
	}
}

// Consistency returns the proof that the tree of size leaves begins with the tree
// of old leaves.
func (s Stretch) Consistency(old, size int64) ([]tlog.Hash, error) {
	if old < s.Before.size || old < 1 || old > size || size > s.End() {
		return nil, ErrOutside
	}
	if old == size {
		return nil, nil
	}
	return s.subproof(old, 0, size, true)
}

// subproof is SUBPROOF of RFC 6962, 2.1.2, of the leaves [lo, hi), where old
// counts from the tree's beginning.
func (s Stretch) subproof(old, lo, hi int64, whole bool) ([]tlog.Hash, error) {
	if old == hi {
		if whole {
			return nil, nil
		}
		return s.behind(nil, nil)(lo, hi)
	}
	k := lo + split(hi-lo)
	if old <= k {
		return s.behind(s.subproof(old, lo, k, whole))(k, hi)
	}
	return s.behind(s.subproof(old, k, hi, false))(lo, k)
}

// hash returns the hash of the leaves [lo, hi), a subtree of the tree.
func (s Stretch) hash(lo, hi int64) (tlog.Hash, error) {
	switch first := s.Before.size; {
	case lo >= first:
		return Frontier{}.Append(s.Leaves[lo-first : hi-first]...).Root(), nil
	case hi <= first:
		if h, ok := s.Before.piece(lo, hi); ok {
			return h, nil
		}
		if n := hi - lo; n&(n-1) == 0 {
			return tlog.Hash{}, ErrOutside // it lies within a piece
		}
	}
	k := lo + split(hi-lo)
	left, err := s.hash(lo, k)
	if err != nil {
		return left, err
	}
	right, err := s.hash(k, hi)
	return tlog.NodeHash(left, right), err
}

// piece returns the hash of the leaves [lo, hi), where they are one of the pieces.
func (f Frontier) piece(lo, hi int64) (tlog.Hash, bool) {
	at := int64(0)
	for i, rest := 0, f.size; rest > 0; i++ {
		n := int64(1) << (bits.Len64(uint64(rest)) - 1)
		if at == lo && at+n == hi {
			return f.pieces[i], true
		}
		at, rest = at+n, rest-n
	}
	return tlog.Hash{}, false
}

// split is the largest power of two under n, which is at least 2.
func split(n int64) int64 { return 1 << (bits.Len64(uint64(n-1)) - 1) }
