package beats

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
	"sync"
)

// statm is what Linux says of this process's memory; nil elsewhere. It stays open: what
// is read from its begin is how it is now, and to open it costs several times as much.
var statm = sync.OnceValue(func() *os.File { //nolint:gochecknoglobals // of the process, as it is
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		return nil
	}
	return f
})

// residentMemory returns the memory of this process that is in RAM, in bytes.
// Where the system does not tell, it is what the Go runtime holds.
func residentMemory() int64 {
	if f := statm(); f != nil {
		var text [128]byte
		n, _ := f.ReadAt(text[:], 0) // io.EOF behind the text
		if fields := bytes.Fields(text[:n]); len(fields) > 1 {
			if pages, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				return pages * int64(os.Getpagesize())
			}
		}
	}
	held := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(held)
	return int64(held[0].Value.Uint64() - held[1].Value.Uint64())
}
