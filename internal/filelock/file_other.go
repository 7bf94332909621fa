//go:build !linux

package filelock

import "errors"

// identity tells a file from every other one on this machine.
type identity struct{ device, inode uint64 }

// file is a sign that cannot be: whether such a lock ends with its process, and with
// nothing else, was tried on Linux alone.
type file struct {
	path string
	id   identity
}

func create(string) (*file, error) { return nil, errors.ErrUnsupported }
func open(string) (*file, error)   { return nil, errors.ErrUnsupported }
func bootID() (string, error)      { return "", errors.ErrUnsupported }

func (f *file) lock() (bool, error)     { return false, errors.ErrUnsupported }
func (f *file) local() error            { return errors.ErrUnsupported }
func (f *file) named() bool             { return false }
func (f *file) remove()                 {}
func (f *file) close()                  {}
func (f *file) ender() func(spent bool) { return func(bool) {} }
