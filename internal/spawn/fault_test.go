package spawn_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// nilError is what a function returns that declares a concrete error and has
// none: its Error dereferences nil.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

type loudError struct{}

func (loudError) Error() string { panic(loudError{}) }

type exitingError struct{}

func (exitingError) Error() string { runtime.Goexit(); return "" }

// cyclic cannot be printed: the stack would overflow.
type cyclic []any

func newCyclic() cyclic {
	c := cyclic{nil}
	c[0] = c
	return c
}

type level int

// hostile are values that foreign code may panic with, and what is said of them.
var hostile = map[string]struct {
	value any
	text  string
}{
	"text":                {"no route", "no route"},
	"error":               {errors.New("no route"), "no route"},
	"number":              {42, "42"},
	"named number":        {level(7), "7"},
	"nil":                 {nil, "panic called with nil argument"},
	"typed nil":           {(*nilError)(nil), "(value of type *spawn_test.nilError cannot be printed)"},
	"panicking Error":     {loudError{}, "(value of type spawn_test.loudError cannot be printed)"},
	"typed nil behind %w": {fmt.Errorf("send: %w", (*nilError)(nil)), "send: <nil>"},
	"cyclic":              {newCyclic(), "(value of type spawn_test.cyclic)"},
	"struct":              {struct{}{}, "(value of type struct {})"},
	"bad UTF-8":           {"a\xffb\xc3", "a?b?"},
}

func TestAPanicIsAnErrorWithAText(t *testing.T) {
	t.Parallel()
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for way, run := range ways {
				fault, ok := spawn.Faulty(run(func() error { panic(c.value) }))
				require.True(t, ok, way)
				require.Equal(t, "host: panic: "+c.text, fault.Error(), way)
				require.Contains(t, fault.Stack, "fault_test.go", way)
				require.LessOrEqual(t, len(fault.Stack), 8<<10)
			}
		})
	}
}

// ways are those in which foreign code is run.
var ways = map[string]func(fn func() error) error{
	"Guard": func(fn func() error) error { return spawn.Guard("host", fn) },
	"Start": func(fn func() error) error { return <-spawn.Start("host", fn) },
	"Group": func(fn func() error) error {
		var g spawn.Group
		g.Go("host", fn)
		return g.Wait()
	},
}

func TestWhatIsNoPanicPasses(t *testing.T) {
	t.Parallel()
	own := errors.New("own")
	for way, run := range ways {
		require.NoError(t, run(func() error { return nil }), way)
		require.Equal(t, own, run(func() error { return own }), way)
	}
}

func TestGoexitIsAnErrorWhereTheGoroutineIsOurs(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"Start", "Group"} {
		for name, fn := range map[string]func() error{
			"called":         func() error { runtime.Goexit(); return nil },
			"while deferred": func() error { defer runtime.Goexit(); panic("x") },
			"by the text":    func() error { panic(exitingError{}) },
		} {
			fault, ok := spawn.Faulty(ways[way](fn))
			require.True(t, ok, way)
			require.Equal(t, "host: runtime.Goexit", fault.Error(), "%s, %s", way, name)
		}
	}
}

func TestATextIsCutAndValid(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"ASCII":        strings.Repeat("a", 10<<20),
		"three bytes":  strings.Repeat("€", 4<<20),
		"four bytes":   "a" + strings.Repeat("😀", 1<<20),
		"no UTF-8":     strings.Repeat("\xff", 10<<20),
		"continuation": strings.Repeat("\x80", 10<<20),
	} {
		for at := range 5 {
			got := spawn.Text(errors.New(text[at:]))
			require.True(t, utf8.ValidString(got), name)
			require.LessOrEqual(t, len(got), 2<<10, name)
			require.Greater(t, len(got), 2000, name)
			require.True(t, strings.HasSuffix(got, "…"), name)
			if utf8.ValidString(text[at:]) {
				require.True(t, strings.HasPrefix(text[at:], strings.TrimSuffix(got, "…")), "%s: no character is cut in two", name)
			}
		}
	}
	require.Equal(t, strings.Repeat("a", 2<<10), spawn.Text(errors.New(strings.Repeat("a", 2<<10))), "not one too few")
	require.Empty(t, spawn.Text(nil))
	require.Equal(t, "(value of type *spawn_test.nilError cannot be printed)", spawn.Text((*nilError)(nil)))
}
