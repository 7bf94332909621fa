package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// maxLines is where a file stops being about one thing. Most should be half of
// it: the number is the wall, not the aim.
const maxLines = 450

// A rule looks at the whole tree and returns what breaks it, one line each,
// beginning with the place.
type rule struct {
	name  string
	check func(*tree) []string
}

var rules = []rule{
	{"a package imports only what its row allows", checkArrows},
	{"only the WhatsApp packages and programs import whatsmeow", checkWhatsmeow},
	{"no production file imports a kit, testing or testify", checkKits},
	{"only programs and tests read the environment and flags", checkEnvironment},
	{"the library takes its time from the clock it is given", checkClock},
	{"a test that sleeps sleeps in a bubble", checkSleeps},
	{"a package name is unique and no SDK's", checkNames},
	{"a goroutine of the library is started in internal/spawn alone", checkSpawns},
	{"only the engine's door holds the engine", checkEngine},
	{"a room has few files", checkRooms},
	{"every package has a package comment", checkComments},
	{"a file is about one thing", checkLength},
}

// checkArrows keeps the map of arrows_test.go, for all files but tests.
func checkArrows(t *tree) (broken []string) {
	for _, p := range t.packages {
		if p.isProgram() {
			continue // programs wire everything
		}
		r, ok := rowOf(p.dir)
		if !ok {
			broken = append(broken, fmt.Sprintf("%s: has no row in internal/archtest/arrows_test.go", p.dir))
			continue
		}
		for _, f := range p.files {
			for _, imported := range f.imports {
				if !f.isTest() && !t.allows(r, imported.path) {
					broken = append(broken, fmt.Sprintf("%s: %s may not import %s", f.at(imported), p.dir, imported.path))
				}
			}
		}
	}
	return broken
}

func (t *tree) allows(r row, importPath string) bool {
	if dir, ok := t.ours(importPath); ok {
		return slices.Contains(r.ours, dir)
	}
	return isStandard(importPath) ||
		slices.ContainsFunc(r.outside(), func(parent string) bool { return under(importPath, parent) })
}

// checkWhatsmeow covers tests as well: whoever links whatsmeow links libsignal,
// which is GPL-3.0, and a test binary is a binary.
func checkWhatsmeow(t *tree) (broken []string) {
	for _, p := range t.packages {
		if p.isProgram() || under(p.dir, "probe/whatsappprobe") || p.dir == "probe/whatsapptest" {
			continue
		}
		for _, f := range p.files {
			for _, imported := range f.imports {
				if under(imported.path, "go.mau.fi/whatsmeow") || under(imported.path, "go.mau.fi/libsignal") {
					broken = append(broken, fmt.Sprintf("%s: imports %s", f.at(imported), imported.path))
				}
			}
		}
	}
	return broken
}

// demonstrations are the programs that show a thing working where the real one
// cannot be had, each with the one kit that it is made of.
var demonstrations = map[string]string{
	"examples/internal/demo": "probe/whatsapptest", // a WhatsApp server in process
}

// checkKits covers programs too: what they link, users see in their binaries.
func checkKits(t *tree) (broken []string) {
	for _, p := range t.packages {
		for _, f := range p.files {
			for _, imported := range f.imports {
				if dir, ok := t.ours(imported.path); ok && dir == demonstrations[p.dir] {
					continue
				}
				if !f.isTest() && !p.isKit() && isForTests(t, imported.path) {
					broken = append(broken, fmt.Sprintf("%s: imports %s, which is for tests", f.at(imported), imported.path))
				}
			}
		}
	}
	return broken
}

// isForTests knows the kits of every origin by one habit of naming: testing and
// what lies below it, httptest, iotest, bufconn below grpc/test, and our own.
func isForTests(t *tree, importPath string) bool {
	if dir, ok := t.ours(importPath); ok {
		return (&pkg{dir: dir}).isKit()
	}
	elements := strings.Split(importPath, "/")
	return slices.Contains(elements, "testing") || slices.Contains(elements, "test") ||
		strings.HasSuffix(path.Base(importPath), "test") ||
		under(importPath, testify) || under(importPath, porcupine)
}

