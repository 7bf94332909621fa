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
// aside, not written over. Several processes may use one, such as two that take turns:
// each reads what another wrote. It is safe for concurrent use.
type File struct {
	path   string
	logger *slog.Logger

	mu    sync.Mutex
	stamp stamp                     // of the file as it was read or written last
	known map[string]tracker.Memory // as in it; nobody changes it
	said  bool                      // that it cannot be written
}

// stamp tells one content of the file from another.
type stamp struct {
	at   time.Time
	size int64
}

// unreadable is the stamp of one that cannot be looked at.
var unreadable = stamp{size: -1} //nolint:gochecknoglobals // a constant

// New returns the file at a path, which may be none. It reads nothing yet; logger takes
// a line where it cannot be read or written.
func New(path string, logger *slog.Logger) *File { return &File{path: path, logger: logger} }

// Is reports whether there is one.
func (m *File) Is() bool { return m.path != "" }

// Read returns what the file says of each account, and whether another process wrote
// that since it was read or written here. Nobody changes what is returned.
func (m *File) Read() (known map[string]tracker.Memory, others bool) {
	if m.path == "" {
		return nil, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	info, err := os.Stat(m.path)
	now := unreadable
	if err == nil {
		now = stamp{info.ModTime(), info.Size()}
	}
	if errors.Is(err, fs.ErrNotExist) || now == m.stamp {
		return m.known, false
	}
	m.stamp = now // whatever becomes of it, it is not tried again
	if err == nil {
		err = m.read()
	}
	if err != nil {
		m.logger.Warn("what was remembered of the accounts cannot be read", "error", err)
		return m.known, false
	}
	return m.known, true
}

func (m *File) read() error {
	text, err := readFile(m.path)
	if err != nil {
		return err
	}
	var known map[string]tracker.Memory
	if err = json.Unmarshal(text, &known); err == nil && known != nil {
		m.known = known
		return nil
	}
	if err == nil {
		err = errors.New("no accounts in it")
	}
	return errors.Join(err, os.Rename(m.path, m.path+".broken"))
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

// Keep writes what is to be remembered, if that differs by more than a phone's hour.
func (m *File) Keep(now map[string]tracker.Memory) {
	if m.path == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if maps.EqualFunc(m.known, now, alike) {
		return
	}
	err := write(m.path, now)
	switch {
	case err == nil:
		m.known, m.said = now, false
		if info, err := os.Stat(m.path); err == nil {
			m.stamp = stamp{info.ModTime(), info.Size()}
		}
	case !m.said:
		m.said = true
		m.logger.Warn("what is to be remembered of the accounts cannot be written", "error", err)
	}
}

// learnEvery is how old what was learnt of an account may be in the file.
const learnEvery = 6 * time.Hour

// alike reports whether it is not worth while to write one over the other.
func alike(a, b tracker.Memory) bool {
	apart := b.PhoneSeen.Sub(a.PhoneSeen)
	learnt := b.Learnt.Sub(a.Learnt)
	return apart.Abs() < time.Hour && learnt.Abs() < learnEvery && same(a.Restricted, b.Restricted) && same(a.Banned, b.Banned) && a.Refused.Equal(b.Refused)
}

// same reports whether two say the same: what was read has no time zone and no monotonic
// clock.
func same(a, b tracker.Restriction) bool {
	return a.From.Equal(b.From) && a.Until.Equal(b.Until) && a.Reason == b.Reason
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
