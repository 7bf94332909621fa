package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// place is where the files of one database lie, and which files they were when
// it was opened. SQLite keeps what it has opened, whatever becomes of the name.
type place struct {
	given string // the name it was asked for, absolute
	path  string // behind all links; SQLite's own files lie beside this one
	held  []held // nothing before hold
	// frozen is a file that is read as if it never changed, without any lock:
	// then a change is as bad as another file.
	frozen bool
}

// held is one file that is open, and the name under which it is looked for.
type held struct {
	name string
	was  os.FileInfo
}

// maxLinks is how many symbolic links lead on from a name to a file that is not
// there yet.
const maxLinks = 40

// locate finds what path names, and refuses early what SQLite would refuse with
// less helpful words.
func locate(path string) (*place, error) {
	if path == "" || path == ":memory:" {
		return nil, fmt.Errorf("sqlitestore: %q is no file; memstore keeps documents in memory", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: %w", err)
	}
	if info, err := os.Stat(filepath.Dir(abs)); err != nil {
		return nil, fmt.Errorf("sqlitestore: %s: %w", abs, err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("sqlitestore: %s: %s is no directory", abs, filepath.Dir(abs))
	}
	if info, err := os.Stat(abs); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("sqlitestore: %s is no regular file", abs)
	}
	p := &place{given: abs}
	if p.path, err = follow(abs); err != nil {
		return nil, fmt.Errorf("sqlitestore: %s: open: %w", abs, err)
	}
	return p, nil
}

// follow is filepath.EvalSymlinks, also for a link whose end does not exist yet.
func follow(path string) (string, error) {
	for range maxLinks {
		end, err := filepath.EvalSymlinks(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return end, err
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, filepath.Base(path))
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // no link, and no file: one is to be made here
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		path = target
	}
	return "", fmt.Errorf("more than %d links", maxLinks)
}

// orphaned is an error where commits lie in a -wal file and the database that they
// belong to is empty or gone: SQLite would take it for a new one, and begin by
// deleting them. (A file of one byte is an empty one to it.)
func (p *place) orphaned() error {
	if sizeOf(p.path) > 1 || sizeOf(p.wal()) <= 0 {
		return nil
	}
	state := "is gone"
	if sizeOf(p.path) >= 0 {
		state = "is empty"
	}
	return fmt.Errorf("the database %s, and commits of it lie in %s: put it back, or move those away", state, p.wal())
}

func (p *place) wal() string { return p.path + "-wal" }
func (p *place) shm() string { return p.path + "-shm" }

// fileMode is of a new file. SQLite gives the files beside it the same.
const fileMode = 0o600

// making keeps this process from opening a file that it is about to close after
// making it: on POSIX systems closing any descriptor of a file drops all locks
// that the process has on it.
var making sync.Mutex //nolint:gochecknoglobals // the locks are the process's too

// make makes an empty file that nobody else may read, unless there is one.
func (p *place) make() error {
	making.Lock()
	defer making.Unlock()
	file, err := os.OpenFile(p.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil // and it keeps its mode, which is its owner's affair
	case err != nil:
		return err
	}
	return errors.Join(file.Chmod(fileMode), file.Close()) // the umask may have taken bits that we need
}

// hold notes which files are open. before is what the path named before any of
// them was opened.
func (p *place) hold(before os.FileInfo) error {
	names := []string{p.path}
	if p.given != p.path {
		names = append(names, p.given)
	}
	files := make([]held, 0, 4)
	for _, name := range names {
		files = append(files, held{name: name, was: before})
	}
	if !p.frozen {
		for _, name := range []string{p.wal(), p.shm()} {
			info, err := os.Stat(name)
			if err != nil {
				return missing(name, err)
			}
			files = append(files, held{name: name, was: info})
		}
	}
	p.held = files
	return p.moved()
}

// moved is an error that wraps store.ErrMoved unless each name still shows the
// file that is open.
func (p *place) moved() error {
	_, err := p.look()
	return err
}

// fileState changes with every commit of any process, but see settle.
type fileState struct {
	size     int64
	modified time.Time
}

// look costs one system call for each file: a few microseconds.
func (p *place) look() (state fileState, err error) {
	for i, file := range p.held {
		info, err := os.Stat(file.name)
		switch {
		case err != nil:
			return fileState{}, missing(file.name, err)
		case !os.SameFile(info, file.was):
			return fileState{}, fmt.Errorf("%w: %s is another file", store.ErrMoved, file.name)
		case p.frozen && (info.Size() != file.was.Size() || !info.ModTime().Equal(file.was.ModTime())):
			return fileState{}, fmt.Errorf("%w: %s has changed since it was opened to be read", store.ErrMoved, file.name)
		}
		if file.name == p.wal() || i == 0 {
			state = fileState{size: info.Size(), modified: info.ModTime()}
		}
	}
	if p.frozen && len(p.held) > 0 && sizeOf(p.wal()) > 0 {
		return fileState{}, fmt.Errorf("%w: %s is written since it was opened to be read", store.ErrMoved, p.path)
	}
	return state, nil
}

func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is gone", store.ErrMoved, name)
	}
	return fmt.Errorf("%w: %w", store.ErrMoved, err)
}

// taken reports whether somebody has put another file in the place of one of
// the two that SQLite keeps beside the database, which itself is where it was.
func (p *place) taken() bool {
	for i, file := range p.held {
		info, err := os.Stat(file.name)
		same := err == nil && os.SameFile(info, file.was)
		switch beside := file.name == p.wal() || file.name == p.shm(); {
		case i == 0 && !same:
			return false // SQLite sees that by itself
		case beside && err == nil && !same:
			return true
		}
	}
	return false
}

// sizeOf is -1 for a file that is not there.
func sizeOf(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return -1
	}
	return info.Size()
}
