package evidence

import (
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/longrun"
)

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
