package sim_test

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400) // a run leaves much behind, and keeps little
	runtime.GOMAXPROCS(1)   // so that goroutines which wake in one instant mostly run in one order
	os.Exit(m.Run())
}
