package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A tree is what the rules look at: every package of the module, nested modules
// left out, as its files say it.
type tree struct {
	module   string // its path, from go.mod
	packages []*pkg // by directory
}

// A pkg is one directory with Go files in it.
type pkg struct {
	dir   string // from the module's root, "." for the root
	files []*file
}

type file struct {
	path    string // from the module's root
	name    string // of the package, as the file's first clause has it
	doc     string // the package comment, empty where there is none
	lines   int
	imports []ref
	uses    []ref // of imported packages' names, such as time.Now
	spawns  []int // the lines of go statements
}

// A ref is an import path, or a name in an imported package, and its line. The
// name of a dot import is ".": what such a file uses cannot be told.
type ref struct {
	path, name string
	line       int
}

// isTest reports whether the go command leaves the file out of builds.
func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// at is where a ref stands, in the form that editors open.
func (f *file) at(r ref) string { return f.path + ":" + strconv.Itoa(r.line) }

// isKit reports whether the package is for tests: kits and doubles end in test,
// and faultnet is a network with faults.
func (p *pkg) isKit() bool {
	return strings.HasSuffix(p.dir, "test") || p.dir == "internal/faultnet"
}

// isProgram reports whether the package is a program, or part of one.
func (p *pkg) isProgram() bool { return under(p.dir, programs) }

// under reports whether an import path or directory is parent, or lies below it.
func under(name, parent string) bool {
	return name == parent || strings.HasPrefix(name, parent+"/")
}

// isStandard reports whether an import path is the standard library's: only
// those have no dot in their first element.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// ours returns the directory of an import path of this module.
func (t *tree) ours(importPath string) (dir string, ok bool) {
	if importPath == t.module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.module+"/")
}

// readTree reads the module whose go.mod lies at the root of fsys.
func readTree(fsys fs.FS) (*tree, error) {
	module, err := readModule(fsys)
	if err != nil {
		return nil, err
	}
	packages := map[string]*pkg{}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && isOutside(fsys, name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		f, err := readFile(fsys, name)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if packages[dir] == nil {
			packages[dir] = &pkg{dir: dir}
		}
		packages[dir].files = append(packages[dir].files, f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	t := &tree{module: module}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		t.packages = append(t.packages, packages[dir])
	}
	return t, nil
}

// isOutside reports whether a directory is no part of the module: the go
// command skips the same ones.
func isOutside(fsys fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

func readModule(fsys fs.FS) (string, error) {
	text, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if module, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(module), nil
		}
	}
	return "", fmt.Errorf("go.mod names no module")
}

func readFile(fsys fs.FS, name string) (*file, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &file{path: name, name: syntax.Name.Name, doc: syntax.Doc.Text(), lines: bytes.Count(text, []byte("\n"))}

	local := map[string]string{} // what this file calls a package → its path
	for _, spec := range syntax.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imported := ref{path: importPath, name: packageName(importPath), line: fset.Position(spec.Pos()).Line}
		if spec.Name != nil {
			imported.name = spec.Name.Name
		}
		f.imports = append(f.imports, imported)
		local[imported.name] = importPath
		if imported.name == "." {
			f.uses = append(f.uses, imported)
		}
	}
	ast.Inspect(syntax, func(n ast.Node) bool {
		if statement, ok := n.(*ast.GoStmt); ok {
			f.spawns = append(f.spawns, fset.Position(statement.Pos()).Line)
		}
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && local[x.Name] != "" {
			f.uses = append(f.uses, ref{path: local[x.Name], name: selector.Sel.Name, line: fset.Position(n.Pos()).Line})
		}
		return true
	})
	return f, nil
}

// packageName guesses a package's name from its path: the last element that is
// no major version.
func packageName(importPath string) string {
	base := path.Base(importPath)
	if v, ok := strings.CutPrefix(base, "v"); ok {
		if _, err := strconv.Atoi(v); err == nil {
			return path.Base(path.Dir(importPath))
		}
	}
	return base
}
