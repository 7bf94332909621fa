// Package mistakes is the list: what is wrong in each, where, and the tests that are to
// notice it. It does not guarantee that these are all that would hurt.
package mistakes

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Mutant is one mistake, and the tests that are to notice it.
type Mutant struct {
	// Name says what is wrong then, behind the part that it is of: "fence: …".
	Name string
	// File is where, from the root of the module; Old stands in it once, and becomes
	// New.
	File, Old, New string
	// Pkg and Tests are the package and the -run of the tests.
	Pkg, Tests string
	// N is its place in the list, from 1.
	N int
}

// Part is what the mutant is of.
func (m Mutant) Part() string {
	part, _, _ := strings.Cut(m.Name, ":")
	return part
}

// All are the mutants, by the part that they are of.
func All() []Mutant {
	list := slices.Concat(ofLock(), ofFence(), ofProof(), ofLeading(), ofBeats(), ofRules(), ofOutbox(), ofEvidence(), ofCoverage(), ofClosing())
	for i := range list {
		list[i].N = i + 1
	}
	return list
}

// Apply returns the text of the mutant's file with the mistake in it.
func (m Mutant) Apply(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return nil, err
	}
	changed, err := m.Within(text)
	if err != nil {
		return nil, err
	}
	if _, err := parser.ParseFile(token.NewFileSet(), m.File, changed, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	return changed, nil
}

// Within returns the text with the mistake in it.
func (m Mutant) Within(text []byte) ([]byte, error) {
	if n := strings.Count(string(text), m.Old); n != 1 {
		return nil, fmt.Errorf("%s: what is to be changed stands %d times in %s", m.Name, n, m.File)
	}
	return []byte(strings.Replace(string(text), m.Old, m.New, 1)), nil
}
