package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/mutants/mistakes"
)

// Most mutants are wrong within one function. So the wrong functions are put beside the
// right one, which asks a variable of the package whether one of them is to do its work:
// one build has all mutants, and a process is told by its environment which it is.

const (
	chosenEnv = "LONGWATCH_MUTANT"
	chosenVar = "mutantAtWork"
)

// chooser is the file that a package gets beside those that have mutants.
func chooser(pkg string) []byte {
	return fmt.Appendf(nil, "package %s\n\nimport \"os\"\n\nvar %s = os.Getenv(%q)\n", pkg, chosenVar, chosenEnv)
}

// woven is a file with all its mutants in it.
type woven struct {
	text []byte
	pkg  string
	// alone are those that are not within one function, and need a build of their own.
	alone []mistakes.Mutant
}

// weave puts mutants of one file beside what they are of.
func weave(text []byte, mutants []mistakes.Mutant) (woven, error) {
	files := token.NewFileSet()
	right, err := parser.ParseFile(files, "", text, parser.SkipObjectResolution)
	if err != nil {
		return woven{}, err
	}
	out := woven{pkg: right.Name.Name}
	asks := map[int]string{} // by where in the text
	var wrongs []byte
	for _, m := range mutants {
		changed, err := m.Within(text)
		if err != nil {
			return woven{}, err
		}
		wrong, err := parser.ParseFile(files, "", changed, parser.SkipObjectResolution)
		if err != nil {
			return woven{}, fmt.Errorf("%s: %w", m.Name, err)
		}
		was, is := onlyChange(files, text, right, changed, wrong)
		call, ok := call(was, m.N)
		if !ok {
			out.alone = append(out.alone, m)
			continue
		}
		asks[files.Position(was.Body.Lbrace).Offset+1] += call
		from, name, to := files.Position(is.Pos()).Offset, files.Position(is.Name.End()).Offset, files.Position(is.End()).Offset
		wrongs = fmt.Appendf(wrongs, "\n//line mutant%d:1\n%s%s%s\n", m.N, changed[from:name], suffix(m.N), changed[name:to])
	}
	last := 0
	for _, at := range slices.Sorted(maps.Keys(asks)) {
		out.text = append(append(out.text, text[last:at]...), asks[at]...)
		last = at
	}
	out.text = append(append(out.text, text[last:]...), wrongs...)
	return out, nil
}

func suffix(n int) string { return "Mutant" + strconv.Itoa(n) }

// onlyChange is the one declaration, a function with the name and the parameters that it
// had, which two files do not have in common: as it was, and as it is. It is nil where
// there is more, or something else.
func onlyChange(files *token.FileSet, a []byte, right *ast.File, b []byte, wrong *ast.File) (was, is *ast.FuncDecl) {
	source := func(text []byte, from, to token.Pos) string {
		return string(text[files.Position(from).Offset:files.Position(to).Offset])
	}
	if len(right.Decls) != len(wrong.Decls) {
		return nil, nil
	}
	for i, r := range right.Decls {
		w := wrong.Decls[i]
		if source(a, r.Pos(), r.End()) == source(b, w.Pos(), w.End()) {
			continue
		}
		before, isFunc := r.(*ast.FuncDecl)
		after, areFunc := w.(*ast.FuncDecl)
		if was != nil || !isFunc || !areFunc || before.Body == nil || after.Body == nil {
			return nil, nil
		}
		if source(a, before.Pos(), before.Body.Lbrace) != source(b, after.Pos(), after.Body.Lbrace) {
			return nil, nil
		}
		was, is = before, after
	}
	return was, is
}

// call is what the right function does first: has the wrong one do it all, if that is
// who works here. It is false where there is no such function, or a parameter of it has no
// name to be handed on by.
func call(f *ast.FuncDecl, n int) (string, bool) {
	if f == nil {
		return "", false
	}
	name := f.Name.Name + suffix(n)
	if f.Recv != nil {
		if len(f.Recv.List) != 1 || len(f.Recv.List[0].Names) != 1 || f.Recv.List[0].Names[0].Name == "_" {
			return "", false
		}
		name = f.Recv.List[0].Names[0].Name + "." + name
	}
	if f.Name.Name == "init" || f.Name.Name == "main" {
		return "", false
	}
	var types, args []string
	if f.Type.TypeParams != nil {
		for _, field := range f.Type.TypeParams.List {
			for _, p := range field.Names {
				types = append(types, p.Name)
			}
		}
		name += "[" + strings.Join(types, ", ") + "]"
	}
	for _, field := range f.Type.Params.List {
		if len(field.Names) == 0 {
			return "", false
		}
		for _, p := range field.Names {
			if p.Name == "_" {
				return "", false
			}
			arg := p.Name
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	does := "return " + name + "(" + strings.Join(args, ", ") + ")"
	if f.Type.Results == nil {
		does = name + "(" + strings.Join(args, ", ") + "); return"
	}
	return fmt.Sprintf(" if %s == \"%d\" { %s };", chosenVar, n, does), true
}
