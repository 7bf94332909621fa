package postgrestest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// findPrograms returns the folder that has initdb and postgres.
func findPrograms() (string, error) {
	for _, pattern := range programPatterns() {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		found = slices.DeleteFunc(found, func(dir string) bool { return !hasPrograms(dir) })
		if len(found) > 0 {
			return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
		}
	}
	return "", need.Absent("its programs initdb and postgres are in none of the usual places")
}

func hasPrograms(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// programPatterns are the places where packages put the programs, the most
// specific first.
func programPatterns() []string {
	var out []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			out = append(out, filepath.Dir(initdb))
		}
	}
	if dir, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		out = append(out, strings.TrimSpace(string(dir)))
	}
	return append(out,
		"/usr/lib/postgresql/*/bin", // Debian
		"/usr/pgsql-*/bin",          // the project's own packages for Red Hat
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/usr/local/pgsql/bin",
	)
}

// version is the number in the name of the folder above dir, 0 without one.
func version(dir string) int {
	name := filepath.Base(filepath.Dir(dir))
	n, _ := strconv.Atoi(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz@-"))
	return n
}
