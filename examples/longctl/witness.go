package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/internal/witnesses"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// witnessFlags name the witnesses whose cosignatures count.
type witnessFlags struct {
	Witness []string `placeholder:"KEY" sep:"none" help:"The verifier key of a witness whose cosignatures count; with its address behind a space it is asked, too. May be given several times."`
	Needed  int      `placeholder:"N" help:"How many of the witnesses must have cosigned. Default: all that are given."`
}

// witnesses reads them.
func (f witnessFlags) witnesses() (all []verify.Witness, needed int, err error) {
	for _, text := range f.Witness {
		w, err := witnesses.Parse(text)
		if err != nil {
			return nil, 0, exit.Usage(fmt.Errorf("--witness: %w", err))
		}
		all = append(all, w)
	}
	if f.Needed < 0 || f.Needed > len(all) {
		return nil, 0, exit.Usage(fmt.Errorf("--needed: %d, and %d witnesses are given", f.Needed, len(all)))
	}
	if f.Needed == 0 {
		return all, len(all), nil
	}
	return all, f.Needed, nil
}

// cosigned are those of the witnesses that cosigned a checkpoint, with when. The error is
// that too few did.
func (f witnessFlags) cosigned(checkpoint string) ([]string, error) {
	by := []string{}
	all, needed, err := f.witnesses()
	if err != nil || len(all) == 0 {
		return by, err
	}
	keys := make([]witness.Key, 0, len(all))
	for _, w := range all {
		keys = append(keys, w.Key)
	}
	found, wrong := witness.Cosignatures(checkpoint, checkpoint, keys...)
	if len(found) < needed {
		return by, errors.Join(wrong, fmt.Errorf("cosigned by %d of the %d witnesses given, and %d are needed", len(found), len(keys), needed))
	}
	for _, c := range found {
		by = append(by, c.Key.Name()+" ("+c.At.Format(time.RFC3339)+")")
	}
	return by, nil
}
