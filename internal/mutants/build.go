package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/mutants/mistakes"
)

// workshop builds test binaries that have mutants in them.
type workshop struct {
	root, dir string
	// broken says of mutants by their numbers why they cannot be built.
	broken map[int]error
	// alone are those that are in no binary with others.
	alone map[int]bool
	// binaries are those with many, by the package of the tests.
	binaries map[string]string
}

// open builds the binaries that the mutants need. dir is a folder for them, which the
// caller removes.
func open(ctx context.Context, root, dir string, mutants []mistakes.Mutant) (*workshop, error) {
	w := &workshop{root: root, dir: dir, broken: map[int]error{}, alone: map[int]bool{}, binaries: map[string]string{}}
	for _, m := range mutants {
		if _, err := m.Apply(root); err != nil {
			w.broken[m.N] = err
		}
	}
	pkgs := map[string]bool{}
	for _, m := range mutants {
		pkgs[m.Pkg] = true
	}
	for _, pkg := range slices.Sorted(maps.Keys(pkgs)) {
		if err := w.buildMany(ctx, pkg, mutants); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// ofMutant finds which mutant the compiler speaks of.
var ofMutant = regexp.MustCompile(`mutant(\d+):\d+(:\d+)?: .*`)

// buildMany builds the tests of a package with all mutants in them that compile.
func (w *workshop) buildMany(ctx context.Context, pkg string, mutants []mistakes.Mutant) error {
	for {
		overlay, err := w.weave(mutants)
		if err != nil {
			return err
		}
		binary := filepath.Join(w.dir, strconv.Itoa(len(w.binaries))+".test")
		out, err := w.build(ctx, binary, overlay, pkg)
		if err == nil {
			w.binaries[pkg] = binary
			return nil
		}
		found := ofMutant.FindAllSubmatch(out, -1)
		if len(found) == 0 || ctx.Err() != nil {
			return fmt.Errorf("the tests of %s do not compile: %w\n%s", pkg, err, out)
		}
		for _, f := range found {
			n, _ := strconv.Atoi(string(f[1]))
			w.broken[n] = fmt.Errorf("it does not compile: %s", f[0])
		}
	}
}

// weave writes what has the go command read the files with the mutants in them.
func (w *workshop) weave(mutants []mistakes.Mutant) (string, error) {
	byFile := map[string][]mistakes.Mutant{}
	for _, m := range mutants {
		if w.broken[m.N] == nil {
			byFile[m.File] = append(byFile[m.File], m)
		}
	}
	instead := map[string][]byte{}
	for file, of := range byFile {
		text, err := os.ReadFile(filepath.Join(w.root, file))
		if err != nil {
			return "", err
		}
		all, err := weave(text, of)
		if err != nil {
			return "", err
		}
		for _, m := range all.alone {
			w.alone[m.N] = true
		}
		instead[file] = all.text
		instead[filepath.Join(filepath.Dir(file), "mutants_at_work.go")] = chooser(all.pkg)
	}
	return w.overlay(instead)
}

// buildOne builds the tests of a mutant with it alone.
func (w *workshop) buildOne(ctx context.Context, m mistakes.Mutant) (string, error) {
	text, err := m.Apply(w.root)
	if err != nil {
		return "", err
	}
	overlay, err := w.overlay(map[string][]byte{m.File: text})
	if err != nil {
		return "", err
	}
	binary := filepath.Join(w.dir, fmt.Sprintf("alone%d.test", m.N))
	if out, err := w.build(ctx, binary, overlay, m.Pkg); err != nil {
		return "", fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	return binary, nil
}

// overlay writes what has the go command read the texts in place of the files, or beside
// them.
func (w *workshop) overlay(instead map[string][]byte) (string, error) {
	dir, err := os.MkdirTemp(w.dir, "overlay")
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range instead {
		changed := filepath.Join(dir, strings.ReplaceAll(file, string(filepath.Separator), "-"))
		if err := os.WriteFile(changed, text, 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(w.root, file)] = changed
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// build has the go command build a test binary: without what a debugger needs, since
// that takes half the time.
func (w *workshop) build(ctx context.Context, binary, overlay, pkg string) ([]byte, error) {
	cmd := command(ctx, w.root, "go", "test", "-c", "-vet=off", "-ldflags=-w", "-overlay", overlay, "-o", binary, pkg)
	cmd.Env = append(os.Environ(), "GOTMPDIR="+w.dir)
	out, err := cmd.CombinedOutput()
	if err == nil {
		if _, missing := os.Stat(binary); missing != nil {
			return out, errors.New("it has no tests")
		}
	}
	return out, err
}

// command is one that ends when the context does.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the list is ours
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}
