package locktest

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
}

func (w *witness) Helper() {}

func (w *witness) Context() context.Context { return w.ctx }

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// FailNow ends the rule's goroutine, as (*testing.T).FailNow does.
func (w *witness) FailNow() { runtime.Goexit() }

// observe checks a rule on st and returns what it had to say. What a broken
// store lets hang ends soon, and is a failure too.
func observe(t *testing.T, r rule, st store.Store) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	w := &witness{ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := newSuite(w, st)
		s.patience = time.Second
		r.check(s)
	}()
	<-done
	return w.failures
}

func TestEveryRuleHasAMutantThatBreaksIt(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, m := range mutants() {
		for _, name := range m.rules {
			broken[name] = true
		}
	}
	for _, r := range rules() {
		require.True(t, broken[r.name], "no mutant breaks %q", r.name)
	}
}

func TestTheKitFailsOnWhatIsBroken(t *testing.T) {
	t.Parallel()
	byName := map[string]rule{}
	for _, r := range rules() {
		byName[r.name] = r
	}
	for _, m := range mutants() {
		for _, name := range m.rules {
			t.Run(name+"/"+m.how, func(t *testing.T) {
				t.Parallel()
				r, ok := byName[name]
				require.True(t, ok, "no such rule")
				b := &broken{Store: memstore.New(nil)}
				m.sabotage(b)
				require.NotEmpty(t, observe(t, r, b), "the kit did not notice")
			})
		}
	}
}

func TestTheKitPassesWhereNothingIsBroken(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		require.Empty(t, observe(t, r, &broken{Store: memstore.New(nil)}), r.name)
	}
}
