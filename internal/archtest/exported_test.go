package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"slices"
	"strings"
)

// isPublic reports whether programs of others may import the package.
func (p *pkg) isPublic() bool {
	return !p.isProgram() && p.dir != "deploy" && p.dir != "docs" && !slices.Contains(strings.Split(p.dir, "/"), "internal")
}

// api lists what the public packages export, one line for each identifier, sorted. It
// goes by the syntax, as all of this package: of a constant or variable without a type
// it tells the expression, and of a promoted method the embedded field.
func (t *tree) api(fsys fs.FS) (lines []string, err error) {
	for _, p := range t.packages {
		if !p.isPublic() {
			continue
		}
		for _, f := range p.files {
			if f.isTest() {
				continue
			}
			text, err := fs.ReadFile(fsys, f.path)
			if err != nil {
				return nil, err
			}
			more, err := exported(p.dir, text)
			if err != nil {
				return nil, err
			}
			lines = append(lines, more...)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil // a file for each system has the same names
}

// exported lists what one file exports.
func exported(dir string, text []byte) (lines []string, err error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), dir, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	say := func(format string, args ...any) {
		lines = append(lines, strings.TrimRight(dir+": "+fmt.Sprintf(format, args...), " "))
	}
	for _, d := range syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			sayFunc(say, d)
		case *ast.GenDecl:
			var last *ast.ValueSpec // whose type and value those after it repeat
			for place, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						sayType(say, spec)
					}
				case *ast.ValueSpec:
					if last == nil || spec.Type != nil || spec.Values != nil || d.Tok == token.VAR {
						last = spec
					}
					sayValue(say, d.Tok, place, spec, last)
				}
			}
		}
	}
	return lines, nil
}

type sayer func(format string, args ...any)

func sayFunc(say sayer, d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	if d.Recv == nil {
		say("func %s%s", d.Name.Name, signature(d.Type))
		return
	}
	receiver := written(d.Recv.List[0].Type)
	if name, _, _ := strings.Cut(strings.TrimPrefix(receiver, "*"), "["); ast.IsExported(name) {
		say("func (%s) %s%s", receiver, d.Name.Name, signature(d.Type))
	}
}

func sayType(say sayer, spec *ast.TypeSpec) {
	name := spec.Name.Name + parameters(spec.TypeParams)
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		say("type %s struct", name)
		for _, field := range typ.Fields.List {
			tag := ""
			if field.Tag != nil {
				tag = " " + field.Tag.Value
			}
			if len(field.Names) == 0 && embedded(field.Type) {
				say("type %s struct, %s embedded%s", spec.Name.Name, plain(field.Type), tag)
			}
			for _, n := range field.Names {
				if n.IsExported() {
					say("type %s struct, %s %s%s", spec.Name.Name, n.Name, plain(field.Type), tag)
				}
			}
		}
	default:
		equals := ""
		if spec.Assign.IsValid() {
			equals = "= "
		}
		say("type %s %s%s", name, equals, plain(spec.Type))
	}
}

// embedded reports whether an embedded field is seen from outside.
func embedded(typ ast.Expr) bool {
	name := strings.TrimPrefix(written(typ), "*")
	return ast.IsExported(name[strings.LastIndex(name, ".")+1:])
}

// sayValue tells of constants what they are, and of variables only their type: what is
// assigned to one may be anything that has it. like is the specification whose type and
// value a constant repeats, and place what iota is.
func sayValue(say sayer, tok token.Token, place int, spec, like *ast.ValueSpec) {
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		typ, value := "", ""
		if like.Type != nil {
			typ = " " + plain(like.Type)
		}
		if tok == token.CONST && i < len(like.Values) {
			value = " = " + written(like.Values[i])
			if strings.Contains(value, "iota") {
				value += fmt.Sprintf(" at %d", place)
			}
		}
		say("%s %s%s%s", tok, name.Name, typ, value)
	}
}

// signature is a function's type without the names of its parameters, which callers do
// not write.
func signature(f *ast.FuncType) string {
	results := types(f.Results)
	switch {
	case strings.Contains(results, ", "):
		results = " (" + results + ")"
	case results != "":
		results = " " + results
	}
	return parameters(f.TypeParams) + "(" + types(f.Params) + ")" + results
}

// types are those of a list, one for each name.
func types(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var all []string
	for _, field := range list.List {
		for range max(1, len(field.Names)) {
			all = append(all, plain(field.Type))
		}
	}
	return strings.Join(all, ", ")
}

// parameters are those of a generic type or function, whose names stand in it.
func parameters(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var all []string
	for _, field := range list.List {
		for _, name := range field.Names {
			all = append(all, name.Name+" "+plain(field.Type))
		}
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// plain is a type's source, with functions and interfaces as signature has them.
func plain(typ ast.Expr) string {
	switch typ := typ.(type) {
	case *ast.FuncType:
		return "func" + signature(typ)
	case *ast.Ellipsis:
		return "..." + plain(typ.Elt)
	case *ast.StarExpr:
		return "*" + plain(typ.X)
	case *ast.ArrayType:
		if typ.Len == nil {
			return "[]" + plain(typ.Elt)
		}
		return "[" + written(typ.Len) + "]" + plain(typ.Elt)
	case *ast.MapType:
		return "map[" + plain(typ.Key) + "]" + plain(typ.Value)
	case *ast.InterfaceType:
		var all []string
		for _, m := range typ.Methods.List {
			switch f, ok := m.Type.(*ast.FuncType); {
			case ok && len(m.Names) > 0:
				all = append(all, m.Names[0].Name+signature(f))
			default:
				all = append(all, plain(m.Type))
			}
		}
		if len(all) == 0 {
			return "interface{}"
		}
		slices.Sort(all)
		return "interface { " + strings.Join(all, "; ") + " }"
	}
	return written(typ)
}

// written is an expression on one line.
func written(e ast.Expr) string {
	var b bytes.Buffer
	_ = printer.Fprint(&b, token.NewFileSet(), e) // into memory
	return strings.Join(strings.Fields(b.String()), " ")
}
