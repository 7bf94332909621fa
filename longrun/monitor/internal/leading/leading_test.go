package leading_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// setClock is a clock that can be set; its timers go by elapsed time.
type setClock struct {
	clock.Clock
	ahead atomic.Int64
}

func (c *setClock) Now() time.Time { return c.Clock.Now().Add(time.Duration(c.ahead.Load())) }

// leader is a campaign that leads.
type leader struct {
	*leading.Campaign
	t      *testing.T
	clock  *setClock
	lines  *leadtest.Lines
	mem    store.Store
	st     *storetest.Faulty // over mem
	cancel context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	commits  map[string][]time.Time // by the collection, by elapsed time
	gaveUp   int                    // how often waiting beats were given up …
	cutOff   time.Duration
	replaced int // … and another was seen to lead
}

// lead returns when the campaign leads. beat is what it writes with; nil for
// nothing.
func lead(t *testing.T, beat func(context.Context, *leading.Term), tasks ...leading.Task) *leader {
	t.Helper()
	l := &leader{t: t, clock: &setClock{Clock: clock.New()}, mem: memstore.New(nil), ended: make(chan struct{}), commits: map[string][]time.Time{}}
	l.st = storetest.Wrap(l.mem)
	l.st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, op := range c.Ops {
			l.commits[op.Key.Collection] = append(l.commits[op.Key.Collection], time.Now())
		}
		return nil
	}})
	d, lines := leadtest.Deps(t, l.st, l.clock)
	l.lines = lines
	lk, err := lock.New(l.st, store.Key{Collection: "locks", ID: "l"}, &lock.Options{Lease: 30 * time.Second, Clock: l.clock})
	require.NoError(t, err)
	l.Campaign = leading.New(d, leading.Options{
		Lock:  lk,
		Began: func(context.Context) {},
		Write: func(ctx context.Context, term *leading.Term) error {
			if beat != nil {
				beat(ctx, term)
			}
			<-ctx.Done()
			return context.Cause(ctx)
		},
		GiveUp:   func(context.Context) { l.mu.Lock(); defer l.mu.Unlock(); l.gaveUp++ },
		CutOff:   func(from, to time.Time) { l.mu.Lock(); defer l.mu.Unlock(); l.cutOff += to.Sub(from) },
		Replaced: func() { l.mu.Lock(); defer l.mu.Unlock(); l.replaced++ },
		Expired:  func(context.Context, lock.Row) {},
		Tasks:    tasks,
	})
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	go func() { defer close(l.ended); l.Run(ctx) }()
	synctest.Wait()
	require.True(t, l.State().Leading)
	return l
}

// end waits for all that the campaign began.
func (l *leader) end() {
	l.cancel()
	<-l.ended
}

func (l *leader) of(collection string) []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Time(nil), l.commits[collection]...)
}

func write(collection string) store.Op {
	return store.Set(store.Key{Collection: collection, ID: "d"}, map[string]any{"n": 1})
}

// busy is a task that commits whenever it may.
func busy(name string) leading.Task {
	return leading.Task{Name: name, Run: func(ctx context.Context, l leading.Lead) error {
		for ctx.Err() == nil {
			_ = l.Commit(ctx, write("background"))
		}
		return ctx.Err()
	}}
}

func TestBackgroundCommitsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lead(t, func(ctx context.Context, term *leading.Term) {
			for deadline.Sleep(ctx, clock.New(), 100*time.Millisecond) {
				if err := term.Beat(ctx, func(string) (string, []store.Op, error) { return "head", []store.Op{write("beats")}, nil }); ctx.Err() == nil { // the end may come with a beat
					require.NoError(t, err)
				}
			}
		}, busy("a"), busy("b"), busy("c"), busy("d"), busy("e"))
		time.Sleep(time.Minute)
		l.clock.ahead.Store(-int64(2 * time.Hour)) // nobody waits two hours
		time.Sleep(time.Minute)
		l.clock.ahead.Store(-int64(2*time.Hour + 20*time.Second))
		time.Sleep(2 * time.Minute)
		l.end()

		background := l.of("background")
		require.GreaterOrEqual(t, len(background), 4*60-20)
		for n, at := range background[1:] {
			require.GreaterOrEqual(t, at.Sub(background[n]), time.Second)
		}
		require.Greater(t, len(l.of("beats")), 2000, "beats do not wait for a turn")
	})
}

func TestTheWaitForATurnEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gaveUp := errors.New("gave up")
		var took time.Duration
		l := lead(t, nil, leading.Task{Name: "a", Run: func(ctx context.Context, l leading.Lead) error {
			require.NoError(t, l.Commit(ctx, write("background")))
			short, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(300*time.Millisecond, func() { cancel(gaveUp) })
			began := time.Now()
			require.ErrorIs(t, l.Commit(short, write("given up")), gaveUp)
			took = time.Since(began)
			require.NoError(t, l.Commit(ctx, write("background")))
			<-ctx.Done()
			return nil
		}})
		time.Sleep(10 * time.Second)
		l.end()
		require.Equal(t, 300*time.Millisecond, took)
		require.Empty(t, l.of("given up"))
		background := l.of("background")
		require.Len(t, background, 2)
		require.Equal(t, time.Second, background[1].Sub(background[0]), "it took no turn")
	})
}

// Many make something of the note at once, in a store that takes its time: each makes it
// of what the one before has left, so that nothing of it is lost.
func TestWhatIsMadeOfTheNoteIsMadeOfTheLastOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many, each = 6, 5
		terms := make(chan *leading.Term, 1)
		l := lead(t, func(_ context.Context, term *leading.Term) { terms <- term })
		term := <-terms
		l.st.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error {
			time.Sleep(10 * time.Millisecond)
			return nil
		}})
		longer := func(note string) (string, []store.Op, error) {
			return note + "x", []store.Op{store.Create(store.Key{Collection: "made", ID: fmt.Sprint(len(note))}, map[string]any{"n": 1})}, nil
		}
		var group sync.WaitGroup
		for n := range many {
			by := term.Beat
			if n == 0 {
				by = term.Move
			}
			group.Go(func() {
				for range each {
					require.NoError(t, by(t.Context(), longer))
				}
			})
		}
		group.Wait()
		require.Len(t, term.Note(), many*each)
		require.Len(t, l.of("made"), many*each, "and each at the first try")
		l.end()
	})
}

func TestATaskThatEndsEarlyIsStartedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run   func() error
		error string
	}{
		"panics":  {func() error { panic("boom") }, "boom"},
		"fails":   {func() error { return errors.New("no luck on port 4711") }, "no luck"},
		"returns": {func() error { return nil }, "before its time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var starts []time.Time
				begun := func() []time.Time { mu.Lock(); defer mu.Unlock(); return slices.Clone(starts) }
				var well atomic.Bool
				l := lead(t, nil, busy("other"), leading.Task{Name: "ill", Run: func(ctx context.Context, _ leading.Lead) error {
					mu.Lock()
					starts = append(starts, time.Now())
					mu.Unlock()
					if well.Load() {
						select {
						case <-ctx.Done():
							return nil
						case <-time.After(10 * time.Minute):
							well.Store(false)
						}
					}
					return c.run()
				}})
				pause := time.Second
				for n := range 14 {
					require.Len(t, begun(), n+1)
					st := l.TaskStatus()[1]
					require.Equal(t, "ill", st.Name)
					require.Equal(t, leading.Failed, st.State)
					require.Contains(t, st.Error, c.error)
					require.NotEmpty(t, st.Error)
					require.EqualValues(t, n, st.Restarts)
					require.Equal(t, begun()[n].UTC(), st.Since)
					time.Sleep(pause - 1)
					synctest.Wait()
					require.Len(t, begun(), n+1)
					well.Store(n == 13)
					time.Sleep(time.Nanosecond)
					synctest.Wait()
					pause = min(2*pause, 10*time.Minute)
				}
				require.Equal(t, leading.Working, l.TaskStatus()[1].State)
				require.Equal(t, leading.Working, l.TaskStatus()[0].State)
				require.Zero(t, l.TaskStatus()[0].Restarts, "others are not harmed")
				require.Equal(t, 1, l.lines.Count("is started again"), "said once")

				time.Sleep(10*time.Minute + time.Second) // it was well for so long
				synctest.Wait()
				require.Len(t, begun(), 16, "the pause is the shortest again")
				l.end()
				for _, st := range l.TaskStatus() {
					require.Equal(t, leading.Idle, st.State)
					require.Empty(t, st.Error)
					require.Zero(t, st.Restarts)
				}
			})
		})
	}
}
