package firestorestore_test

import (
	"bytes"
	"context"
	"runtime/pprof"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/seed-13dc028d/longwatch/internal/faultnet"
	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
)

// network is a store behind a proxy, and one beside it that nothing troubles.
type network struct {
	proxy         *faultnet.Proxy
	store, direct *firestorestore.Store
	beside        *firestore.Client // direct's
}

func newNetwork(t *testing.T, opts *firestorestore.Options) network {
	t.Helper()
	host, project := firestoretest.Host(t), firestoretest.Project()
	proxy := faultnet.New(t, host)
	n := network{proxy: proxy, beside: firestoretest.Connect(t, host, project)}
	n.store = open(t, dial(t, proxy.Addr(), project), opts)
	n.direct = open(t, n.beside, nil)
	require.NoError(t, n.store.Ping(t.Context()), "the connection stands")
	return n
}

// everyCall is each way to ask the store for something.
func everyCall(s *firestorestore.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Get": func(ctx context.Context) error { _, err := s.Get(ctx, key("k")); return err },
		"Commit": func(ctx context.Context) error {
			_, err := s.Commit(ctx, store.Set(key("k"), beat{TS: noon}))
			return err
		},
		"Update": func(ctx context.Context) error {
			_, err := s.Commit(ctx, store.Update(key("k"), beat{TS: noon}, "2025-12-29T12:00:00Z"))
			return err
		},
		"Scan": func(ctx context.Context) error {
			for _, err := range s.Scan(ctx, store.Query{Collection: beats}) {
				return err
			}
			return nil
		},
		"Ping": s.Ping,
	}
}

func TestABlackholeHonoursTheContextAndTheTimeout(t *testing.T) {
	t.Parallel()
	const short = 200 * time.Millisecond
	patient := newNetwork(t, nil)
	hasty := newNetwork(t, &firestorestore.Options{Timeout: short, ScanTimeout: short})
	patient.proxy.Blackhole()
	hasty.proxy.Blackhole()

	for name, call := range everyCall(patient.store) {
		ctx, cancel := context.WithTimeout(t.Context(), short)
		require.ErrorIs(t, call(ctx), context.DeadlineExceeded, name)
		cancel()

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(short, cancel)
		require.ErrorIs(t, call(ctx), context.Canceled, name)
	}
	for name, call := range everyCall(hasty.store) {
		err := call(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.NotErrorIs(t, err, store.ErrConflict, name)
	}
}

// The SDK says "context deadline exceeded" of every outage. Whoever reads the
// log at night wants to know more.
func TestAnErrorSaysWhatTheLastAttemptMetAndNoSecret(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, &firestorestore.Options{Timeout: 500 * time.Millisecond, ScanTimeout: 500 * time.Millisecond})
	n.proxy.Refuse()
	n.proxy.Reset()
	require.Error(t, n.store.Ping(t.Context())) // the first call may still meet the reset
	for name, call := range everyCall(n.store) {
		err := call(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.ErrorContains(t, err, "connection refused", name)
		require.NotContains(t, err.Error(), "owner", name+": the token that the client sends")
	}
}

// The commit landed and its answer did not. The contract leaves that open: who
// must know reads back.
func TestALostReplyIsSettledByReadingBack(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, nil)
	stamp := commit(t, n.direct, store.Create(key("lock"), beat{noon, 0}))[0]
	ops := func(seq int64) []store.Op {
		return []store.Op{store.Update(key("lock"), beat{noon, seq}, stamp.Version), store.Create(key("beat"), beat{noon, seq})}
	}

	// Nothing more is heard until the deadline.
	n.proxy.LoseReplies()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := n.store.Commit(ctx, ops(1)...)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, store.ErrConflict)
	n.proxy.Heal()
	require.Equal(t, int64(1), readBack(t, n.store, "lock"))
	require.Equal(t, int64(1), readBack(t, n.store, "beat"))

	// The connection breaks before the deadline: the SDK tries again by itself,
	// and meets its own first attempt.
	commit(t, n.direct, store.Delete(key("beat")))
	stamp.Version = get(t, n.direct, key("lock")).Version
	lost := n.proxy.Stats().Lost
	n.proxy.LoseReplies()
	done := make(chan error, 1)
	go func() {
		_, err := n.store.Commit(t.Context(), ops(2)...)
		done <- err
	}()
	until(t, "it landed, and its reply is lost", func() bool {
		return readBack(t, n.direct, "lock") == 2 && n.proxy.Stats().Lost != lost
	})
	n.proxy.Heal()
	requireConflict(t, received(t, done, "end of the commit"), key("lock"))
	require.Equal(t, int64(2), readBack(t, n.store, "lock"), "its own")
	require.Equal(t, int64(2), readBack(t, n.store, "beat"))
}

// A router forgot the connection: bytes vanish, and nobody says so. Without
// keepalive the client would use the dead connection for ever.
func TestASilentlyDeadConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, nil)
	n.proxy.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		_, err := n.store.Commit(ctx, store.Set(key("k"), beat{noon, 1}))
		if err == nil {
			break
		}
		require.NoError(t, ctx.Err(), "it never healed: %v", err)
	}
	require.Equal(t, 2, n.proxy.Stats().Accepted)
}

