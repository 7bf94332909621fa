package demo

import (
	"runtime/debug"
	"runtime/metrics"
)

// inUse is about how much memory the process has now.
func inUse() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64()) //nolint:gosec // of a machine's memory
}

// roomFor is how much memory a process may have that is well as it is now, and has too
// much of it with so much more.
func roomFor(held int64) int64 {
	const slack = 64 << 20 // what the runtime does not count, and a little growth
	return inUse() + slack + held
}

// hold takes memory, and writes to all of it, so that it is there.
func (d *Demo) hold() {
	if d.held != nil {
		return
	}
	d.held = make([]byte, d.opts.Held)
	for i := 0; i < len(d.held); i += 4096 {
		d.held[i] = 1
	}
}

// free gives it back.
func (d *Demo) free() {
	if d.held != nil {
		d.held = nil
		debug.FreeOSMemory()
	}
}
