// Package filewitness tells instances on one machine at once when one of them has
// died: a store.Witness of files in a directory, for stores that are none
// themselves, such as firestorestore. (A sqlitestore is one, beside its own file, and
// a postgresstore, in its server's sessions.)
//
// It does not help against a process that is frozen, or between machines: there the
// lease decides, as it does without. It does so too on network file systems, which
// are not used, on other systems than Linux, and in containers that do not share the
// directory. And what it says is a hint: the lock is as safe when it is wrong.
package filewitness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/filelock"
	"github.com/seed-13dc028d/longwatch/store"
)

// New returns a Witness whose signs lie in dir, one file for each grant of a lock,
// which its holder removes; the next holder removes what a crash has left. All
// instances on the machine name the same directory, which must exist and should
// be nobody else's. clk times how often a waiting instance looks; nil means the wall
// clock. The error tells what is wrong with dir.
func New(dir string, clk clock.Clock) (store.Witness, error) {
	if dir == "" {
		return nil, errors.New("filewitness: no directory")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("filewitness: %w", err)
	}
	info, err := os.Stat(abs)
	switch {
	case err != nil:
		return nil, fmt.Errorf("filewitness: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("filewitness: %s is no directory", abs)
	}
	if clk == nil {
		clk = clock.New()
	}
	signs := filelock.Signs{Prefix: abs + string(filepath.Separator), Clock: clk}
	signs.Sweep()
	return signs, nil
}
