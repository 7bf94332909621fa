package witnessed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// Document is the last checkpoint of a log that was cosigned, as it is stored.
type Document struct {
	// TS is when, by the witness's clock.
	TS time.Time `json:"ts" firestore:"ts"`
	// Origin names the log.
	Origin string `json:"origin" firestore:"origin"`
	// Size is how many leaves it had, and Root its hash, in base64.
	Size int64  `json:"size" firestore:"size"`
	Root string `json:"root" firestore:"root"`
}

// State keeps documents of a ledger. It is safe for concurrent use, by several
// processes as well.
type State struct {
	ledger *ledger.Ledger
	store  store.Store
}

var _ witness.State = (*State)(nil)

// New returns the state under root in st, as ledger.New has it.
func New(st store.Store, root string) (*State, error) {
	l, err := ledger.New(st, root)
	if err != nil {
		return nil, err
	}
	return &State{l, st}, nil
}

// ID names the document of a log: half of its origin's SHA-256, since an origin has
// what IDs do without.
func ID(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:16])
}

// Seen implements witness.State.
func (s *State) Seen(ctx context.Context, origin string) (witness.Seen, error) {
	seen, _, err := s.read(ctx, origin)
	return seen, err
}

// read returns what is there, and the version of its document: empty without one. A
// document that cannot be read is an error, and not the beginning of another history.
func (s *State) read(ctx context.Context, origin string) (seen witness.Seen, version string, err error) {
	e, err := ledger.Read[Document](ctx, s.ledger, ledger.Witnessed, ID(origin))
	if errors.Is(err, store.ErrNotFound) {
		return seen, "", nil
	}
	if err != nil {
		return seen, "", err
	}
	if seen.Root, err = tree.ParseHash(e.Value.Root); err != nil || e.Value.Origin != origin || e.Value.Size < 1 {
		return witness.Seen{}, "", fmt.Errorf("witnessed: %s does not say what was seen of %.80q", e.Path(), origin)
	}
	seen.Size = e.Value.Size
	return seen, e.Version, nil
}

// Advance implements witness.State.
func (s *State) Advance(ctx context.Context, origin string, old, next witness.Seen, at time.Time) error {
	there, version, err := s.read(ctx, origin)
	if err != nil {
		return err
	}
	if there != old {
		return witness.ErrMoved
	}
	key := s.ledger.Key(ledger.Witnessed, ID(origin))
	value := Document{TS: at.UTC().Truncate(time.Microsecond), Origin: origin, Size: next.Size, Root: next.Root.String()}
	op := store.Create(key, value)
	if version != "" {
		op = store.Update(key, value, version)
	}
	if _, err = s.store.Commit(ctx, op); errors.Is(err, store.ErrConflict) {
		return witness.ErrMoved
	}
	return err
}
