// Package output puts what a command says where it is asked for, as text or as one JSON
// object: on standard output, or in a file, which is there whole or not at all. It does
// not keep the older file.
package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// File is where a command puts what it makes.
type File struct {
	path string
	mode os.FileMode
	// direct says that the path is a pipe or a device, which is written into: to
	// put a file in its place would take it away from everybody else.
	direct bool
}

// New finds out before the work that its outcome can be stored. It is nil
// for standard output.
func New(path string) (*File, error) {
	if path == "" || path == "-" {
		return nil, nil
	}
	f := &File{path: path, mode: 0o644}
	switch info, err := os.Stat(path); {
	case err != nil: // a new one, unless the folder says otherwise
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder", path)
	case !info.Mode().IsRegular():
		f.direct = true
		return f, nil
	default:
		f.mode = info.Mode().Perm()
		if f.path, err = filepath.EvalSymlinks(path); err != nil { // the link stays
			return nil, err
		}
	}
	probe, err := f.create()
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return f, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (f *File) create() (*os.File, error) {
	return os.CreateTemp(filepath.Dir(f.path), ".longctl-*")
}

// Write writes a file whole or not at all: an older one stays until the new one
// is there.
func (f *File) Write(data []byte) error {
	return f.Fill(func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Fill is Write of what is made piece by piece.
func (f *File) Fill(pieces func(w io.Writer) error) error {
	if f.direct {
		out, err := os.OpenFile(f.path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(pieces(out), out.Close())
	}
	out, err := f.create()
	if err != nil {
		return err
	}
	err = errors.Join(pieces(out), out.Chmod(f.mode), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}
