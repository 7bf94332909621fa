package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// least is how many there are to be.
const least = 80

func TestEveryMutantStandsInTheCodeOfToday(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	require.NoError(t, err)
	names := map[string]bool{}
	var stale []error
	for _, m := range all() {
		require.False(t, names[m.name], "two are called %q", m.name)
		names[m.name] = true
		if text, err := m.apply(root); err != nil {
			stale = append(stale, err)
		} else {
			require.Contains(t, string(text), m.new)
		}
		require.DirExists(t, filepath.Join(root, m.pkg), m.name)
		require.Contains(t, m.name, ": ")
	}
	require.NoError(t, errors.Join(stale...))
	require.GreaterOrEqual(t, len(names), least)
}

// A mutant that its tests notice, and one that they do not.
func TestATryTellsTheOneFromTheOther(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module m\n\ngo 1.26\n",
		"m.go":      "package m\n\nfunc Two() int { return 2 }\n\nfunc three() int { return 3 }\n\nvar _ = three\n",
		"m_test.go": "package m\n\nimport \"testing\"\n\nfunc TestTwo(t *testing.T) {\n\tt.Run(\"is two\", func(t *testing.T) {\n\t\tif Two() != 2 {\n\t\t\tt.Fatal(Two())\n\t\t}\n\t})\n}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	two := mutant{name: "m: two", file: "m.go", old: "return 2", new: "return 4", pkg: ".", tests: "."}
	v, err := try(context.Background(), root, two, nil)
	require.NoError(t, err)
	require.Equal(t, verdict{killed: true, by: "TestTwo/is_two"}, v)

	three := two
	three.old, three.new = "return 3", "return 4"
	v, err = try(context.Background(), root, three, nil)
	require.NoError(t, err)
	require.False(t, v.killed)

	for why, spoil := range map[string]func(*mutant){
		"stands 0 times":         func(m *mutant) { m.old = "return 7" },
		"it does not compile":    func(m *mutant) { m.new = "return nowhere" },
		"expected":               func(m *mutant) { m.new = "return {" },
		"no test of . is called": func(m *mutant) { m.tests = "TestNothing" },
	} {
		m := two
		spoil(&m)
		_, err = try(context.Background(), root, m, nil)
		require.ErrorContains(t, err, why)
	}
	text, err := os.ReadFile(filepath.Join(root, "m.go"))
	require.NoError(t, err)
	require.Contains(t, string(text), "return 2", "the checkout is left alone")
}
