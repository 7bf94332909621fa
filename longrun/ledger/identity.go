package ledger

import (
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// checkIdentity reports why a document that decodes is none of its collection: it
// does not say which one it is, or calls itself another. Whoever reads it goes by
// the name in it, and would look for a document that is not there.
//
// Beats and probes are not asked: those of the original system have no name in
// them. A rollup is asked by whoever counts it, which tells what it says instead,
// and a message is where it lies whatever it says.
func checkIdentity(id string, value any) error {
	var field, own string
	switch v := value.(type) {
	case *longrun.Incident:
		if field, own = "incidentId", v.IncidentID; own == id && v.TSStart.IsZero() {
			return errors.New("tsStart is missing")
		}
	case *longrun.Run:
		field, own = "runId", v.RunID
	case *longrun.Silence:
		field, own = "silenceId", v.SilenceID
	case *rules.State:
		field, own = "rule and target", v.ID()
	default:
		return nil
	}
	switch own {
	case id:
		return nil
	case "":
		return fmt.Errorf("%s is missing", field)
	}
	return fmt.Errorf("%s is that of another document: %q", field, visible.Line(own, maxShown))
}

// maxShown is how much an error shows of what a document says, in characters.
const maxShown = 100
