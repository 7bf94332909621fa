package spawn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

var (
	errMine  = errors.New("mine")
	errOther = errors.New("other")
)

// trap is an error of which one method does harm.
type trap struct {
	unwrap func() error
	is     func(error) bool
}

func (t trap) Error() string        { return "trap" }
func (t trap) Unwrap() error        { return t.unwrap() }
func (t trap) Is(target error) bool { return t.is(target) }

type uncomparable struct{ _ []int }

func (uncomparable) Error() string { return "uncomparable" }

type agreeing struct{}

func (*agreeing) Error() string { return "agreeing" }
func (*agreeing) Is(error) bool { return true }

type many []error

func (m many) Error() string   { return "many" }
func (m many) Unwrap() []error { return m }

func TestPlainKeepsWhatItIsAskedTo(t *testing.T) {
	t.Parallel()
	never := func(error) bool { return false }
	loop := &trap{is: never}
	loop.unwrap = func() error { return loop }
	wide := make(many, 1<<20)
	for name, c := range map[string]struct {
		err  error
		mine bool
	}{
		"itself":                   {errMine, true},
		"wrapped":                  {fmt.Errorf("a: %w", errMine), true},
		"joined":                   {errors.Join(errors.New("a"), fmt.Errorf("b: %w", errMine)), true},
		"another":                  {errOther, false},
		"by Is":                    {trap{is: func(target error) bool { return errors.Is(target, errMine) }, unwrap: func() error { return nil }}, true},
		"behind a panicking Is":    {trap{is: func(error) bool { panic("is") }, unwrap: func() error { return errMine }}, true},
		"before a panicking chain": {errors.Join(trap{is: never, unwrap: func() error { panic("unwrap") }}, errMine), true},
		"an endless chain":         {loop, false},
		"a chain that grows":       {many{loop, loop, loop}, false},
		"a very wide one":          {wide, false},
		"uncomparable":             {fmt.Errorf("%w", uncomparable{}), false},
		"typed nil":                {(*nilError)(nil), false},
		"typed nil with an Is":     {(*agreeing)(nil), false},
	} {
		p := spawn.Plain(c.err, errMine, context.Canceled)
		require.Error(t, p, name)
		require.Equal(t, c.mine, errors.Is(p, errMine), name)
		require.NotErrorIs(t, p, context.Canceled, name)
		require.NotErrorIs(t, p, errOther, name)
		require.Equal(t, spawn.Text(c.err), p.Error(), name)
	}
	require.NoError(t, spawn.Plain(nil, errMine))
}

func TestAsFindsATypeInAHostileTree(t *testing.T) {
	t.Parallel()
	broken := trap{is: func(error) bool { panic("is") }, unwrap: func() error { panic("unwrap") }}
	found, ok := spawn.As[*nilError](errors.Join(broken, fmt.Errorf("x: %w", &nilError{"here"})))
	require.True(t, ok)
	require.Equal(t, "here", found.text)
	_, ok = spawn.As[*nilError](broken)
	require.False(t, ok)
	_, ok = spawn.As[*nilError]((*nilError)(nil))
	require.False(t, ok)
	_, ok = spawn.As[*nilError](nil)
	require.False(t, ok)
}

// The text is made once: what changes behind it later changes nothing.
func TestPlainHoldsNothingOfTheOriginal(t *testing.T) {
	t.Parallel()
	e := &nilError{"before"}
	p := spawn.Plain(e)
	e.text = "after"
	require.Equal(t, "before", p.Error())
	require.NotErrorIs(t, p, e)
}
