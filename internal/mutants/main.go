package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/mutants/mistakes"
)

// order is what the command line asks for.
type order struct {
	only, not, pkg, tests, keep string
	from, until, atOnce         int
	limit                       time.Duration
	list, table, unasked        bool
}

func main() {
	var o order
	flag.StringVar(&o.only, "only", "", "those alone whose name has one of these, with | between them")
	flag.StringVar(&o.not, "not", "", "leave out those whose name has one of these")
	flag.IntVar(&o.from, "from", 1, "the first by its number")
	flag.IntVar(&o.until, "until", 0, "the last by its number; 0: the last of all")
	flag.StringVar(&o.keep, "keep", "", "a file for the results: what has one in it is not tried again, unless its line is deleted")
	flag.IntVar(&o.atOnce, "at-once", 1, "how many are tried at once")
	flag.DurationVar(&o.limit, "limit", 5*time.Minute, "how long the tests of one may take; one that makes them hang is killed")
	flag.StringVar(&o.pkg, "pkg", "", "have this package's tests notice them, and not those that the list names, such as ./internal/sim")
	flag.StringVar(&o.tests, "run", ".", "with -pkg: those of its tests")
	flag.BoolVar(&o.unasked, "unasked", false, "do not ask first whether the tests pass with no mutant at work")
	flag.BoolVar(&o.list, "list", false, "print the mutants, and try none")
	flag.BoolVar(&o.table, "table", false, "print a table of two files of results, by their own tests and by the simulator, and try none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	well, err := run(ctx, o, flag.Args())
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case !well:
		os.Exit(1)
	}
}

// run reports whether all that were asked for are killed. flags go to the tests.
func run(ctx context.Context, o order, flags []string) (well bool, err error) {
	chosen := o.choose(mistakes.All())
	if o.list {
		for _, m := range chosen {
			fmt.Printf("%3d %s\n\t%s, by %s of %s\n", m.N, m.Name, m.File, m.Tests, m.Pkg)
		}
		fmt.Printf("%d mutants\n", len(chosen))
		return true, nil
	}
	if o.table {
		return true, printTable(chosen, flags)
	}
	root, err := moduleRoot()
	if err != nil {
		return false, err
	}
	so, err := read(o.keep)
	if err != nil {
		return false, err
	}
	var untried []mistakes.Mutant
	for _, m := range chosen {
		if _, tried := so[m.Name]; !tried {
			untried = append(untried, m)
		}
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := tryAll(ctx, root, dir, o, untried, flags, so); err != nil {
		return false, err
	}
	so.summary(os.Stdout, chosen)
	return so.count(chosen, killed) == len(chosen), nil
}

// choose returns those that are asked for.
func (o order) choose(list []mistakes.Mutant) (chosen []mistakes.Mutant) {
	has := func(name, words string) bool {
		return slices.ContainsFunc(strings.Split(words, "|"), func(w string) bool { return strings.Contains(name, w) })
	}
	for _, m := range list {
		if !has(m.Name, o.only) || o.not != "" && has(m.Name, o.not) || m.N < o.from || o.until > 0 && m.N > o.until {
			continue
		}
		if o.pkg != "" {
			m.Pkg, m.Tests = o.pkg, o.tests
		}
		chosen = append(chosen, m)
	}
	return chosen
}

// tryAll prints what becomes of each, and puts it with the results.
func tryAll(ctx context.Context, root, dir string, o order, untried []mistakes.Mutant, flags []string, so results) error {
	began := time.Now()
	w, err := open(ctx, root, dir, untried)
	if err != nil {
		return err
	}
	fmt.Printf("built for %d mutants in %v, %d of them need one more build\n", len(untried), time.Since(began).Round(time.Second), len(w.alone))
	if !o.unasked {
		if err := w.allAsTheyAre(ctx, untried, o.limit, flags); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	var failed error
	tried := 0
	turns := make(chan struct{}, max(1, o.atOnce))
	var group sync.WaitGroup
	for _, m := range untried {
		turns <- struct{}{}
		group.Go(func() {
			defer func() { <-turns }()
			start := time.Now()
			v, err := w.try(ctx, m, o.limit, flags)
			mu.Lock()
			defer mu.Unlock()
			if failed = errors.Join(failed, ctx.Err()); failed != nil {
				return
			}
			tried++
			r := resultOf(m, v, err)
			fmt.Printf("%3d/%d %-8s %d %s\n\t%s, in %v\n", tried, len(untried), r.became, m.N, m.Name, r.by, time.Since(start).Round(time.Second/10))
			so[m.Name] = r
			if o.keep != "" {
				failed = keep(o.keep, r)
			}
		})
	}
	group.Wait()
	return failed
}

// resultOf is what a try shows.
func resultOf(m mistakes.Mutant, v verdict, err error) result {
	switch {
	case err != nil:
		return result{name: m.Name, became: broken, by: err.Error()}
	case v.killed:
		return result{name: m.Name, became: killed, by: v.by}
	default:
		return result{name: m.Name, became: survived, by: m.Tests + " of " + m.Pkg}
	}
}

// allAsTheyAre runs the tests that the mutants name with none at work.
func (w *workshop) allAsTheyAre(ctx context.Context, mutants []mistakes.Mutant, limit time.Duration, flags []string) error {
	tests := map[string]map[string]bool{}
	for _, m := range mutants {
		if tests[m.Pkg] == nil {
			tests[m.Pkg] = map[string]bool{}
		}
		tests[m.Pkg][m.Tests] = true
	}
	for _, pkg := range slices.Sorted(maps.Keys(tests)) {
		start := time.Now()
		if err := w.asItIs(ctx, pkg, strings.Join(slices.Sorted(maps.Keys(tests[pkg])), "|"), limit, flags); err != nil {
			return err
		}
		fmt.Printf("%s passes with no mutant at work, in %v\n", pkg, time.Since(start).Round(time.Second/10))
	}
	return nil
}

func printTable(chosen []mistakes.Mutant, files []string) error {
	if len(files) != 2 {
		return errors.New("mutants: -table wants two files of results")
	}
	own, err := read(files[0])
	if err != nil {
		return err
	}
	simulator, err := read(files[1])
	if err != nil {
		return err
	}
	table(os.Stdout, chosen, own, simulator)
	return nil
}

// moduleRoot is the folder of the library's own go.mod, at or above the one at hand.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module github.com/seed-13dc028d/longwatch\n") {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("mutants: run it within the checkout of longwatch")
		}
		dir = up
	}
}
