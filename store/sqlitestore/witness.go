package sqlitestore

import (
	"context"
	"errors"
)

// Hold implements store.Witness, on Linux: the sign is a file beside the database,
// FILE-NAME.alive, which the kernel keeps locked for as long as this process lives.
// It goes on when the Store is closed. A Store that is read-only holds none.
func (s *Store) Hold(ctx context.Context, name string) (mark string, end func(spent bool), err error) {
	if s.readOnly {
		return "", nil, errors.ErrUnsupported
	}
	done, err := s.begin()
	if err != nil {
		return "", nil, err
	}
	defer done()
	mark, end, err = s.signs.Hold(ctx, name)
	if err != nil {
		return "", nil, s.fail("sign", err)
	}
	return mark, end, nil
}

// Seize implements store.Witness. While it waits it asks the kernel every 10 ms, by
// the Store's clock; the database is not asked, and need not stay open.
func (s *Store) Seize(ctx context.Context, name, mark string, wait bool) (done func(won bool), err error) {
	if done, err = s.signs.Seize(ctx, name, mark, wait); err != nil {
		return nil, s.fail("look for a sign", err)
	}
	return done, nil
}
