package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/mutants/mistakes"
)

// verdict is what became of one mutant.
type verdict struct {
	killed bool
	by     string // the test that failed first, or how else it was noticed
	out    []byte // what the tests printed, where one failed
}

// try runs the tests of a mutant, for so long at most: one that makes them hang is
// noticed, too. The error says why they could not be run.
func (w *workshop) try(ctx context.Context, m mistakes.Mutant, limit time.Duration, flags []string) (verdict, error) {
	if err := w.broken[m.N]; err != nil {
		return verdict{}, err
	}
	binary := w.binaries[m.Pkg]
	if w.alone[m.N] {
		var err error
		if binary, err = w.buildOne(ctx, m); err != nil {
			return verdict{}, err
		}
	}
	return w.run(ctx, binary, m, limit, flags)
}

// asItIs runs tests with no mutant at work. They must pass, or they show nothing.
func (w *workshop) asItIs(ctx context.Context, pkg, tests string, limit time.Duration, flags []string) error {
	v, err := w.run(ctx, w.binaries[pkg], mistakes.Mutant{Pkg: pkg, Tests: tests}, limit, flags)
	if err == nil && v.killed {
		err = fmt.Errorf("of %s fails with no mutant at work: %s\n%s", pkg, v.by, v.out)
	}
	return err
}

func (w *workshop) run(ctx context.Context, binary string, m mistakes.Mutant, limit time.Duration, flags []string) (verdict, error) {
	slack := min(limit, time.Minute) // for a process whose own end by time does not come
	ctx, cancel := context.WithTimeout(ctx, limit+slack)
	defer cancel()
	scratch, err := os.MkdirTemp(w.dir, "t") // what is killed leaves things behind
	if err != nil {
		return verdict{}, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	if err := errors.Join(os.Chmod(w.dir, 0o711), os.Chmod(scratch, 0o777)); err != nil { //nolint:gosec // a database server of the tests runs as another user
		return verdict{}, err
	}
	args := append([]string{"-test.failfast", "-test.paniconexit0", "-test.timeout", limit.String(), "-test.run", m.Tests}, flags...)
	cmd := command(ctx, filepath.Join(w.root, m.Pkg), binary, args...)
	cmd.Env = append(os.Environ(), chosenEnv+"="+strconv.Itoa(m.N), "TMPDIR="+scratch)
	out, err := cmd.CombinedOutput()
	switch exit, failed := errors.AsType[*exec.ExitError](err); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded) || bytes.Contains(out, []byte("panic: test timed out")):
		return verdict{killed: true, by: fmt.Sprintf("it hangs, for %v", limit)}, nil
	case ctx.Err() != nil:
		return verdict{}, ctx.Err()
	case err == nil && bytes.Contains(out, []byte("no tests to run")):
		return verdict{}, fmt.Errorf("no test of %s is called %s", m.Pkg, m.Tests)
	case err == nil:
		return verdict{}, nil
	case !failed:
		return verdict{}, err
	default:
		return verdict{killed: true, by: firstFailure(out, exit.ExitCode()), out: out}, nil
	}
}

var (
	failure = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	word    = regexp.MustCompile(`(?m)^ +\S+_test\.go:\d+: (seed \d+: .+)$`)
)

// firstFailure names the test that noticed it, and what a simulation said first.
func firstFailure(out []byte, exit int) string {
	named := failure.FindAllSubmatch(out, -1)
	if len(named) == 0 {
		if line := panicked(out); line != "" {
			return short(line)
		}
		return fmt.Sprintf("exit status %d", exit)
	}
	deepest := string(named[0][1]) // a test before its parts
	for _, n := range named[1:] {
		if strings.HasPrefix(string(n[1]), deepest+"/") {
			deepest = string(n[1])
		}
	}
	if said := word.FindSubmatch(out); said != nil {
		return deepest + ", " + short(string(said[1]))
	}
	if line := panicked(out); line != "" {
		return deepest + ", " + short(line)
	}
	return deepest
}

// panicked is the first line of a panic that ended the process.
func panicked(out []byte) string {
	i := bytes.Index(out, []byte("panic: "))
	if i < 0 {
		return ""
	}
	line, _, _ := strings.Cut(string(out[i:]), "\n")
	return line
}

// short is enough of a line.
func short(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
