// Package window is how the commands of longctl are asked for a window. The words are
// read as report.Ask reads them; where they go to a server, that reads them again, by
// its own clock.
package window

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

// Flags say which time to look at. Commands embed them.
type Flags struct {
	Window string `placeholder:"WINDOW" help:"Only so long until now: 1h, 36h, 7d …, or FROM/TO, each a day or a time."`
	From   string `placeholder:"TIME" help:"Only from then on: 2025-12-29 or 2025-12-29T22:00:00Z."`
	To     string `placeholder:"TIME" help:"Only before then."`
}

// None reports that no window is asked for.
func (f Flags) None() bool { return f == Flags{} }

// Read returns the window; where none is asked for, the usual length up to now. What is
// wrong with it is a mistake of usage.
func (f Flags) Read(now time.Time, usual time.Duration) (longrun.Window, error) {
	w, err := report.Ask{Window: f.Window, From: f.From, To: f.To}.Read(now, usual)
	if wrong, ok := errors.AsType[*report.WindowError](err); ok {
		return w, exit.Usage(fmt.Errorf("--%s: %s", wrong.Part, wrong.Reason))
	}
	return w, err
}

// Bounds returns [from, to); a zero time is an open end.
func (f Flags) Bounds(now time.Time) (from, to time.Time, err error) {
	if f.None() {
		return from, to, nil
	}
	const anyTime = 9 * 365 * 24 * time.Hour
	w, err := f.Read(now, anyTime)
	if f.Window == "" && f.From == "" {
		w.From = time.Time{}
	}
	if f.Window == "" && f.To == "" {
		w.To = time.Time{}
	}
	return w.From, w.To, err
}

// Query adds the window to what a server is asked for.
func (f Flags) Query(q url.Values, now time.Time) error {
	if _, _, err := f.Bounds(now); err != nil {
		return err
	}
	for name, value := range map[string]string{"window": f.Window, "from": f.From, "to": f.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return nil
}
