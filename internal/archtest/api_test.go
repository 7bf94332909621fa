package archtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The flags of TestTheAPIIsAsRecorded.
var (
	update   = flag.Bool("update", false, "record what was added to the API")
	breaking = flag.Bool("breaking", false, "with -update: record also what was removed or changed")
)

var recordedAPI = filepath.Join("testdata", "api.txt")

// What is exported is promised: an identifier that is gone, or has another type, breaks
// programs that are not ours. What is new is recorded with
//
//	go test ./internal/archtest -update
//
// and what is broken on purpose, with a line in CHANGELOG.md, with -update -breaking.
func TestTheAPIIsAsRecorded(t *testing.T) {
	t.Parallel()
	repository, err := readTree(os.DirFS(moduleRoot))
	require.NoError(t, err)
	now, err := repository.api(os.DirFS(moduleRoot))
	require.NoError(t, err)
	require.Greater(t, len(now), 1000, "the packages were not read")
	text, err := os.ReadFile(recordedAPI)
	require.NoError(t, err)
	recorded := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")

	gone, added := without(recorded, now), without(now, recorded)
	if len(gone) > 0 && !(*update && *breaking) {
		t.Errorf("gone from the API, or changed:\n%s\n(if that is meant: -update -breaking, and a line in CHANGELOG.md)", strings.Join(gone, "\n"))
		return
	}
	if *update {
		require.NoError(t, os.WriteFile(recordedAPI, []byte(strings.Join(now, "\n")+"\n"), 0o600))
		t.Logf("%d lines added, %d taken away", len(added), len(gone))
		return
	}
	if len(added) > 0 {
		t.Errorf("new in the API and not recorded: go test ./internal/archtest -update\n%s", strings.Join(added, "\n"))
	}
}

// without returns the lines of a that are not in b.
func without(a, b []string) (only []string) {
	in := map[string]bool{}
	for _, line := range b {
		in[line] = true
	}
	for _, line := range a {
		if line != "" && !in[line] {
			only = append(only, line)
		}
	}
	return only
}

func TestEachKindOfBreakIsSeen(t *testing.T) {
	t.Parallel()
	const before = `package p
import "time"
type T struct { A int ` + "`json:\"a\"`" + `; b string; time.Duration }
type I interface { M(x int) error }
type G[E any] []E
type F func(n int) string
type Alias = time.Time
type hidden struct{ A int }
func (t *T) Do(a, b int, rest ...string) (n int, err error) { return }
func (hidden) Do() {}
func New(t *T) (*T, error) { return nil, nil }
const Wait = 3 * time.Second
const ( One Kind = iota; Two )
type Kind int
var Err = errors.New("x")
`
	lines := func(source string) []string {
		out, err := exported("p", []byte(source))
		require.NoError(t, err)
		slices.Sort(out)
		return out
	}
	was := lines(before)
	t.Log("\n" + strings.Join(was, "\n"))
	for what, c := range map[string]struct {
		old, new string
		gone     int
	}{
		"a name of a parameter":       {"a, b int", "x, y int", 0},
		"a body":                      {"return nil, nil", "panic(1)", 0},
		"an unexported field":         {"b string", "c string", 0},
		"a value made by a call":      {`errors.New("x")`, `errors.New("y")`, 0},
		"a function taken away":       {"func New", "func newT", 1},
		"a result more":               {"(*T, error)", "(*T, bool, error)", 1},
		"a parameter's type":          {"b int, rest", "b int64, rest", 1},
		"a parameter no longer many":  {"...string", "[]string", 1},
		"a receiver":                  {"(t *T) Do", "(t T) Do", 1},
		"a field taken away":          {"A int `json:\"a\"`; ", "", 1},
		"a field's type":              {"A int `", "A int64 `", 1},
		"a field's name in documents": {`json:"a"`, `json:"b"`, 1},
		"an embedded field":           {"; time.Duration", "", 1},
		"an interface's method more":  {"error }", "error; N() }", 1},
		"an interface's method":       {"M(x int) error", "M(x int64) error", 1},
		"a type's parameter":          {"G[E any]", "G[E comparable]", 1},
		"a function type":             {"func(n int) string", "func(n int) []string", 1},
		"an alias":                    {"Alias = time.Time", "Alias = time.Duration", 1},
		"a constant's value":          {"3 * time.Second", "4 * time.Second", 1},
		"a constant's type":           {"One Kind", "One int", 2},
		"a constant's place":          {"One Kind = iota; Two", "One Kind = iota; Three; Two", 1},
		"a variable taken away":       {"var Err", "var err", 1},
	} {
		require.Contains(t, before, c.old)
		require.Len(t, without(was, lines(strings.Replace(before, c.old, c.new, 1))), c.gone, what)
	}
	require.NotContains(t, fmt.Sprint(was), "hidden")
}
