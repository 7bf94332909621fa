package sim_test

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400) // a run leaves much behind, and keeps little
	os.Exit(m.Run())
}
