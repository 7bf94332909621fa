package firestorestore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/faultnet"
	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
)

func TestWithoutAWatchClientCallersAreToldToPoll(t *testing.T) {
	t.Parallel()
	_, err := open(t, firestoretest.Client(t), nil).Watch(t.Context(), key("k"))
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestAWatchSeesWhatAnotherClientWrites(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	watching := open(t, dial(t, host, project), &firestorestore.Options{WatchClient: firestoretest.Connect(t, host, project)})
	writing := open(t, dial(t, host, project), nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changed, err := watching.Watch(ctx, key("k"))
	require.NoError(t, err)
	for n := range int64(3) {
		write := func() { commit(t, writing, store.Set(key("k"), beat{noon, n})) }
		write()
		require.True(t, signalled(t, changed, "what another client wrote", write))
	}
	commit(t, writing, store.Set(key("other"), beat{noon, 1}))
	cancel()
	require.LessOrEqual(t, drained(t, changed), 1, "closed when the context ended, and deaf to other documents")
}

func TestAWatchThatDoesNotComeAboutIsAnError(t *testing.T) {
	t.Parallel()
	proxy := faultnet.New(t, firestoretest.Host(t))
	proxy.Blackhole()
	project := firestoretest.Project()
	s := open(t, dial(t, proxy.Addr(), project), &firestorestore.Options{
		Timeout: 200 * time.Millisecond, WatchClient: firestoretest.Connect(t, proxy.Addr(), project),
	})
	_, err := s.Watch(t.Context(), key("k"))
	require.ErrorIs(t, err, context.DeadlineExceeded)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Watch(ctx, key("k"))
	require.ErrorIs(t, err, context.Canceled)
}

// A listener survives the connection it began on: what changed meanwhile is
// told when it is back.
func TestAWatchGoesOnAfterItsConnectionBroke(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	proxy := faultnet.New(t, host)
	direct := open(t, dial(t, host, project), nil)
	s := open(t, dial(t, host, project), &firestorestore.Options{WatchClient: firestoretest.Connect(t, proxy.Addr(), project)})
	changed, err := s.Watch(t.Context(), key("k"))
	require.NoError(t, err)

	proxy.Refuse()
	proxy.Reset()
	commit(t, direct, store.Set(key("k"), beat{noon, 1}))
	proxy.Heal()
	require.True(t, signalled(t, changed, "what changed while its connection was broken", nil))
}
