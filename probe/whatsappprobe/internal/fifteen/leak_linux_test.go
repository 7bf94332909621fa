package fifteen_test

import "syscall"

// take takes memory from the system, which give gives back at once, whatever the
// runtime does with its own.
func take(bytes int) ([]byte, error) {
	return syscall.Mmap(-1, 0, bytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
}

func give(page []byte) error { return syscall.Munmap(page) }
