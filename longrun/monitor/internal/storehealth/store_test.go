package storehealth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var doc = store.Key{Collection: "c", ID: "d"}

// watched is a store that a test breaks, and what was said of it.
type watched struct {
	*storehealth.Store
	t       *testing.T
	broken  *storetest.Faulty
	said    []storehealth.Change
	outage  storehealth.Outage
	retries int
}

func watch(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, broken: storetest.Wrap(memstore.New(nil))}
	w.Store = storehealth.New(w.broken, clock.New(), func(c storehealth.Change, o storehealth.Outage) {
		w.said, w.outage = append(w.said, c), o
	}, func() { w.retries++ })
	return w
}

func (w *watched) fail(err error, methods ...string) (heal func()) {
	return w.broken.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		if slices.Contains(methods, c.Method) {
			return err
		}
		return nil
	}})
}

func (w *watched) read() error {
	time.Sleep(time.Second)
	_, err := w.Get(w.t.Context(), doc)
	return err
}

func (w *watched) scan() (err error) {
	time.Sleep(time.Second)
	for _, err = range w.Scan(w.t.Context(), store.Query{Collection: "c"}) {
		if err != nil {
			break
		}
	}
	return err
}

func (w *watched) write() error {
	time.Sleep(time.Second)
	_, err := w.Commit(w.t.Context(), store.Set(doc, map[string]any{"n": 1}))
	return err
}

var errAway = errors.New("away")

func TestAStoreThatDoesNotAnswerIsLostOnceAndComesBackOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		require.ErrorIs(t, w.read(), store.ErrNotFound)
		require.True(t, w.Health().Reachable, "a refusal is an answer")
		good := time.Now()
		heal := w.fail(errAway, storetest.Get, storetest.Scan)
		for range 3 {
			require.Error(t, w.read())
			require.Error(t, w.scan())
		}
		require.Equal(t, []storehealth.Change{storehealth.Lost}, w.said)
		require.Equal(t, good.Add(time.Second), w.outage.From)
		require.Equal(t, good, w.outage.Good)
		require.ErrorIs(t, w.outage.Err, errAway)
		h := w.Health()
		require.False(t, h.Reachable)
		require.Equal(t, w.outage.From, h.Since)
		require.Zero(t, w.retries, "no Commit is needed")

		heal()
		require.NoError(t, w.scan())
		require.Equal(t, []storehealth.Change{storehealth.Lost, storehealth.Back}, w.said)
		require.Equal(t, time.Now(), w.outage.To)
		require.Equal(t, good.Add(time.Second), w.outage.From)
		require.Equal(t, storehealth.Health{Answered: time.Now(), Ended: time.Now(), Reachable: true}, w.Health())
		require.NoError(t, w.write())
		require.Len(t, w.said, 2)
	})
}

func TestAStoreThatOnlyReadsIsBackWithACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		require.NoError(t, w.write())
		heal := w.fail(errAway, storetest.Commit)
		require.Error(t, w.write())
		require.Equal(t, 1, w.retries)
		require.NoError(t, w.read())
		require.Equal(t, []storehealth.Change{storehealth.Lost}, w.said, "one Commit that failed is no proof")
		for range 3 {
			require.Error(t, w.write())
			require.NoError(t, w.read())
		}
		require.Equal(t, []storehealth.Change{storehealth.Lost, storehealth.ReadOnly}, w.said)
		require.Equal(t, 1, w.retries)
		h := w.Health()
		require.True(t, h.Reachable && h.ReadOnly)
		heal()
		require.NoError(t, w.read())
		require.Len(t, w.said, 2)
		require.NoError(t, w.write())
		require.Equal(t, []storehealth.Change{storehealth.Lost, storehealth.ReadOnly, storehealth.Back}, w.said)
	})
}

func TestAStoreThatWasMovedIsSaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		require.NoError(t, w.write())
		heal := w.fail(errAway, storetest.Get)
		require.Error(t, w.read())
		heal()
		w.fail(fmt.Errorf("gone: %w", store.ErrMoved), storetest.Get, storetest.Commit)
		for range 3 {
			require.Error(t, w.read())
			require.Error(t, w.write())
		}
		require.Equal(t, []storehealth.Change{storehealth.Lost, storehealth.Moved}, w.said)
		require.True(t, w.Health().Moved)
		w.Begin()
		require.Equal(t, storehealth.Health{Answered: time.Now(), Reachable: true}, w.Health(), "another run knows nothing of it")
	})
}

func TestACallerThatGaveUpSaysNothingOfTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		w.broken.Inject(storetest.Fault{Before: storetest.Hang})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.Get(ctx, doc)
		require.ErrorIs(t, err, context.Canceled)
		_, err = w.Commit(ctx, store.Delete(doc))
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, w.said)

		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err = w.Get(late, doc)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []storehealth.Change{storehealth.Lost}, w.said, "its time was over")
	})
}

func TestTheTimesOfAnEndAreNoOutages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		short := func() {
			ctx, cancel := deadline.With(t.Context(), clock.New(), time.Second)
			defer cancel()
			heal := w.broken.Inject(storetest.Fault{Before: func(ctx context.Context, _ storetest.Call) error {
				<-ctx.Done()
				return ctx.Err()
			}})
			defer heal()
			_, err := w.Get(ctx, doc)
			require.ErrorIs(t, err, context.Canceled)
		}
		w.Stop()
		short()
		require.True(t, w.Health().Reachable, "an end is in a hurry")
		require.Empty(t, w.said)

		heal := w.fail(errAway, "Get")
		require.ErrorIs(t, w.read(), errAway)
		heal()
		require.False(t, w.Health().Reachable, "what the store says counts to the last")

		w.Begin()
		short()
		require.False(t, w.Health().Reachable, "in the next run time counts again")
	})
}

func TestAnAnswerToALaterCallCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		require.NoError(t, w.write())
		slow := make(chan struct{})
		heal := w.broken.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error {
			<-slow
			return errAway
		}})
		done := make(chan error, 1)
		go func() { done <- w.read() }()
		time.Sleep(2 * time.Second)
		heal()
		require.NoError(t, w.read())
		close(slow)
		require.ErrorIs(t, <-done, errAway)
		require.Empty(t, w.said)
	})
}

func TestRefusalsAreAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, refusal := range []error{store.ErrConflict, store.ErrInvalid, store.ErrNotFound} {
			w := watch(t)
			heal := w.fail(errAway, storetest.Commit)
			require.Error(t, w.write())
			heal()
			w.fail(fmt.Errorf("no: %w", refusal), storetest.Commit)
			require.ErrorIs(t, w.write(), refusal)
			require.Equal(t, []storehealth.Change{storehealth.Lost, storehealth.Back}, w.said)
		}
	})
}

func TestTheFollowedDocumentIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		var seen []string
		w.Follow(doc, func(r store.Record) { seen = append(seen, r.Key.ID) })
		require.ErrorIs(t, w.read(), store.ErrNotFound)
		require.NoError(t, w.write())
		require.NoError(t, w.read())
		require.Equal(t, []string{"d"}, seen)
		// Another writes it: the store took a write later than this one's last.
		_, err := w.broken.Commit(t.Context(), store.Set(doc, map[string]any{"n": 2}))
		require.NoError(t, err)
		wrote := time.Now()
		require.NoError(t, w.read())
		w.fail(errAway, storetest.Commit)
		require.Error(t, w.write())
		require.Equal(t, wrote, w.outage.Good)
		require.Equal(t, wrote, w.outage.From)
	})
}
