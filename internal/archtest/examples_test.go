package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// entry matches the functions that a reader begins with: they make, open or read
// something.
var entry = regexp.MustCompile(`^(New|Open|Parse|Read|Wrap)([A-Z]|$)|^(Run|Start)$`)

// shown is what one package exports, and what its Examples show of it.
type shown struct {
	exported map[string]bool   // with methods as Examples have them: Type_Method
	entries  []string          // of the functions, those that match entry
	examples map[string]string // their names, and the files they are in
	called   map[string]bool   // names of the package, in files with an Example
}

// examples lists what is wrong with the Examples of the public packages.
func (t *tree) examples(fsys fs.FS) (broken []string, err error) {
	for _, p := range t.packages {
		if !p.isPublic() {
			continue
		}
		s := shown{map[string]bool{"": true}, nil, map[string]string{}, map[string]bool{}}
		for _, f := range p.files {
			text, err := fs.ReadFile(fsys, f.path)
			if err != nil {
				return nil, err
			}
			syntax, err := parser.ParseFile(token.NewFileSet(), f.path, text, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			if f.isTest() {
				s.test(f, syntax)
			} else {
				s.production(syntax)
			}
		}
		for name, file := range s.examples {
			if !s.exported[subject(name)] {
				broken = append(broken, file+": Example"+name+" is of nothing that "+p.dir+" exports")
			}
		}
		for _, name := range s.entries {
			if !s.called[name] {
				broken = append(broken, p.dir+": "+name+" is in no Example")
			}
		}
	}
	slices.Sort(broken)
	return slices.Compact(broken), nil
}

// subject is what an Example is of, without the suffix that tells several apart.
func subject(example string) string {
	first, rest, _ := strings.Cut(example, "_")
	second, _, _ := strings.Cut(rest, "_")
	if second != "" && token.IsExported(second) {
		return first + "_" + second
	}
	return first
}

func (s *shown) production(syntax *ast.File) {
	for _, d := range syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				s.exported[receiver(d.Recv.List[0].Type)+"_"+name] = true
				continue
			}
			s.exported[name] = d.Name.IsExported()
			if d.Name.IsExported() && entry.MatchString(name) {
				s.entries = append(s.entries, name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					s.exported[spec.Name.Name] = spec.Name.IsExported()
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						s.exported[name.Name] = name.IsExported()
					}
				}
			}
		}
	}
}

// receiver is the name of a method's type.
func receiver(of ast.Expr) string {
	for {
		switch e := of.(type) {
		case *ast.StarExpr:
			of = e.X
		case *ast.IndexExpr:
			of = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

func (s *shown) test(f *file, syntax *ast.File) {
	some := false
	for _, d := range syntax.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil && len(d.Type.Params.List) == 0 {
			if name, ok := strings.CutPrefix(d.Name.Name, "Example"); ok {
				s.examples[name], some = f.path, true
			}
		}
	}
	if !some {
		return
	}
	of := strings.TrimSuffix(syntax.Name.Name, "_test")
	ast.Inspect(syntax, func(n ast.Node) bool {
		if e, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := e.X.(*ast.Ident); ok && x.Name == of {
				s.called[e.Sel.Name] = true
			}
		}
		return true
	})
}

// An Example that is of nothing is shown nowhere, and goes on passing when what it was of
// has another name.
func TestEachEntryPointIsInAnExampleAndEachExampleIsOfSomething(t *testing.T) {
	t.Parallel()
	repository, err := readTree(os.DirFS(moduleRoot))
	require.NoError(t, err)
	broken, err := repository.examples(os.DirFS(moduleRoot))
	require.NoError(t, err)
	if len(broken) > 0 {
		t.Errorf("\n%s", strings.Join(broken, "\n"))
	}
}

func TestExamplesOfNothingAndNoExampleAreFound(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"go.mod":       "module " + ours + "\n",
		"store/one.go": "package store\n\ntype List[T any] struct{}\n\nfunc New() {}\nfunc Parse() {}\nfunc Newer() {}\nfunc (*List[T]) Open() {}\n",
		"store/one_test.go": "package store_test\n\nfunc Example() { store.New() }\nfunc ExampleList() {}\nfunc ExampleList_Open() {}\n" +
			"func ExampleList_second() {}\nfunc ExampleList_Close() {}\nfunc ExampleGone_why() {}\nfunc ExampleNew_of_it() {}\n",
		"store/two_test.go": "package store_test\n\nfunc TestParse() { store.Parse() }\n",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	planted, err := readTree(fsys)
	require.NoError(t, err)
	broken, err := planted.examples(fsys)
	require.NoError(t, err)
	require.Equal(t, []string{
		"store/one_test.go: ExampleGone_why is of nothing that store exports",
		"store/one_test.go: ExampleList_Close is of nothing that store exports",
		"store: Parse is in no Example",
	}, broken)
}
