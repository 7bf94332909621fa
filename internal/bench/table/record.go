package table

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rows is set by the program of this module, which makes the table of them.
var rows = flag.String("rows", "", "measure at full length, and leave the rows of the table in this folder") //nolint:gochecknoglobals // a flag of the test binary

var rounds = flag.Int("rounds", 20, "how often what takes seconds is measured, for the rows") //nolint:gochecknoglobals // a flag of the test binaries and of the program

// Rounds is how often what takes seconds is measured.
func Rounds() int { return max(1, *rounds) }

// Asked skips a test that measures for minutes, unless its rows are asked for.
func Asked(tb testing.TB) {
	tb.Helper()
	if *rows == "" {
		tb.Skip("it measures for minutes: with the command of the README")
	}
}

// Add leaves rows for the table. It is called once by each package's TestRows.
func Add(tb testing.TB, add ...Row) {
	tb.Helper()
	for _, r := range add {
		if err := r.Validate(); err != nil {
			tb.Error(err)
		}
	}
	data, err := json.MarshalIndent(add, "", "\t")
	if err == nil {
		err = os.WriteFile(filepath.Join(*rows, tb.Name()+"-"+filepath.Base(os.Args[0])+".json"), data, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// Read returns the rows that were left in a folder, in the order of the packages given.
func Read(dir string, packages ...string) ([]Row, error) {
	var all []Row
	for _, p := range packages {
		data, err := os.ReadFile(filepath.Join(dir, "TestRows-"+strings.TrimPrefix(p, "./")+".test.json")) //nolint:gosec // a folder of this program
		if errors.Is(err, fs.ErrNotExist) {
			continue // it failed, and has said so
		}
		if err != nil {
			return nil, err
		}
		var some []Row
		if err := json.Unmarshal(data, &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return slices.Clip(all), nil
}
