package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one mistake, and the tests that are to notice it.
type mutant struct {
	// name says what is wrong then, behind the part that it is of: "fence: …".
	name string
	// file is where, from the root of the module; old stands in it once, and becomes
	// new.
	file, old, new string
	// pkg and tests are the package and the -run of the tests.
	pkg, tests string
	// n is its place in the list, from 1.
	n int
}

// part is what the mutant is of.
func (m mutant) part() string {
	part, _, _ := strings.Cut(m.name, ":")
	return part
}

// all are the mutants, by the part that they are of.
func all() []mutant {
	list := slices.Concat(ofLock(), ofFence(), ofProof(), ofLeading(), ofBeats(), ofRules(), ofOutbox(), ofEvidence(), ofCoverage(), ofClosing())
	for i := range list {
		list[i].n = i + 1
	}
	return list
}

// apply returns the text of the mutant's file with the mistake in it.
func (m mutant) apply(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	changed, err := m.mistake(text)
	if err != nil {
		return nil, err
	}
	if _, err := parser.ParseFile(token.NewFileSet(), m.file, changed, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return changed, nil
}

// mistake returns the text with the mistake in it.
func (m mutant) mistake(text []byte) ([]byte, error) {
	if n := strings.Count(string(text), m.old); n != 1 {
		return nil, fmt.Errorf("%s: what is to be changed stands %d times in %s", m.name, n, m.file)
	}
	return []byte(strings.Replace(string(text), m.old, m.new, 1)), nil
}
