package evidence

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
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
	start := Head{ChainSeq: beats[0].ChainSeq - 1, Hash: beats[0].PrevHash}
	if prev != nil {
		start = EndOf(*prev)
	}
	end := start
	for _, h := range beats {
		var err error
		if end, err = end.Check(h); err != nil {
			return longrun.Seal{}, err
		}
	}
	s := sealed(start, end, now)
	return s, ValidateSeal(s)
}

// sealed is the seal of what lies between two heads.
func sealed(start, end Head, now time.Time) longrun.Seal {
	return longrun.Seal{
		TS:       now.UTC().Truncate(time.Microsecond),
		FirstSeq: start.ChainSeq + 1, LastSeq: end.ChainSeq, Beats: end.ChainSeq - start.ChainSeq,
		PrevHash: start.Hash, LastHash: end.Hash,
	}
}

// StartOf returns the head of the chain before the segment.
func StartOf(s longrun.Seal) Head { return Head{ChainSeq: s.FirstSeq - 1, Hash: s.PrevHash} }

// EndOf returns the head of the chain after the segment.
func EndOf(s longrun.Seal) Head { return Head{ChainSeq: s.LastSeq, Hash: s.LastHash} }

// Follows reports whether the segment begins where that of prev ends.
func Follows(s longrun.Seal, prev longrun.Seal) bool { return StartOf(s) == EndOf(prev) }

// ValidateSeal reports what no seal can say: numbers out of order, a count that is
// not theirs, or a hash that is none.
func ValidateSeal(s longrun.Seal) error {
	var errs []error
	if s.FirstSeq < 1 || s.LastSeq < s.FirstSeq {
		errs = append(errs, fmt.Errorf("longrun: a seal from number %d to number %d", s.FirstSeq, s.LastSeq))
	} else if s.Beats != s.LastSeq-s.FirstSeq+1 {
		errs = append(errs, fmt.Errorf("longrun: a seal of %d beats from number %d to number %d", s.Beats, s.FirstSeq, s.LastSeq))
	}
	if start := StartOf(s); start.ChainSeq > 0 || start.Hash != "" {
		if _, err := ParseHead(start.String()); err != nil && s.FirstSeq > 0 {
			errs = append(errs, fmt.Errorf("longrun: prevHash %.70q of a seal from number %d", s.PrevHash, s.FirstSeq))
		}
	}
	if _, err := ParseHead(Head{ChainSeq: 1, Hash: s.LastHash}.String()); err != nil {
		errs = append(errs, fmt.Errorf("longrun: lastHash %.70q of a seal is no SHA-256", s.LastHash))
	}
	return errors.Join(errs...)
}
