package storetest

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// witness is a tester that notes a failure and keeps it to itself.
type witness struct {
	ctx      context.Context
	failures []string
	skipped  bool
}

func (w *witness) Helper() {}

func (w *witness) Context() context.Context { return w.ctx }

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// FailNow ends the rule's goroutine, as (*testing.T).FailNow does.
func (w *witness) FailNow() {
	if len(w.failures) == 0 {
		w.failures = append(w.failures, "FailNow")
	}
	runtime.Goexit()
}

func (w *witness) Skipf(string, ...any) {
	w.skipped = true
	runtime.Goexit()
}

// observe checks a rule on st and returns what it had to say.
func observe(t *testing.T, r rule, st store.Store, patience time.Duration) *witness {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &witness{ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				w.failures = append(w.failures, fmt.Sprint("panic: ", p))
			}
		}()
		s := newSuite(w, st)
		s.patience = patience
		r.check(s)
	}()
	<-done
	return w
}

func TestTheKitFailsOnABrokenStore(t *testing.T) {
	t.Parallel()
	byName := map[string]rule{}
	for _, r := range rules() {
		byName[r.name] = r
	}
	for _, m := range mutants() {
		t.Run(m.rule+"/"+m.how, func(t *testing.T) {
			t.Parallel()
			r, ok := byName[m.rule]
			require.True(t, ok, "no such rule")
			st := &broken{Store: memstore.New(nil)}
			m.sabotage(st)
			// A broken store may block for ever: a little patience is enough,
			// since running out of it is a failure too.
			require.NotEmpty(t, observe(t, r, st, 100*time.Millisecond).failures, "the kit did not notice")
		})
	}
}

func TestTheKitPassesOnASoundStore(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		w := observe(t, r, memstore.New(nil), time.Minute)
		require.Empty(t, w.failures, r.name)
		require.False(t, w.skipped, r.name)
	}
}

func TestEveryRuleHasAMutant(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, m := range mutants() {
		broken[m.rule] = true
	}
	for _, r := range rules() {
		require.True(t, broken[r.name], "nothing shows that the kit checks: %s", r.name)
	}
}

func TestAStoreThatCannotWatchIsSkippedAndNotFailed(t *testing.T) {
	t.Parallel()
	for _, r := range watchRules() {
		w := observe(t, r, struct{ store.Store }{memstore.New(nil)}, time.Minute)
		require.True(t, w.skipped, r.name)
		require.Empty(t, w.failures, r.name)
	}
}