// checkEnvironment lets a host decide what it is configured by. Kits of ours
// that users run do not read the environment either; those in internal/ may.
func checkEnvironment(t *tree) []string {
	return uses(t, map[string][]string{
		"flag":    nil,
		"os":      {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Args"},
		"syscall": {"Getenv", "Environ"},
	}, func(p *pkg, f *file) bool {
		return !f.isTest() && !p.isProgram() && !(p.isKit() && under(p.dir, "internal"))
	})
}

// checkClock keeps real time out of what an injected clock must rule. How long
// to wait for a network is not of that kind, no more than context.WithTimeout:
// a row may say so, name by name.
func checkClock(t *tree) (broken []string) {
	for _, p := range t.packages {
		r, _ := rowOf(p.dir)
		names := slices.DeleteFunc(
			[]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
			func(name string) bool { return slices.Contains(r.real, name) })
		only := &tree{module: t.module, packages: []*pkg{p}}
		broken = append(broken, uses(only, map[string][]string{"time": names}, func(p *pkg, f *file) bool {
			return !f.isTest() && !p.isProgram() && !p.isKit()
		})...)
	}
	return broken
}

// checkSleeps asks for a bubble in the same package, where the sleep costs
// nothing and ends in a known order. Outside of one a sleep is a guess.
func checkSleeps(t *tree) []string {
	return uses(t, map[string][]string{"time": {"Sleep"}}, func(p *pkg, f *file) bool {
		return f.isTest() && !slices.ContainsFunc(p.files, func(f *file) bool {
			return slices.ContainsFunc(f.imports, func(r ref) bool { return r.path == "testing/synctest" })
		})
	})
}

// uses finds names of packages that a file may not use; nil stands for all of a
// package's. A dot import of the package counts as a use, since it would hide
// the others.
func uses(t *tree, names map[string][]string, applies func(*pkg, *file) bool) (broken []string) {
	for _, p := range t.packages {
		for _, f := range p.files {
			if !applies(p, f) {
				continue
			}
			for _, used := range f.uses {
				list, ok := names[used.path]
				if ok && (list == nil || used.name == "." || slices.Contains(list, used.name)) {
					broken = append(broken, fmt.Sprintf("%s: uses %s.%s", f.at(used), used.path, used.name))
				}
			}
		}
	}
	return broken
}

// checkNames spares a caller the import alias: no two packages of the
// repository share a name, and none has that of a client it wraps.
func checkNames(t *tree) (broken []string) {
	owner := map[string]string{}
	for _, general := range []string{clock, xsync, testify, porcupine} {
		owner[packageName(general)] = general
	}
	for _, family := range sdks {
		owner[packageName(family[0])] = family[0]
	}
	for _, p := range t.packages {
		name := strings.TrimSuffix(p.files[0].name, "_test")
		for _, f := range p.files {
			if !f.isTest() {
				name = f.name
			}
		}
		if name == "main" {
			continue
		}
		if want := path.Base(path.Join(t.module, p.dir)); name != want {
			broken = append(broken, fmt.Sprintf("%s: package %s, not %s", p.dir, name, want))
		}
		if other := owner[name]; other != "" {
			broken = append(broken, fmt.Sprintf("%s: package %s is the name of %s too", p.dir, name, other))
		}
		owner[name] = p.dir
	}
	return broken
}

// checkComments wants the comment outside of tests, where go doc shows it.
func checkComments(t *tree) (broken []string) {
	for _, p := range t.packages {
		if !slices.ContainsFunc(p.files, func(f *file) bool {
			return !f.isTest() && (strings.HasPrefix(f.doc, "Package "+f.name+" ") || f.name == "main" && f.doc != "")
		}) {
			broken = append(broken, fmt.Sprintf("%s: no package comment that begins with its name", p.dir))
		}
	}
	return broken
}

func checkLength(t *tree) (broken []string) {
	for _, p := range t.packages {
		for _, f := range p.files {
			if f.lines > maxLines {
				broken = append(broken, fmt.Sprintf("%s: %d lines, at most %d", f.path, f.lines, maxLines))
			}
		}
	}
	return broken
}
