package sim_test

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

var procs = flag.Int("procs", 1, "how many processors a run has; with more the scheduler has its say in what is in no order")

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(-1) // a run collects where nothing else runs: a collector that breaks in changes the order
	debug.SetMemoryLimit(1 << 30)
	runtime.GOMAXPROCS(*procs) // one: goroutines which wake in one instant mostly run in one order
	os.Exit(m.Run())
}
