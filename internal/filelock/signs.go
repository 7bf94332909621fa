package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// suffix ends the name of every sign's file.
	suffix = ".alive"
	// maxName bounds the name of a sign.
	maxName = 64
	// every is how often Seize tries a lock that it waits for.
	every = 10 * time.Millisecond
	// stale is how old a file is that nobody can look for any more: longer than any
	// lease.
	stale = 25 * time.Hour
)

// Signs are the signs of life that lie side by side. It is safe for concurrent use.
type Signs struct {
	// Prefix begins the path of each file; the sign's name follows. Required.
	Prefix string
	// Clock times the tries of Seize. Required.
	Clock clock.Clock
	// Every is how often Seize tries. Default: 10 ms.
	Every time.Duration
}

var _ store.Witness = Signs{}

func (s Signs) path(name string) string { return s.Prefix + name + suffix }

// checkName keeps a name, which may come from anywhere, from leading anywhere.
func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("filelock: a name of %d bytes", len(name))
	}
	for _, r := range name {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return fmt.Errorf("filelock: a name with %q in it", r)
		}
	}
	return nil
}

// mark is what the holder of a file says of it.
func mark(boot string, id identity) string {
	return fmt.Sprintf("file %s %d:%d", boot, id.device, id.inode)
}

// Hold implements store.Witness. What it returns holds the file; end with spent
// removes it, else it is left, unlocked, for others to find.
func (s Signs) Hold(_ context.Context, name string) (string, func(spent bool), error) {
	if err := checkName(name); err != nil {
		return "", nil, err
	}
	boot, err := bootID()
	if err != nil {
		return "", nil, err
	}
	f, err := create(s.path(name))
	if err != nil {
		return "", nil, err
	}
	if err := f.take(); err != nil {
		f.close()
		return "", nil, err
	}
	return mark(boot, f.id), f.ender(), nil
}

// take takes the lock of a file that was just made.
func (f *file) take() error {
	if err := f.local(); err != nil {
		f.remove()
		return err
	}
	free, err := f.lock()
	switch {
	case err != nil:
		return err
	case !free:
		return fmt.Errorf("filelock: %s: another process has locked it", f.path)
	case !f.named():
		return fmt.Errorf("filelock: %s: it was removed as soon as it was made", f.path)
	}
	return nil
}

// Seize implements store.Witness.
func (s Signs) Seize(ctx context.Context, name, mrk string, wait bool) (func(won bool), error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(mrk, "file "+boot+" ") {
		return nil, errors.New("filelock: the sign is of another machine, or from before this one was started")
	}
	f, err := open(s.path(name))
	if err != nil {
		return nil, err
	}
	if mark(boot, f.id) != mrk {
		f.close()
		return nil, fmt.Errorf("filelock: %s: it is not the file that was locked", f.path)
	}
	if err := s.seize(ctx, f, wait); err != nil {
		f.close()
		return nil, err
	}
	return f.ender(), nil
}

func (s Signs) seize(ctx context.Context, f *file, wait bool) error {
	pause := s.Every
	if pause <= 0 {
		pause = every
	}
	if err := f.local(); err != nil {
		return err
	}
	for {
		free, err := f.lock()
		switch {
		case err != nil:
			return err
		case free:
			return nil
		case !wait:
			return store.ErrAlive
		case !deadline.Sleep(ctx, s.Clock, pause):
			return context.Cause(ctx)
		}
	}
}

// Sweep removes the files of processes that died so long ago that nobody asks for
// them any more. What cannot be removed stays, and harms nobody.
func (s Signs) Sweep() {
	dir, begin := filepath.Split(s.Prefix)
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return
	}
	for _, e := range entries {
		name, ours := strings.CutPrefix(e.Name(), begin)
		name, ends := strings.CutSuffix(name, suffix)
		if !ours || !ends || checkName(name) != nil || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil || s.Clock.Now().Sub(info.ModTime()) < stale {
			continue
		}
		f, err := open(s.path(name))
		if err != nil {
			continue
		}
		if free, err := f.lock(); err == nil && free {
			f.remove()
		}
		f.close()
	}
}
