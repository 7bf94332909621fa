package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/mutants/mistakes"
)

// The words for what became of a mutant.
const (
	killed   = "killed"
	survived = "SURVIVED"
	broken   = "BROKEN" // could not be tried
)

// result is one line of what a run found, as it is kept in a file.
type result struct {
	name, became, by string
}

func (r result) line() string {
	return strings.Join([]string{r.became, r.name, strings.NewReplacer("\t", " ", "\n", " ").Replace(r.by)}, "\t") + "\n"
}

// results are those of a run and of the ones before that it goes on with.
type results map[string]result

// read takes what a file has; where there is none, it is empty.
func read(path string) (results, error) {
	out := results{}
	text, err := os.ReadFile(path) //nolint:gosec // whoever runs it names it
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%s: %q is no result", path, lines.Text())
		}
		out[parts[1]] = result{became: parts[0], name: parts[1], by: parts[2]}
	}
	return out, lines.Err()
}

// keep adds a result to a file.
func keep(path string, r result) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // whoever runs it names it
	if err != nil {
		return err
	}
	_, err = f.WriteString(r.line())
	return errors.Join(err, f.Close())
}

// count is how many became what.
func (rs results) count(list []mistakes.Mutant, became string) int {
	n := 0
	for _, m := range list {
		if rs[m.Name].became == became {
			n++
		}
	}
	return n
}

// summary writes the table by parts, and names what was not killed.
func (rs results) summary(out io.Writer, list []mistakes.Mutant) {
	parts := map[string][]mistakes.Mutant{}
	for _, m := range list {
		parts[m.Part()] = append(parts[m.Part()], m)
	}
	row := func(part string, of []mistakes.Mutant) {
		k, s, b := rs.count(of, killed), rs.count(of, survived), rs.count(of, broken)
		fmt.Fprintf(out, "| %-8s | %7d | %6d | %8d | %6d | %9d |\n", part, len(of), k, s, b, len(of)-k-s-b)
	}
	fmt.Fprintln(out, "| of       | mutants | killed | survived | broken | not tried |")
	fmt.Fprintln(out, "|----------|---------|--------|----------|--------|-----------|")
	for _, part := range slices.SortedFunc(maps.Keys(parts), func(a, b string) int { return parts[a][0].N - parts[b][0].N }) {
		row(part, parts[part])
	}
	row("all", list)
	for _, m := range list {
		if r, tried := rs[m.Name]; tried && r.became != killed {
			fmt.Fprintf(out, "%s %d %s\n", r.became, m.N, m.Name)
		}
	}
}

// table writes each mutant with what killed it in two runs.
func table(out io.Writer, list []mistakes.Mutant, own, simulator results) {
	cell := func(r result) string {
		switch r.became {
		case killed:
			return strings.ReplaceAll(r.by, "|", "/")
		case survived:
			return "**survived**"
		case broken:
			return "could not be tried"
		default:
			return "not tried"
		}
	}
	fmt.Fprintln(out, "| mutant | by its tests | by the simulator alone |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, m := range list {
		fmt.Fprintf(out, "| %s | %s | %s |\n", m.Name, cell(own[m.Name]), cell(simulator[m.Name]))
	}
}
