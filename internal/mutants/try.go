package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// maxTry is how long the tests of one mutant may take. One that makes them hang is
// noticed, too.
const maxTry = 5 * time.Minute

// verdict is what became of one mutant.
type verdict struct {
	killed bool
	by     string // the test that failed first, or how else it was noticed
}

// try runs the tests of a mutant. The error says why they could not be.
func try(ctx context.Context, root string, m mutant, flags []string) (verdict, error) {
	text, err := m.apply(root)
	if err != nil {
		return verdict{}, err
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return verdict{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := overlay(dir, filepath.Join(root, m.file), text)
	if err != nil {
		return verdict{}, err
	}
	if out, err := goCommand(ctx, root, "build", "-overlay", overlay, "./"+filepath.Dir(m.file)); err != nil {
		return verdict{}, fmt.Errorf("%s: it does not compile: %s", m.name, out)
	}
	ctx, cancel := context.WithTimeout(ctx, maxTry)
	defer cancel()
	args := append([]string{"test", "-count=1", "-failfast", "-timeout", (maxTry - 10*time.Second).String(), "-overlay", overlay, "-run", m.tests, m.pkg}, flags...)
	out, err := goCommand(ctx, root, args...)
	switch exit, failed := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return verdict{killed: true, by: "it hangs"}, nil
	case err == nil && bytes.Contains(out, []byte("no tests to run")):
		return verdict{}, fmt.Errorf("%s: no test of %s is called %s", m.name, m.pkg, m.tests)
	case err == nil:
		return verdict{}, nil
	case !failed:
		return verdict{}, err
	default:
		return verdict{killed: true, by: firstFailure(out, exit.ExitCode())}, nil
	}
}

// overlay writes what has the go command read the text in place of the file.
func overlay(dir, file string, text []byte) (string, error) {
	changed := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(changed, text, 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

func goCommand(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the list is ours
	cmd.Dir = root
	return cmd.CombinedOutput()
}

var failure = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)

// firstFailure names the test that noticed it.
func firstFailure(out []byte, exit int) string {
	named := failure.FindAllSubmatch(out, -1)
	if len(named) == 0 {
		if i := bytes.Index(out, []byte("panic: ")); i >= 0 {
			line, _, _ := strings.Cut(string(out[i:]), "\n")
			return line
		}
		return fmt.Sprintf("exit status %d", exit)
	}
	deepest := string(named[0][1]) // a test before its parts
	for _, n := range named[1:] {
		if strings.HasPrefix(string(n[1]), deepest+"/") {
			deepest = string(n[1])
		}
	}
	return deepest
}
