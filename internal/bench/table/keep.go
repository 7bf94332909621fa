package table

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Where a table is kept: alone in File, and between two marks in the README.
const (
	File   = "testdata/table.md"
	readme = "README.md"
	begin  = "<!-- table: begin -->\n"
	end    = "<!-- table: end -->\n"
)

// Keep writes the table into the folder of this module.
func (t Table) Keep(dir string) error {
	text := t.Markdown()
	path := filepath.Join(dir, readme)
	old, err := os.ReadFile(path) //nolint:gosec // a folder of this program
	if err != nil {
		return err
	}
	before, kept, after, err := split(string(old))
	if err != nil {
		return err
	}
	if kept != text {
		if err := os.WriteFile(path, []byte(before+text+after), 0o644); err != nil { //nolint:gosec // a page for everyone
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, File), []byte(text), 0o644) //nolint:gosec // as the README
}

// split takes the table out of a page.
func split(page string) (before, kept, after string, err error) {
	before, rest, ok := strings.Cut(page, begin)
	kept, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", "", "", errors.New("table: the page has no marks around a table")
	}
	return before + begin, kept, end + after, nil
}
