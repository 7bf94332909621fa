package beats

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// left is what an earlier process left in its journal.
type left struct {
	lapses  []longrun.Lapse
	useless int // lines that make no sense
}

// read returns what an earlier process left. It is called before keep. A line
// that is torn, foreign, or of a time that no beat can be of is passed over: it
// would spoil the document that it went into.
func (j *journal) read(now time.Time, interval time.Duration) (left, error) {
	if j == nil {
		return left{}, nil
	}
	f, err := openOurs(j.path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return left{}, nil
	}
	if err != nil {
		return left{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err := errors.Join(err, f.Close()); err != nil {
		return left{}, err
	}
	var out left
	var beats []longrun.Heartbeat
	for line := range bytes.Lines(data) {
		j.lines++
		var h longrun.Heartbeat
		if json.Unmarshal(line, &h) != nil || !sane(h, now, interval) {
			out.useless++
			continue
		}
		beats = append(beats, h)
	}
	slices.SortStableFunc(beats, func(a, b longrun.Heartbeat) int { return a.TS.Compare(b.TS) })
	out.lapses = lapsesOf(beats, interval)
	return out, nil
}

// oldest is how old a beat in a journal may be: what is older explains no gap that
// anybody asks about.
const oldest = 400 * 24 * time.Hour

// sane reports whether a beat may have been made by a process before now.
func sane(h longrun.Heartbeat, now time.Time, interval time.Duration) bool {
	return !h.TS.After(now.Add(interval)) && now.Sub(h.TS) <= oldest
}

// lapsesOf turns beats that were never stored into the times in which their
// process was alive: one lapse for each unbroken row of slots.
func lapsesOf(beats []longrun.Heartbeat, interval time.Duration) []longrun.Lapse {
	var out []longrun.Lapse
	for _, h := range beats {
		from := h.Slot(interval).Start(interval)
		n := len(out)
		switch {
		case n > 0 && out[n-1].To.Equal(from):
			out[n-1].To = from.Add(interval)
		case n > 0 && out[n-1].To.After(from): // the same slot twice
		default:
			out = append(out, longrun.Lapse{From: from, To: from.Add(interval), Cause: longrun.StoreDown})
		}
	}
	return out[max(0, len(out)-longrun.MaxLapses):]
}
