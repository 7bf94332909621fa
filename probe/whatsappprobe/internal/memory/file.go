package memory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// maxMemory bounds the file that is read: a hundred thousand accounts are smaller.
const maxMemory = 32 << 20

// File is the file of what a restart must not forget. One that is broken is put
// aside, not written over. It is safe for concurrent use.
type File struct {
	path   string
	logger *slog.Logger

	mu    sync.Mutex
	read  bool
	known map[string]tracker.Memory // as in the file
	said  bool                      // that it cannot be written
}

// New returns the file at a path, which may be none. It reads nothing yet; logger takes
// a line where it cannot be read or written.
func New(path string, logger *slog.Logger) *File { return &File{path: path, logger: logger} }

// Is reports whether there is one.
func (m *File) Is() bool { return m.path != "" }

// Of returns what the file says of an account.
func (m *File) Of(id string) (tracker.Memory, bool) {
	if m.path == "" {
		return tracker.Memory{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readOnce()
	known, ok := m.known[id]
	return known, ok
}

func (m *File) readOnce() {
	if m.read {
		return
	}
	m.read, m.known = true, make(map[string]tracker.Memory)
	text, err := readFile(m.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err == nil:
		if err = json.Unmarshal(text, &m.known); err == nil && m.known != nil {
			return
		}
		m.known = make(map[string]tracker.Memory)
		if aside := os.Rename(m.path, m.path+".broken"); aside != nil {
			err = errors.Join(err, aside)
		}
	}
	m.logger.Warn("what was remembered of the accounts cannot be read", "error", err)
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxMemory {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", filepath.Base(path), maxMemory)
	}
	return os.ReadFile(path)
}

// Keep writes what is to be remembered, if that changed by more than a phone's hour.
func (m *File) Keep(now map[string]tracker.Memory) {
	if m.path == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readOnce()
	if maps.EqualFunc(m.known, now, alike) {
		return
	}
	err := write(m.path, now)
	switch {
	case err == nil:
		m.known, m.said = now, false
	case !m.said:
		m.said = true
		m.logger.Warn("what is to be remembered of the accounts cannot be written", "error", err)
	}
}

// alike reports whether it is not worth while to write one over the other.
func alike(a, b tracker.Memory) bool {
	apart := b.PhoneSeen.Sub(a.PhoneSeen)
	a.PhoneSeen, b.PhoneSeen = time.Time{}, time.Time{}
	return apart.Abs() < time.Hour && a.Restricted == b.Restricted && a.Banned == b.Banned && a.Refused.Equal(b.Refused)
}

// write replaces the file at once, so that a crash leaves the old one or the new one.
func write(path string, now map[string]tracker.Memory) error {
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
