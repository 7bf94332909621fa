package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/mutants/mistakes"
)

// least is how many there are to be.
const least = 130

func TestEveryMutantStandsInTheCodeOfToday(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	require.NoError(t, err)
	names := map[string]bool{}
	var stale []error
	for _, m := range mistakes.All() {
		require.False(t, names[m.Name], "two are called %q", m.Name)
		names[m.Name] = true
		if text, err := m.Apply(root); err != nil {
			stale = append(stale, err)
		} else {
			require.Contains(t, string(text), m.New)
		}
		require.DirExists(t, filepath.Join(root, m.Pkg), m.Name)
		require.Contains(t, m.Name, ": ")
	}
	require.NoError(t, errors.Join(stale...))
	require.GreaterOrEqual(t, len(names), least)
}

// checkout is a module with mistakes that can be made in it.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.26\n",
		"m.go": `package m

const six = 6

type num[T any] struct{ n int }

func Two() int { return 2 }

func (n num[T]) sum(more ...int) (total int) {
	for _, m := range more {
		total += m
	}
	return n.n + total
}

func first[T any](a, _ T) T { return a }

func ever() {
	n := 0
	if n == 1 {
		n++
	}
	n = 2
}
`,
		"m_test.go": `package m

import "testing"

func TestTwo(t *testing.T) {
	t.Run("is two", func(t *testing.T) {
		if Two() != 2 {
			t.Fatal(Two())
		}
	})
}

func TestSum(t *testing.T) {
	if n := (num[string]{1}).sum(2, 3); n != six {
		t.Errorf("seed 7: %d", n)
	}
	ever()
}

func TestFirst(t *testing.T) { first("a", "b") }
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	return root
}

func TestATryTellsWhatBecomesOfAMutant(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	var list []mistakes.Mutant
	add := func(name, from, to, tests string) {
		list = append(list, mistakes.Mutant{Name: name, File: "m.go", Old: from, New: to, Pkg: ".", Tests: tests, N: len(list) + 1})
	}
	add("m: within a function", "return 2", "return 4", ".")
	add("m: within a method of a type with parameters", "total += m", "total -= m", "Sum")
	add("m: a constant", "six = 6", "six = 7", "Sum")
	add("m: a parameter without a name", "return a", "panic(a)", "First")
	add("m: that nobody notices", "return 2", "return 1 + 1", ".")
	add("m: that hangs", "if n == 1", "for n >= 0", "Sum")
	add("m: that no test is of", "return 2", "return 5", "TestNothing")
	add("m: that does not compile", "return 2", "return nowhere", ".")
	add("m: a constant that does not compile", "six = 6", "six = nowhere", "Sum")
	add("m: that is no Go", "return 2", "return {", ".")
	add("m: that stands nowhere", "return 77", "return 7", ".")

	dir := t.TempDir()
	w, err := open(context.Background(), root, dir, list)
	require.NoError(t, err)
	require.Equal(t, map[int]bool{3: true, 4: true, 9: true}, w.alone)
	require.NoError(t, w.asItIs(context.Background(), ".", ".", time.Minute, nil))
	require.ErrorContains(t, w.asItIs(context.Background(), ".", "Sum", time.Minute, []string{"-no-such-flag"}), "with no mutant at work")
	for i, want := range []struct{ by, broken string }{
		{by: "TestTwo/is_two"},
		{by: "TestSum, seed 7: -4"},
		{by: "TestSum, seed 7: 6"},
		{by: "TestFirst, panic: a [recovered, repanicked]"},
		{},
		{by: "it hangs, for 2s"},
		{broken: "no test of . is called TestNothing"},
		{broken: "undefined: nowhere"},
		{broken: "undefined: nowhere"},
		{broken: "expected"},
		{broken: "stands 0 times"},
	} {
		v, err := w.try(context.Background(), list[i], 2*time.Second, nil)
		if want.broken != "" {
			require.ErrorContains(t, err, want.broken, list[i].Name)
			continue
		}
		require.NoError(t, err, list[i].Name)
		require.Equal(t, want.by, v.by, list[i].Name)
		require.Equal(t, want.by != "", v.killed, list[i].Name)
	}
	text, err := os.ReadFile(filepath.Join(root, "m.go")) //nolint:gosec // a temporary folder
	require.NoError(t, err)
	require.Contains(t, string(text), "return 2", "the checkout is left alone")
	left, err := filepath.Glob(filepath.Join(dir, "t[0-9]*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// A run goes on where one before was stopped.
func TestResultsAreKeptAndCounted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results")
	list := []mistakes.Mutant{{Name: "a: 1", N: 1}, {Name: "a: 2", N: 2}, {Name: "b: 1", N: 3}, {Name: "b: 2", N: 4}}
	so, err := read(path)
	require.NoError(t, err)
	require.Empty(t, so)
	for _, r := range []result{{"a: 1", killed, "TestA\tand\nmore"}, {"a: 2", survived, ". of ./a"}, {"b: 1", broken, "no"}} {
		require.NoError(t, keep(path, r))
	}
	so, err = read(path)
	require.NoError(t, err)
	require.Equal(t, result{"a: 1", killed, "TestA and more"}, so["a: 1"])
	require.Equal(t, 1, so.count(list, killed))
	var out strings.Builder
	so.summary(&out, list)
	require.Equal(t, `| of       | mutants | killed | survived | broken | not tried |
|----------|---------|--------|----------|--------|-----------|
| a        |       2 |      1 |        1 |      0 |         0 |
| b        |       2 |      0 |        0 |      1 |         1 |
| all      |       4 |      1 |        1 |      1 |         1 |
SURVIVED 2 a: 2
BROKEN 3 b: 1
`, out.String())
	require.NoError(t, os.WriteFile(path, []byte("nothing\n"), 0o600))
	_, err = read(path)
	require.ErrorContains(t, err, "is no result")
}

func TestTheCommandLineChooses(t *testing.T) {
	t.Parallel()
	list := []mistakes.Mutant{{Name: "a: one", N: 1, Pkg: "./a", Tests: "A"}, {Name: "a: two", N: 2}, {Name: "b: one", N: 3}}
	names := func(o order) (out []string) {
		for _, m := range o.choose(list) {
			out = append(out, m.Name)
		}
		return out
	}
	require.Len(t, names(order{}), 3)
	require.Equal(t, []string{"a: two", "b: one"}, names(order{from: 2}))
	require.Equal(t, []string{"a: one"}, names(order{until: 1}))
	require.Equal(t, []string{"a: two", "b: one"}, names(order{only: "two|b:"}))
	require.Equal(t, []string{"b: one"}, names(order{not: "a: "}))
	m := order{pkg: "./internal/sim", tests: "No"}.choose(list)[0]
	require.Equal(t, "./internal/sim No", m.Pkg+" "+m.Tests)
}
