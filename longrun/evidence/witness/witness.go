package witness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// Seen is the last checkpoint of a log that a witness cosigned; the zero one where
// there is none.
type Seen struct {
	Size int64
	Root tlog.Hash
}

// State is what a witness keeps: one Seen for each log. It is safe for concurrent
// use, by other processes as well where they share what it is kept in.
type State interface {
	// Seen returns that of a log, by its origin.
	Seen(ctx context.Context, origin string) (Seen, error)
	// Advance puts next in the place of old, in one step and for good, or returns
	// ErrMoved where old is not what is there any more. at is when.
	Advance(ctx context.Context, origin string, old, next Seen, at time.Time) error
}

// ErrMoved is State's word for what another request has moved on meanwhile.
var ErrMoved = errors.New("witness: another request was faster")

// Options say whom a witness serves.
type Options struct {
	// Signer is its key. Required.
	Signer Signer
	// Logs are the verifier keys of the logs that it knows, such as longctl key
	// prints: several for a log whose key was changed. Required.
	Logs []string
	// State is what it has seen. Required: one that forgets is no witness.
	State State
	// Clock is what cosignatures are dated by. Default: the wall clock.
	Clock clock.Clock
}

// Witness cosigns the checkpoints of logs that it knows. It is safe for concurrent
// use, and several may share a State.
type Witness struct {
	signer Signer
	logs   map[string][]note.Verifier
	state  State
	clock  clock.Clock
}

var _ Adder = (*Witness)(nil)

// New returns a witness. The error names the options that are wrong.
func New(o Options) (*Witness, error) {
	w := &Witness{signer: o.Signer, logs: map[string][]note.Verifier{}, state: o.State, clock: o.Clock}
	if w.clock == nil {
		w.clock = clock.New()
	}
	var errs []error
	if o.Signer.private == nil {
		errs = append(errs, errors.New("witness: Signer is required"))
	}
	if o.State == nil {
		errs = append(errs, errors.New("witness: State is required"))
	}
	if len(o.Logs) == 0 {
		errs = append(errs, errors.New("witness: Logs: at least one is required"))
	}
	for i, text := range o.Logs {
		v, err := note.NewVerifier(text)
		if err != nil || evidence.ValidateOrigin(v.Name()) != nil {
			errs = append(errs, fmt.Errorf("witness: Logs: number %d is no verifier key of a log, which is name+hash+base64, such as longctl key prints", i+1))
			continue
		}
		w.logs[v.Name()] = append(w.logs[v.Name()], v)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return w, nil
}

// Key is what the witness is known by.
func (w *Witness) Key() Key { return w.signer.key }

// Add cosigns a checkpoint that goes on from the last one, and returns the line, with
// a line feed. What it keeps moves before it signs. The errors are this package's, or
// the State's.
func (w *Witness) Add(ctx context.Context, r Request) (string, error) {
	now := w.clock.Now() // before it looks: until then it saw no larger tree
	c, err := w.open(r)
	if err != nil {
		return "", err
	}
	seen, err := w.state.Seen(ctx, c.Origin)
	if err != nil {
		return "", err
	}
	next := Seen{Size: c.Size, Root: c.Root}
	if err := follows(r, seen, next); err != nil {
		return "", err
	}
	if next != seen && next.Size > 0 {
		err := w.state.Advance(ctx, c.Origin, seen, next, now)
		if errors.Is(err, ErrMoved) { // perhaps by this very request, whose first answer was lost
			if seen, err = w.state.Seen(ctx, c.Origin); err == nil && seen != next {
				err = &ConflictError{seen.Size}
			}
		}
		if err != nil {
			return "", err
		}
	}
	line, err := w.signer.Cosign(r.Checkpoint, now)
	return line + "\n", err
}

// open reads a request's checkpoint, which a known key of its log must have signed.
func (w *Witness) open(r Request) (evidence.Checkpoint, error) {
	c, err := evidence.ParseCheckpoint(r.Checkpoint)
	if err != nil {
		return c, fmt.Errorf("%w: its checkpoint is none", ErrBadRequest)
	}
	keys, known := w.logs[c.Origin]
	if !known {
		return c, ErrUnknownLog
	}
	n, err := note.Open([]byte(r.Checkpoint), note.VerifierList(keys...))
	if err != nil || n.Text != textOf(r.Checkpoint) {
		return c, ErrForbidden
	}
	if r.Old > c.Size {
		return c, fmt.Errorf("%w: its old size is above that of its checkpoint", ErrBadRequest)
	}
	return c, nil
}

// follows reports whether the next checkpoint goes on from the last one.
func follows(r Request, seen, next Seen) error {
	switch {
	case r.Old != seen.Size:
		return &ConflictError{seen.Size}
	case seen.Size == next.Size && seen.Size > 0 && seen.Root != next.Root:
		return &ConflictError{seen.Size}
	case seen.Size == 0:
		if len(r.Proof) > 0 || next.Size == 0 && next.Root != (tree.Frontier{}).Root() {
			return ErrInconsistent
		}
		return nil
	case tlog.CheckTree(r.Proof, next.Size, next.Root, seen.Size, seen.Root) != nil:
		return ErrInconsistent
	}
	return nil
}
