// Package disktest gives a test a disk of its own that is small, so that it can be
// filled for real. It shows nothing of slow, broken or remote disks: the disk is
// memory, which is never torn and needs no sync.
//
//	func TestOnAFullDisk(t *testing.T) {
//		disktest.On(t, 1<<20, func(t *testing.T, disk disktest.Disk) {
//			… work in disk.Dir
//			disk.Fill(0)
//			… no write fits
//			disk.Free()
//
// The disk is a file system in a mount namespace of one process: the test runs once
// more there, as a process of its own, with the servers that it starts, and nothing
// is left behind however that ends. Only Linux has this, and not for everybody; else
// the test is skipped.
package disktest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Disk is a small file system.
type Disk struct {
	// Dir is where it is mounted.
	Dir string

	tb testing.TB
}

func (d Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }

// Fill takes all room but so many bytes, in blocks of 4096.
func (d Disk) Fill(left int) {
	d.tb.Helper()
	file, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.tb.Fatalf("disktest: %v", err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(block)
	}
	info, failed := file.Stat()
	if err := errors.Join(failed, file.Truncate(max(0, info.Size()-int64(left))), file.Close()); err != nil {
		d.tb.Fatalf("disktest: %v", err)
	}
}

// Free gives back what Fill has taken.
func (d Disk) Free() {
	d.tb.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.tb.Fatalf("disktest: %v", err)
	}
}
