package monitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/cosigning"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
)

// Cosigner is a witness that is asked to cosign checkpoints.
type Cosigner struct {
	// Key is what its cosignatures are checked with. Required.
	Key witness.Key
	// Adder asks it, such as witnesshttp.NewClient makes; it is called by one goroutine
	// at a time, and may hang, fail or panic. Required.
	Adder witness.Adder
}

// maxCosigners is how many witnesses a log asks at most.
const maxCosigners = 16

func (c *Config) validateCosigners(invalid *ConfigError) {
	if len(c.Cosigners) > 0 && len(c.EvidenceKey) == 0 {
		invalid.add("Cosigners", errors.New("need an EvidenceKey: witnesses cosign what is signed"))
	}
	if n := len(c.Cosigners); n > maxCosigners {
		invalid.add("Cosigners", fmt.Errorf("%d are more than %d", n, maxCosigners))
	}
	seen := map[witness.Key]bool{}
	for i, w := range c.Cosigners {
		field := fmt.Sprintf("Cosigners[%d]", i)
		switch {
		case w.Key == witness.Key{}:
			invalid.add(field, errors.New("has no Key"))
		case spawn.Nothing(w.Adder):
			invalid.add(field, errors.New("has no Adder"))
		case seen[w.Key]:
			invalid.add(field, fmt.Errorf("the witness %s is there already", w.Key.Name()))
		}
		seen[w.Key] = true
	}
}

// cosigningOptions are those of the room that asks them.
func (m *Monitor) cosigningOptions() cosigning.Options {
	o := cosigning.Options{Tell: func(ctx context.Context, a cosigning.Accusation) error {
		return m.channel.Accused(ctx, outbox.Accusation{By: a.By, What: a.What, Since: a.Since, Until: a.Until, Again: a.Again})
	}}
	for _, w := range m.cfg.Cosigners {
		o.Witnesses = append(o.Witnesses, cosigning.Witness{Key: w.Key, Adder: w.Adder})
	}
	return o
}

// CosignerStatus is what an instance knows of one witness.
type CosignerStatus = cosigning.Status
