package disktest_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed-13dc028d/longwatch/internal/disktest"
)

func TestADiskIsFullUntilItIsFreed(t *testing.T) {
	t.Parallel()
	disktest.On(t, 1<<20, func(t *testing.T, disk disktest.Disk) {
		name := filepath.Join(disk.Dir, "a")
		disk.Fill(8192)
		if err := os.WriteFile(name, make([]byte, 8192), 0o600); err != nil {
			t.Fatal(err)
		}
		disk.Fill(0)
		if err := os.WriteFile(name+"b", make([]byte, 1), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("a full disk says %v", err)
		}
		disk.Free()
		if err := os.WriteFile(name+"b", make([]byte, 500<<10), 0o600); err != nil {
			t.Fatal(err)
		}
	})
}
