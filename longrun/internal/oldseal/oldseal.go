// Package oldseal seals days as the versions before the log of evidence did, for the
// tests of the histories that they left. Nothing else imports it.
//
// It shows nothing of what is sealed today: see package evidence.
package oldseal

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// ErrNothingToSeal is returned for a segment without beats: the chain did not
// move, and there is no seal.
var ErrNothingToSeal = errors.New("longrun: no beat to seal")

// NewSeal seals the beats, in the order of the chain, behind prev; nil means
// that nothing was sealed before, and the segment begins wherever its first beat
// says. A segment that is not a chain, or does not follow prev, is refused with
// a *ChainError that names the beat. The seal is not signed; see Sign.
//
// It is for whoever has the segment already. A Sealer finds it among the beats
// of a day.
func NewSeal(prev *longrun.Seal, beats []longrun.Heartbeat, now time.Time) (longrun.Seal, error) {
	if len(beats) == 0 {
		return longrun.Seal{}, ErrNothingToSeal
	}
	start := evidence.Head{ChainSeq: beats[0].ChainSeq - 1, Hash: beats[0].PrevHash}
	if prev != nil {
		start = evidence.EndOf(*prev)
	}
	end := start
	for _, h := range beats {
		var err error
		if end, err = end.Check(h); err != nil {
			return longrun.Seal{}, err
		}
	}
	s := sealed(start, end, now)
	return s, evidence.ValidateSeal(s)
}

// sealed is the seal of what lies between two heads.
func sealed(start, end evidence.Head, now time.Time) longrun.Seal {
	return longrun.Seal{
		TS:       now.UTC().Truncate(time.Microsecond),
		FirstSeq: start.ChainSeq + 1, LastSeq: end.ChainSeq, Beats: end.ChainSeq - start.ChainSeq,
		PrevHash: start.Hash, LastHash: end.Hash,
	}
}

// Sign returns the seal with the signature of key, in base64. Signing again
// gives the same signature.
func Sign(s longrun.Seal, key ed25519.PrivateKey) longrun.Seal {
	public, _ := key.Public().(ed25519.PublicKey) // what an Ed25519 key returns
	s.KeyID = evidence.KeyID(public)
	s.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, evidence.Canonical(s)))
	return s
}
