package table

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Where a table is kept: its rows in File, and what is made of them between two marks in
// this module's README, whole, and in that of longwatch, in brief.
const (
	File   = "testdata/table.json"
	readme = "README.md"
	front  = "../../README.md"
	begin  = "<!-- table: begin -->\n"
	end    = "<!-- table: end -->\n"
)

// pages are those with a table, and what it is there.
func (t Table) pages() map[string]string {
	return map[string]string{readme: t.Markdown(), front: t.Brief()}
}

// Keep writes the table into the folder of this module, and into longwatch's README.
func (t Table) Keep(dir string) error {
	for page, text := range t.pages() {
		path := filepath.Join(dir, page)
		old, err := os.ReadFile(path) //nolint:gosec // a folder of this program
		if err != nil {
			return err
		}
		before, _, after, err := split(string(old))
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(before+text+after), 0o644); err != nil { //nolint:gosec // a page for everyone
			return err
		}
	}
	data, err := json.MarshalIndent(t, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, File), append(data, '\n'), 0o644) //nolint:gosec // as the README
}

// Kept is the table that was last kept in the folder of this module.
func Kept(dir string) (t Table, err error) {
	data, err := os.ReadFile(filepath.Join(dir, File)) //nolint:gosec // a folder of this program
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(data, &t)
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
