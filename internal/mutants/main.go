package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "try those alone whose name has this")
	list := flag.Bool("list", false, "print the mutants, and try none")
	pkg := flag.String("pkg", "", "have this package's tests notice them, and not those that the list names, such as ./internal/sim")
	tests := flag.String("run", ".", "with -pkg: those of its tests")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root, err := moduleRoot()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var chosen []mutant
	for _, m := range all() {
		if !strings.Contains(m.name, *only) {
			continue
		}
		if *pkg != "" {
			m.pkg, m.tests = *pkg, *tests
		}
		chosen = append(chosen, m)
	}
	if *list {
		for _, m := range chosen {
			fmt.Printf("%s\n\t%s, by %s of %s\n", m.name, m.file, m.tests, m.pkg)
		}
		fmt.Printf("%d mutants\n", len(chosen))
		return
	}
	if !tryAll(ctx, root, chosen, flag.Args()) {
		os.Exit(1)
	}
}

// tryAll prints what becomes of each, and reports whether all were killed. flags go to
// the tests.
func tryAll(ctx context.Context, root string, chosen []mutant, flags []string) bool {
	killed, broken := 0, 0
	began := time.Now()
	for i, m := range chosen {
		if ctx.Err() != nil {
			return false
		}
		v, err := try(ctx, root, m, flags)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			broken++
			fmt.Printf("%3d/%d BROKEN   %s\n", i+1, len(chosen), err)
		case v.killed:
			killed++
			fmt.Printf("%3d/%d killed   %s\n\tby %s\n", i+1, len(chosen), m.name, v.by)
		default:
			fmt.Printf("%3d/%d SURVIVED %s\n\t%s, %s of %s\n", i+1, len(chosen), m.name, m.file, m.tests, m.pkg)
		}
	}
	fmt.Printf("%d mutants: %d killed, %d survived, %d could not be tried, in %v\n", len(chosen), killed, len(chosen)-killed-broken, broken, time.Since(began).Round(time.Second))
	return killed == len(chosen)
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
