package archtest

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// spawner is the one place that starts goroutines: guarded, named, waited for.
const spawner = "internal/spawn"

// checkSpawns covers the library: programs, tests, and kits are their own masters.
// A sync.WaitGroup that only counts calls of others starts none.
func checkSpawns(t *tree) (broken []string) {
	for _, p := range t.packages {
		if p.dir == spawner || p.isProgram() || p.isKit() {
			continue
		}
		for _, f := range p.files {
			if f.isTest() {
				continue
			}
			for _, line := range f.spawns {
				broken = append(broken, fmt.Sprintf("%s:%d: a go statement", f.path, line))
			}
			for _, used := range f.uses {
				if under(used.path, xsync+"/errgroup") {
					broken = append(broken, fmt.Sprintf("%s: uses %s", f.at(used), used.path))
				}
			}
		}
	}
	return broken
}

// checkEngine keeps the rooms of the engine from knowing it: what they need of each
// other they are given, and no import leads up. (A struct that holds the Monitor
// would need that import.)
func checkEngine(t *tree) (broken []string) {
	const door = "longrun/monitor"
	for _, p := range t.packages {
		if !under(p.dir, door) || p.dir == door {
			continue
		}
		for _, f := range p.files {
			for _, imported := range f.imports {
				if dir, ok := t.ours(imported.path); ok && dir == door {
					broken = append(broken, fmt.Sprintf("%s: imports the engine's door", f.at(imported)))
				}
			}
		}
	}
	return broken
}

// maxFiles is how many files a room has, tests left out, so that a stranger finds
// the right one in a minute.
const maxFiles = 14

func checkRooms(t *tree) (broken []string) {
	for _, p := range t.packages {
		if p.isKit() || p.isProgram() {
			continue
		}
		n := 0
		for _, f := range p.files {
			if !f.isTest() {
				n++
			}
		}
		if n > maxFiles {
			broken = append(broken, fmt.Sprintf("%s: %d files, at most %d", p.dir, n, maxFiles))
		}
	}
	return broken
}

// maxNames is how many types, functions and variables the vocabulary exports. The
// constants of a type belong to it, as its methods do.
const maxNames = 60

func TestTheVocabularyIsSmall(t *testing.T) {
	t.Parallel()
	var names []string
	paths, err := filepath.Glob(filepath.Join(moduleRoot, "longrun", "*.go"))
	require.NoError(t, err)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				if d.Tok == token.CONST {
					continue
				}
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						if spec.Name.IsExported() {
							names = append(names, spec.Name.Name)
						}
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							if name.IsExported() {
								names = append(names, name.Name)
							}
						}
					}
				}
			}
		}
	}
	slices.Sort(names)
	t.Logf("package longrun exports %d names", len(names))
	require.LessOrEqual(t, len(names), maxNames, "%v", names)
}

// maxLinked is how many packages a user of the counting alone links, those of the
// standard library included. Some 66 are what fmt, time and their like need.
const maxLinked = 75

func TestWhoOnlyCountsLinksLittle(t *testing.T) {
	t.Parallel()
	repository, err := readTree(os.DirFS(moduleRoot))
	require.NoError(t, err)
	linked := map[string]bool{}
	var link func(path string)
	link = func(path string) {
		if linked[path] || path == "C" {
			return
		}
		linked[path] = true
		if dir, ok := repository.ours(path); ok {
			i := slices.IndexFunc(repository.packages, func(p *pkg) bool { return p.dir == dir })
			require.GreaterOrEqual(t, i, 0, path)
			for _, f := range repository.packages[i].files {
				if !f.isTest() {
					for _, imported := range f.imports {
						link(imported.path)
					}
				}
			}
			return
		}
		found, err := build.Default.Import(path, filepath.Join(build.Default.GOROOT, "src"), 0)
		require.NoError(t, err)
		for _, imported := range found.Imports {
			link(imported)
		}
	}
	link(repository.module + "/longrun")
	link(repository.module + "/longrun/coverage")
	t.Logf("longrun and coverage link %d packages", len(linked))
	require.LessOrEqual(t, len(linked), maxLinked)
	for path := range linked {
		require.NotContains(t, path, "crypto", "the vocabulary counts; it proves nothing")
		require.False(t, path == "net" || strings.HasPrefix(path, "net/"), path)
	}
}