func TestAScanInABlackholeLosesNoPlace(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, &firestorestore.Options{ScanTimeout: 300 * time.Millisecond})
	want := fill(t, n.direct, 30)
	for _, id := range want[:20] { // too large for the buffers on the way
		_, err := n.beside.Collection(beats).Doc(id).Set(t.Context(), map[string]any{"pad": bytes.Repeat([]byte{1}, 500<<10)}, firestore.MergeAll)
		require.NoError(t, err)
	}
	q := store.Query{Collection: beats}
	var got []string
	read := func() (ended error) {
		for r, err := range n.store.Scan(t.Context(), q) {
			if err != nil {
				return err
			}
			got = append(got, r.Key.ID)
			q.After = r.Cursor()
			if len(got) == 2 {
				n.proxy.Blackhole()
			}
		}
		return nil
	}
	require.ErrorIs(t, read(), context.DeadlineExceeded)
	require.Less(t, len(got), len(want))
	n.proxy.Heal()
	// The connection may have suffered; the place has not.
	until(t, "the scan went on to its end", func() bool { return read() == nil })
	require.Equal(t, want, got)
}

func TestAServerThatWasKilledIsFoundAgain(t *testing.T) {
	t.Parallel()
	e := firestoretest.Start(t)
	project := firestoretest.Project()
	s := open(t, dial(t, e.Host(), project), &firestorestore.Options{WatchClient: firestoretest.Connect(t, e.Host(), project)})
	commit(t, s, store.Create(key("k"), beat{noon, 1}))
	changed, err := s.Watch(t.Context(), key("k"))
	require.NoError(t, err)

	e.Kill()
	for name, call := range everyCall(s) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := call(ctx) // the first one may meet the end of the connection itself
		cancel()
		require.Error(t, err, name)
		for _, wrong := range []error{store.ErrConflict, store.ErrNotFound, store.ErrInvalid} {
			require.NotErrorIs(t, err, wrong, name)
		}
	}
	e.Restart(t)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for { // a server that has just started may cancel a call of its own accord
		if _, err = s.Commit(ctx, store.Set(key("k"), beat{noon, 2})); err == nil {
			break
		}
		require.NotErrorIs(t, err, context.Canceled)
		require.NoError(t, ctx.Err(), "it was not found again: %v", err)
	}
	require.Equal(t, int64(2), readBack(t, s, "k"))
	again := func() { commit(t, s, store.Set(key("k"), beat{noon, time.Now().UnixNano()})) }
	signalled(t, changed, "that its server is back, nor was it closed", again)
}

// An outage makes many calls fail. None of them may leave anything behind.
func TestAnOutageLeavesNoGoroutine(t *testing.T) {
	t.Parallel()
	host := firestoretest.Host(t)
	const label = "firestorestore-outage"
	// Labels pass on to every goroutine that is started under them.
	pprof.Do(t.Context(), pprof.Labels("test", label), func(ctx context.Context) {
		project := firestoretest.Project()
		proxy := faultnet.New(t, host)
		opts, err := firestorestore.EmulatorOptions(proxy.Addr())
		require.NoError(t, err)
		client, err := firestore.NewClient(ctx, project, opts...)
		require.NoError(t, err)
		watch := firestoretest.Connect(t, proxy.Addr(), project)
		s := open(t, client, &firestorestore.Options{Timeout: 50 * time.Millisecond, ScanTimeout: 50 * time.Millisecond, WatchClient: watch})
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		patient := open(t, client, &firestorestore.Options{WatchClient: watch})
		changed, err := patient.Watch(ctx, key("k"))
		require.NoError(t, err)
		for _, fault := range []func(){func() { proxy.Blackhole() }, proxy.LoseReplies, proxy.Reset, proxy.Refuse} {
			fault()
			for _, call := range everyCall(s) {
				_ = call(ctx)
			}
			_, _ = s.Watch(ctx, key("k"))
		}
		cancel()
		drained(t, changed)
		require.NoError(t, client.Close())
		require.NoError(t, watch.Close())
		proxy.Heal()
		proxy.Refuse()
		proxy.Reset()
	})
	require.Eventually(t, func() bool { return !bytes.Contains(goroutines(t), []byte(label)) }, 10*time.Second, 10*time.Millisecond, "%s", goroutines(t))
}

func readBack(t *testing.T, s store.Store, id string) int64 {
	t.Helper()
	var b beat
	require.NoError(t, get(t, s, key(id)).Decode(&b))
	return b.N
}

// goroutines lists those of the process, with their labels.
func goroutines(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
	return b.Bytes()
}

func TestServerErrorsKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]error{
		codes.InvalidArgument: store.ErrInvalid, codes.DeadlineExceeded: context.DeadlineExceeded, codes.Canceled: nil, codes.PermissionDenied: nil, codes.Aborted: nil,
	} {
		s := open(t, firestoretest.Connect(t, "192.0.2.1:1", "p", failing(code, "the server's words")...), &firestorestore.Options{Timeout: 200 * time.Millisecond, ScanTimeout: 200 * time.Millisecond})
		for name, call := range everyCall(s) {
			err := call(t.Context())
			require.Error(t, err, name)
			require.NotErrorIs(t, err, store.ErrConflict, name)
			if code != codes.DeadlineExceeded { // the SDK tries reads again, until its own
				require.ErrorContains(t, err, "the server's words", name)
			}
			if want != nil {
				require.ErrorIs(t, err, want, name)
			}
			if code != codes.InvalidArgument {
				require.NotErrorIs(t, err, store.ErrInvalid, name)
			}
			if code == codes.Canceled { // by the server: nobody here gave up
				require.NotErrorIs(t, err, context.Canceled, name)
			}
		}
	}
}
