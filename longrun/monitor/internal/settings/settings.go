package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// Options are what a Live is made of. Each is required.
type Options struct {
	// Every is how often the settings are read where the store cannot tell of a
	// change.
	Every time.Duration
	// Watch wakes whoever reads from it when the document changes; its error is
	// errors.ErrUnsupported where the store cannot.
	Watch func(context.Context, store.Key) (<-chan struct{}, error)
}

// Live keeps the settings in force. It is safe for concurrent use.
type Live struct {
	room.Deps
	Options
	now   atomic.Pointer[inForce]
	asked chan struct{} // closed when the store was asked for them in this run
}

// inForce are settings, and whether they are the store's: read from it, or stored. Else
// they are the default ones.
type inForce struct {
	longrun.Settings
	known bool
}

// New returns a Live with the default settings in force. Of d it needs all but
// Settings.
func New(d room.Deps, o Options) *Live {
	l := &Live{Deps: d, Options: o}
	l.Begin()
	return l
}

// Begin begins a run, ahead of Follow: what an earlier one read may have changed since,
// and is forgotten.
func (l *Live) Begin() {
	l.asked = make(chan struct{})
	l.now.Store(&inForce{Settings: longrun.DefaultSettings(l.Self.Interval)})
}

// Now returns the settings in force. They are shared: nobody changes what they
// hold.
func (l *Live) Now() longrun.Settings { return l.now.Load().Settings }

// Expected returns how many accounts are to be connected, and whether that is known: it
// is not before the settings were read.
func (l *Live) Expected() (accounts int64, known bool) {
	now := l.now.Load()
	return now.ExpectedAccounts, now.known
}

// Ready reads the settings if they are not known, and reports whether they are, or the
// store answered: what it has may make no sense.
func (l *Live) Ready(ctx context.Context) bool { return l.now.Load().known || l.Load(ctx) }

// Read reads the settings from the store, and the version they are at, for Put.
func (l *Live) Read(ctx context.Context) (longrun.Settings, string, error) {
	ctx, cancel := deadline.With(ctx, l.Clock, room.StoreTimeout)
	defer cancel()
	return l.Ledger.Settings(ctx, l.Self.Interval)
}

// Put stores settings on the condition that they are still at version, and puts
// them in force.
func (l *Live) Put(ctx context.Context, s longrun.Settings, version string) (string, error) {
	ctx, cancel := deadline.With(ctx, l.Clock, room.StoreTimeout)
	defer cancel()
	s.TS = l.Clock.Now().UTC().Truncate(time.Microsecond)
	written, err := l.Ledger.PutSettings(ctx, s, version)
	if err != nil {
		return "", err
	}
	l.adopt(ctx, s.Clone()) // the caller goes on with its own
	return written, nil
}

// Follow keeps the settings in force those of the store, until ctx
// ends. A document that makes no sense changes nothing. They are read at once, ahead of
// the watch, which may take longer to begin than the first beat: that is to know them.
func (l *Live) Follow(ctx context.Context) {
	l.Load(ctx)
	select {
	case <-l.asked:
	default:
		close(l.asked)
	}
	var changes <-chan struct{} // nil: the store cannot tell, or not now
	for {
		if changes == nil {
			changes = l.watch(ctx)
		}
		pause := l.Every
		if !l.Load(ctx) {
			pause = l.Self.Interval
		} else if changes != nil {
			pause = 0 // nothing to read until something changes
		}
		waiting, cancel := ctx, context.CancelFunc(func() {})
		if pause > 0 {
			waiting, cancel = deadline.With(ctx, l.Clock, pause)
		}
		open := true
		select {
		case <-waiting.Done():
		case _, open = <-changes:
		}
		cancel()
		if ctx.Err() != nil {
			for open && changes != nil { // wait until the store's side has ended
				_, open = <-changes
			}
			return
		}
		if !open {
			changes = nil
			deadline.Sleep(ctx, l.Clock, l.Self.Interval) // it broke: begin anew, not at once
		}
	}
}

// headStart is how much earlier than the lock the settings are asked for, at most.
const headStart = 10 * time.Millisecond

// HeadStart returns when Follow has had an answer, and after a moment in any case: who
// asks for the lock in the same instant would have it first now and then, and a first
// beat that does not know what is expected.
func (l *Live) HeadStart(ctx context.Context) {
	waiting, cancel := deadline.With(ctx, l.Clock, headStart)
	defer cancel()
	select {
	case <-l.asked:
	case <-waiting.Done():
	}
}

// watch returns nil where the store cannot tell of changes.
func (l *Live) watch(ctx context.Context) <-chan struct{} {
	changes, err := l.Watch(ctx, l.Ledger.SettingsKey())
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) && ctx.Err() == nil {
			l.Log.Once(ctx, slog.LevelWarn, "watch", "broken", "settings cannot be watched and are polled", "error", spawn.Text(err))
		}
		return nil
	}
	l.Log.Over("watch")
	return changes
}

// Load reads the settings and puts them in force. It reports whether
// the store answered.
func (l *Live) Load(ctx context.Context) bool {
	ctx, cancel := deadline.With(ctx, l.Clock, room.StoreTimeout)
	defer cancel()
	s, version, err := l.Ledger.Settings(ctx, l.Self.Interval)
	var mangled *ledger.DocumentError
	switch {
	case errors.As(err, &mangled):
		l.Log.Once(ctx, slog.LevelError, mangled.Path, version, l.nonsense(), "error", spawn.Text(mangled))
	case err != nil:
		return false
	default:
		l.Log.Over(l.Ledger.SettingsKey().String())
		l.adopt(ctx, s)
	}
	return true
}

// nonsense says what is so while the settings make no sense.
func (l *Live) nonsense() string {
	if l.now.Load().known {
		return "settings make no sense, the last good ones stay in force"
	}
	return "settings make no sense, and none were read before: no beat says that the host is healthy"
}

// adopt puts settings in force and says so when they are others.
func (l *Live) adopt(ctx context.Context, s longrun.Settings) {
	old := l.now.Swap(&inForce{s, true})
	if changes := differences(old.Settings, s); changes != "" {
		l.Log.InfoContext(ctx, "settings changed", "by", s.UpdatedBy, "changes", changes)
	}
}

// differences says in a line what the settings demand now and did not before,
// by the names that the document has.
func differences(old, now longrun.Settings) string {
	was, is := fieldsOf(old), fieldsOf(now)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if !bytes.Equal(was[name], is[name]) {
			out = append(out, fmt.Sprintf("%s %s → %s", name, was[name], is[name]))
		}
	}
	return strings.Join(out, ", ")
}

// fieldsOf are the fields of the settings, without when and by whom.
func fieldsOf(s longrun.Settings) map[string]json.RawMessage {
	s.TS, s.UpdatedBy = time.Time{}, ""
	data, err := json.Marshal(document.Full(s))
	if err != nil {
		return nil // a number that is none: Validate has refused it
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(data, &fields)
	return fields
}
