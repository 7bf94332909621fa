//go:build !linux

package disktest

import "testing"

// On skips the test: only Linux has disks for one process.
func On(t *testing.T, _ int, _ func(t *testing.T, disk Disk)) {
	t.Helper()
	t.Skip("disktest: only on Linux")
}
