package beats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// journal keeps the beats that wait for the store in a file, one JSON document
// a line, so that a process which dies during an outage has still said that it
// was alive. A nil journal keeps nothing.
//
// It writes on a goroutine of its own, which lives while there is something to
// write: a disk that hangs holds up no beat, no alert and not the end. What comes
// meanwhile is written when the disk is back, the newest alone.
//
// The next process does not store such beats: it cannot know who led meanwhile.
// It notes in its own run that there was life without the store, and the gap
// gets its cause.
type journal struct {
	path   string
	limit  int // lines to keep
	failed func(error)

	mu      sync.Mutex
	wanted  []longrun.Heartbeat // what the file is to say
	changed bool                // it does not yet
	idle    chan struct{}       // closed when the goroutine has ended; nil without one

	// Of the goroutine alone, or before there is one.
	lines int                // written since the file was empty
	size  int64              // of the file, behind the last line
	last  *longrun.Heartbeat // the last line
}

// ours is how every line begins that this package writes.
const ours = `{"bucketId":`

// maxJournal bounds what is read of a journal, in bytes: a day of beats and more
// is a tenth of it.
const maxJournal = 64 << 20

// openJournal returns the journal at path, which need not exist, or why that
// cannot be one: only a regular file is, and only one that is empty or ours. It
// makes no file and changes none.
func openJournal(path string, limit int, failed func(error)) (*journal, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // a nil journal keeps nothing
	}
	f, err := openOurs(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		var folder fs.FileInfo
		if folder, err = os.Stat(filepath.Dir(path)); err == nil && !folder.IsDir() {
			err = fmt.Errorf("%s is no folder", filepath.Dir(path))
		}
	}
	if err != nil {
		return nil, err
	}
	if f != nil {
		_ = f.Close()
	}
	return &journal{path: path, limit: limit, failed: failed}, nil
}

// openOurs opens the file at path if it is a regular one that is empty or ours. A
// pipe or a device is not even opened: that might wait for ever.
func openOurs(path string, mode int) (*os.File, error) {
	switch info, err := os.Stat(path); {
	case err != nil && !(errors.Is(err, fs.ErrNotExist) && mode&os.O_CREATE != 0):
		return nil, err
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.OpenFile(path, mode, 0o600)
	if err != nil {
		return nil, err
	}
	begin := make([]byte, len(ours))
	n, err := f.ReadAt(begin, 0)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
	case n > 0 && !bytes.HasPrefix([]byte(ours), begin[:n]):
		err = fmt.Errorf("%s is not empty, and is no journal of heartbeats", path)
	default:
		return f, nil
	}
	return nil, errors.Join(err, f.Close())
}

// keep makes the file say that these beats wait. It returns at once.
func (j *journal) keep(beats []longrun.Heartbeat) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wanted, j.changed = slices.Clone(beats), true
	if j.idle != nil {
		return
	}
	idle := make(chan struct{})
	j.idle = idle
	spawn.Start("the journal", func() error {
		defer close(idle)
		for {
			beats, ok := j.next()
			if !ok {
				return nil
			}
			if err := j.write(beats); err != nil {
				j.failed(fmt.Errorf("journal: %w", err))
			}
		}
	})
}

func (j *journal) next() ([]longrun.Heartbeat, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.changed {
		j.idle = nil
		return nil, false
	}
	j.changed = false
	return j.wanted, true
}

// close waits until all is written, or for ctx.
func (j *journal) close(ctx context.Context) {
	if j == nil {
		return
	}
	j.mu.Lock()
	idle := j.idle
	j.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// write makes the file say that these beats wait. It appends where that is
// enough.
func (j *journal) write(beats []longrun.Heartbeat) error {
	if len(beats) == 0 {
		if j.lines == 0 && j.size == 0 {
			return nil
		}
		return j.put(nil, 0)
	}
	from := 0
	if j.last != nil && j.lines < 2*j.limit {
		from = len(beats)
		for from > 0 && beats[from-1].TS.After(j.last.TS) {
			from--
		}
		if from == 0 || !beats[from-1].TS.Equal(j.last.TS) {
			from = 0 // beats before the last line changed
		}
	}
	return j.put(beats, from)
}

// put appends the beats behind the first from, which the file has. With 0, or
// where the file is not as it was left, it replaces all there are.
func (j *journal) put(beats []longrun.Heartbeat, from int) error {
	mode := os.O_RDWR
	if len(beats) > 0 {
		mode |= os.O_CREATE
	}
	f, err := openOurs(j.path, mode)
	switch {
	case errors.Is(err, fs.ErrNotExist): // gone, and nothing to say
		j.lines, j.size, j.last = 0, 0, nil
		return nil
	case err != nil:
		j.last = nil // what the file says is not known
		return err
	}
	if err := errors.Join(j.putInto(f, beats, from), f.Sync(), f.Close()); err != nil {
		j.last = nil
		return err
	}
	return nil
}

func (j *journal) putInto(f *os.File, beats []longrun.Heartbeat, from int) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if from == 0 || info.Size() != j.size {
		if err := f.Truncate(0); err != nil {
			return err
		}
		from, j.lines, j.size, j.last = 0, 0, 0, nil
	}
	var text bytes.Buffer
	for _, h := range beats[from:] {
		line, err := json.Marshal(document.Full(h))
		if err != nil {
			return err
		}
		text.Write(append(line, '\n'))
	}
	n, err := f.WriteAt(text.Bytes(), j.size)
	j.size += int64(n)
	if err != nil {
		return err
	}
	if len(beats) > 0 {
		j.lines += len(beats) - from
		j.last = &beats[len(beats)-1]
	}
	return nil
}
