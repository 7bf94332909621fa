// Package promtest holds what this repository says to Prometheus against the real
// one: the rules of docs/prometheus by promtool, and each query of the dashboard of
// docs/grafana by a server that has a simulated month.
//
// It proves nothing of other versions than the one that is installed. Where none is, its
// tests are skipped and say what to install; LONGRUN_REQUIRE_PROMETHEUS=1 makes that a
// failure.
package promtest

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of one of Prometheus' programs, "prometheus" or "promtool".
// Where it is not installed, it ends the test.
func Program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("LONGRUN_REQUIRE_PROMETHEUS") == "1":
		t.Fatalf("%s is not installed, and LONGRUN_REQUIRE_PROMETHEUS=1 asks for it: the Debian package prometheus has it", name)
	}
	t.Skipf("%s is not installed: the Debian package prometheus has it", name)
	return ""
}
