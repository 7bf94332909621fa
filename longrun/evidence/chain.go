package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Head is the end of the chain of beats: the number of the last one and its
// Hash. The zero Head is a chain without beats. It is kept where the beats are
// not, in the row of the lock, and moves in the same commit as the beat, so
// that the chain cannot fork.
type Head struct {
	ChainSeq int64  `json:"chainSeq" firestore:"chainSeq"`
	Hash     string `json:"hash" firestore:"hash"`
}

// HeadOf returns the head behind a stored beat: the zero Head of one that is in no
// chain.
func HeadOf(h longrun.Heartbeat) Head {
	if h.ChainSeq < 1 {
		return Head{}
	}
	return Head{ChainSeq: h.ChainSeq, Hash: Hash(h)}
}

// Next links the beat behind the head and returns the beat as it is to be stored
// and the head after it. Nothing of the beat may change afterwards.
func (d Head) Next(h longrun.Heartbeat) (longrun.Heartbeat, Head) {
	h.ChainSeq, h.PrevHash = d.ChainSeq+1, d.Hash
	return h, Head{ChainSeq: h.ChainSeq, Hash: Hash(h)}
}

// Check reports whether the beat is the one behind the head, and returns the
// head after it. The error is a *ChainError; the head is then that of the beat
// all the same, so that a check can go on and find the next break.
func (d Head) Check(h longrun.Heartbeat) (Head, error) {
	next := Head{ChainSeq: h.ChainSeq, Hash: Hash(h)}
	if h.ChainSeq != d.ChainSeq+1 || h.PrevHash != d.Hash {
		return next, &ChainError{BucketID: h.BucketID, After: d, ChainSeq: h.ChainSeq, PrevHash: h.PrevHash}
	}
	return next, nil
}

// ChainError says that a beat does not follow the one before it: that one was
// edited, or documents between them are missing or were added.
type ChainError struct {
	// BucketID is the beat that does not follow.
	BucketID string
	// After is the head that it should follow.
	After Head
	// ChainSeq and PrevHash are what the beat says of itself.
	ChainSeq int64
	PrevHash string
}

// Error implements error.
func (e *ChainError) Error() string {
	if want := e.After.ChainSeq + 1; e.ChainSeq != want {
		return fmt.Sprintf("longrun: beat %s is number %d of the chain, and number %d was expected", e.BucketID, e.ChainSeq, want)
	}
	return fmt.Sprintf("longrun: beat %s (number %d of the chain) follows a beat with hash %q, and the one before it has %q",
		e.BucketID, e.ChainSeq, e.PrevHash, e.After.Hash)
}

// String returns the head as text, such as "42 9f86d0…": under 100 bytes. The
// zero Head is the empty text, like the note of a lock that was never held.
func (d Head) String() string {
	if d == (Head{}) {
		return ""
	}
	return strconv.FormatInt(d.ChainSeq, 10) + " " + d.Hash
}

// ParseHead reads what String wrote, and nothing else.
func ParseHead(s string) (Head, error) {
	if s == "" {
		return Head{}, nil
	}
	seq, hash, _ := strings.Cut(s, " ")
	d := Head{Hash: hash}
	var errSeq error
	d.ChainSeq, errSeq = strconv.ParseInt(seq, 10, 64)
	sum, errHash := hex.DecodeString(hash)
	// Numbers and hexadecimal have more than one spelling; one is ours.
	same := d.String() == s && hex.EncodeToString(sum) == hash
	if errSeq != nil || errHash != nil || len(sum) != sha256.Size || d.ChainSeq < 1 || !same {
		return Head{}, fmt.Errorf("longrun: %.80q is no head of a chain, such as \"42 9f86d0…\"", s)
	}
	return d, nil
}
