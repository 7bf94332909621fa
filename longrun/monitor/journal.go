package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// journal keeps the beats that wait for the store in a file, one JSON document
// a line, so that a process which dies during an outage has still said that it
// was alive. A nil journal keeps nothing.
//
// The next process does not store such beats: it cannot know who led meanwhile.
// It notes in its own run that there was life without the store, and the gap
// gets its cause.
type journal struct {
	path  string
	limit int // lines to keep

	mu    sync.Mutex
	lines int // written since the file was empty
}

// openJournal returns what an earlier process left at path, and why the path
// cannot be used. It makes no file. A torn or foreign line is passed over.
func openJournal(path string, limit int) (*journal, []longrun.Heartbeat, error) {
	if path == "" {
		return nil, nil, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var folder fs.FileInfo
		if folder, err = os.Stat(filepath.Dir(path)); err == nil && !folder.IsDir() {
			err = fmt.Errorf("%s is no folder", filepath.Dir(path))
		}
	}
	if err != nil {
		return nil, nil, err
	}
	var left []longrun.Heartbeat
	for line := range bytes.Lines(data) {
		var h longrun.Heartbeat
		if json.Unmarshal(line, &h) == nil && !h.TS.IsZero() {
			left = append(left, h)
		}
	}
	return &journal{path: path, limit: limit, lines: len(left)}, left, nil
}

// write makes the file say that these beats wait. It appends the newest where
// that is enough.
func (j *journal) write(beats []longrun.Heartbeat) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(beats) == 0 {
		if j.lines == 0 {
			return nil
		}
		j.lines = 0
		return j.failed(os.Truncate(j.path, 0))
	}
	mode, from := os.O_APPEND, len(beats)-1
	if j.lines == 0 || j.lines >= 2*j.limit {
		mode, from = os.O_TRUNC, 0
	}
	var text bytes.Buffer
	for _, h := range beats[from:] {
		line, err := json.Marshal(h)
		if err != nil {
			return j.failed(err)
		}
		text.Write(append(line, '\n'))
	}
	f, err := os.OpenFile(j.path, os.O_CREATE|os.O_WRONLY|mode, 0o600)
	if err != nil {
		return j.failed(err)
	}
	_, err = f.Write(text.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return j.failed(err)
	}
	if mode == os.O_TRUNC {
		j.lines = 0
	}
	j.lines += len(beats) - from
	return nil
}

// rewrite is write where beats other than the newest changed. There is one.
func (j *journal) rewrite(beats []longrun.Heartbeat) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	j.lines = 0
	j.mu.Unlock()
	return j.write(beats)
}

func (j *journal) failed(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("journal: %w", err)
}

// lapsesOf turns beats that were never stored into the times in which their
// process was alive: one lapse for each unbroken row of slots.
func lapsesOf(beats []longrun.Heartbeat, interval time.Duration) []longrun.Lapse {
	var out []longrun.Lapse
	for _, h := range beats {
		from := h.Slot(interval).Start(interval)
		if n := len(out); n > 0 && out[n-1].To.Equal(from) {
			out[n-1].To = from.Add(interval)
			continue
		}
		out = append(out, longrun.Lapse{From: from, To: from.Add(interval), Cause: longrun.StoreDown})
	}
	return out
}
