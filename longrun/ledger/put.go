package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// put writes one document on the condition of its version, where the empty one
// means that there is none, and returns the new version.
//
// A conflict may be an echo: a client that repeats a write whose reply was lost
// is told of a conflict with itself. So what lies there is read, and where it is
// what was to be written, it is written.
func put[T any](ctx context.Context, l *Ledger, key store.Key, value T, version string) (string, error) {
	op := store.Update(key, value, version)
	if version == "" {
		op = store.Create(key, value)
	}
	stamps, err := l.store.Commit(ctx, op)
	if err == nil {
		return stamps[0].Version, nil
	}
	err = fmt.Errorf("ledger: write %s: %w", key, err)
	if !errors.Is(err, store.ErrConflict) {
		return "", err
	}
	rec, unread := l.store.Get(ctx, key)
	if unread != nil {
		if !errors.Is(unread, store.ErrNotFound) {
			err = errors.Join(err, fmt.Errorf("ledger: read it back: %w", unread))
		}
		return "", err
	}
	if !holds(rec, value) {
		return "", err
	}
	return rec.Version, nil
}

// holds reports whether a record has value, as far as value says anything.
func holds[T any](rec store.Record, value T) bool {
	var there T
	if rec.Decode(&there) != nil {
		return false
	}
	want, _, err := document.Encode(value)
	if err != nil {
		return false
	}
	got, _, err := document.Encode(there)
	return err == nil && bytes.Equal(got, want)
}
