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
}

// all are the mutants, by the part that they are of.
func all() []mutant {
	return slices.Concat(ofLock(), ofFence(), ofProof(), ofLeading(), ofBeats(), ofRules(), ofOutbox(), ofEvidence(), ofCoverage(), ofClosing())
}

// apply returns the text of the mutant's file with the mistake in it.
func (m mutant) apply(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return nil, fmt.Errorf("%s: what is to be changed stands %d times in %s", m.name, n, m.file)
	}
	changed := strings.Replace(string(text), m.old, m.new, 1)
	if _, err := parser.ParseFile(token.NewFileSet(), m.file, changed, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return []byte(changed), nil
}
