package guardstore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/store"
)

// broken is a host's store with a mistake in it.
type broken struct{ store.Store }

func (broken) Commit(context.Context, ...store.Op) ([]store.Stamp, error) { panic("no connection") }

func ExampleOf() {
	st := guardstore.Of(broken{}, nil)
	_, err := st.Commit(context.Background(), store.Delete(store.Key{Collection: "c", ID: "a"}))
	fmt.Println(err)
	fmt.Println(errors.Is(err, store.ErrConflict)) // nobody knows what became of it
	// Output:
	// the store's Commit: panic: no connection
	// false
}
