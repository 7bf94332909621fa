package witnessed_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/witnessed"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// What a witness has seen of a log moves on in one step.
func ExampleState_Advance() {
	ctx := context.Background()
	s, err := witnessed.New(memstore.New(nil), "")
	if err != nil {
		panic(err)
	}
	first := witness.Seen{Size: 10, Root: tlog.RecordHash([]byte("a"))}
	fmt.Println(s.Advance(ctx, "example.org/log", witness.Seen{}, first, time.Unix(0, 0)))
	err = s.Advance(ctx, "example.org/log", witness.Seen{}, witness.Seen{Size: 12}, time.Unix(1, 0))
	fmt.Println(errors.Is(err, witness.ErrMoved))
	seen, err := s.Seen(ctx, "example.org/log")
	fmt.Println(seen == first, err)
	// Output:
	// <nil>
	// true
	// true <nil>
}

// Between the reading and the writing another process may have been there; and a
// document that was spoilt is no beginning of another history.
func TestAStateThatMovedOrIsSpoiltIsNotOverwritten(t *testing.T) {
	t.Parallel()
	mem := memstore.New(nil)
	faulty := storetest.Wrap(mem)
	s, err := witnessed.New(faulty, "")
	require.NoError(t, err)
	other, err := witnessed.New(mem, "")
	require.NoError(t, err)
	const origin = "example.org/log"
	root := func(n byte) witness.Seen { return witness.Seen{Size: int64(n), Root: tlog.RecordHash([]byte{n})} }
	old := witness.Seen{}
	for n := byte(1); n < 6; n += 2 {
		moved := false
		faulty.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
			if len(c.Ops) > 0 && !moved {
				moved = true
				return other.Advance(ctx, origin, old, root(n), time.Unix(int64(n), 0))
			}
			return nil
		}})
		require.ErrorIs(t, s.Advance(t.Context(), origin, old, root(n+1), time.Unix(9, 0)), witness.ErrMoved)
		seen, err := s.Seen(t.Context(), origin)
		require.NoError(t, err)
		require.Equal(t, root(n), seen)
		old = seen
	}
	l, err := ledger.New(mem, "")
	require.NoError(t, err)
	for _, doc := range []any{
		map[string]any{"ts": time.Unix(0, 0), "origin": origin, "size": 5, "root": "nonsense"},
		map[string]any{"ts": time.Unix(0, 0), "origin": "another", "size": 5, "root": old.Root.String()},
		map[string]any{"ts": time.Unix(0, 0), "origin": origin, "size": -5, "root": old.Root.String()},
		map[string]any{"ts": time.Unix(0, 0), "origin": origin, "size": "five"},
	} {
		_, err = mem.Commit(t.Context(), store.Set(l.Key(ledger.Witnessed, witnessed.ID(origin)), doc))
		require.NoError(t, err)
		_, err = s.Seen(t.Context(), origin)
		require.Error(t, err)
		require.Error(t, s.Advance(t.Context(), origin, witness.Seen{}, root(9), time.Unix(9, 0)))
	}
}
