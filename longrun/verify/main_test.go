package verify_test

import (
	"flag"
	"os"
	"runtime"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Some of these tests wait for a drill or for the emulator, and would keep those
	// that compute from a small machine.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue && runtime.GOMAXPROCS(0) < 4 {
		_ = flag.Set(parallel.Name, "4") // it takes any number above 0
	}
	os.Exit(m.Run())
}
