//go:build unix

package cputime

import (
	"syscall"
	"time"
)

// Used returns the time that processors have spent on this process so far, all of its
// goroutines and the collector of garbage together.
func Used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
