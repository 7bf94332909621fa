package ledger

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// Decode reads a record as a T, and mends what documents of the original system
// call by another name. One that does not fit, or does not name itself, is a *DocumentError beside an Entry
// that says where it lies.
func Decode[T any](rec store.Record) (Entry[T], error) {
	var e Entry[T]
	err := DecodeInto(rec, &e)
	return e, err
}

// DecodeInto is Decode into an Entry that is there, whatever it held: whoever reads many
// needs no memory for each.
func DecodeInto[T any](rec store.Record, e *Entry[T]) error {
	*e = Entry[T]{Key: rec.Key, At: rec.At, Version: rec.Version}
	err := rec.Decode(&e.Value)
	if err == nil {
		err = checkIdentity(rec.Key.ID, &e.Value)
	}
	if err != nil {
		var zero T
		e.Value = zero
		return &DocumentError{Path: rec.Key.String(), Err: err}
	}
	switch v := any(&e.Value).(type) {
	case *longrun.Heartbeat:
		if own := v.TS.Truncate(time.Microsecond); !own.IsZero() && !own.Equal(rec.At) {
			e.Own = own.UTC()
		}
		mendHeartbeat(v, rec)
	case *longrun.Probe:
		mendProbe(v, rec)
	}
	return nil
}

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
	case *evidence.Batch:
		field, own = "number", v.ID()
	case *evidence.Restore:
		field, own = "restoreId", v.RestoreID
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

// originalCommit returns what the original system wrote as the commit.
func originalCommit(rec store.Record) string {
	var old struct {
		Commit string `json:"commit" firestore:"commit"`
	}
	_ = rec.Decode(&old) // of another type: as good as missing
	return old.Commit
}

// DocumentError says that one document is not what its collection holds. The
// list it stands in goes on behind it.
type DocumentError struct {
	// Path is the document's full path.
	Path string
	// Err says what does not fit.
	Err error
}

// Error is one line: whoever wrote the document chose its path and what is wrong.
func (e *DocumentError) Error() string {
	return visible.Line("ledger: "+e.Path+": "+strings.TrimPrefix(e.Err.Error(), "store: "), maxError)
}

// maxError is how long the text of a DocumentError is, in characters. A path may
// take half of it.
const maxError = 3000

// Unwrap returns what does not fit.
func (e *DocumentError) Unwrap() error { return e.Err }

func isDocument(err error) bool {
	var mangled *DocumentError
	return errors.As(err, &mangled)
}
