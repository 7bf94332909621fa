package monitor

import (
	"fmt"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// origin names the log of evidence.
func (c *Config) origin() string {
	switch {
	case c.Origin != "":
		return c.Origin
	case c.Root != "":
		return evidence.Origin(c.Root)
	}
	return evidence.Origin(ledger.DefaultRoot)
}

// validateOrigin reports a name that no log can have. Behind '#' stands which tree of
// a log it is.
func (c *Config) validateOrigin() error {
	if evidence.ValidateOrigin(c.origin()) == nil && !strings.Contains(c.Origin, "#") {
		return nil
	}
	return fmt.Errorf("%.80q is not of 1 to 200 visible ASCII characters without '+' and '#'", c.Origin)
}
