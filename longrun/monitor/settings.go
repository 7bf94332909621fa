package monitor

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
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// Settings reads the live settings from the store, and the version they are at,
// for PutSettings.
func (m *Monitor) Settings(ctx context.Context) (longrun.Settings, string, error) {
	ctx, cancel := deadline.With(ctx, m.cfg.Clock, storeTimeout)
	defer cancel()
	return m.ledger.Settings(ctx, m.cfg.Interval)
}

// PutSettings stores the live settings on the condition that they are still at
// version; otherwise the error is a *store.ConflictError. They are in force on
// this instance from its next slot, and on the others as soon as they see them:
// at once where the store can tell, else within Config.SettingsEvery.
func (m *Monitor) PutSettings(ctx context.Context, s longrun.Settings, version string) (string, error) {
	ctx, cancel := deadline.With(ctx, m.cfg.Clock, storeTimeout)
	defer cancel()
	s.TS = m.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	written, err := m.ledger.PutSettings(ctx, s, version)
	if err != nil {
		return "", err
	}
	m.adopt(ctx, s)
	return written, nil
}

// followSettings keeps the settings in force those of the store, until ctx
// ends. A document that makes no sense changes nothing.
func (m *Monitor) followSettings(ctx context.Context) {
	var changes <-chan struct{} // nil: the store cannot tell, or not now
	for {
		if changes == nil {
			changes = m.watchSettings(ctx)
		}
		pause := m.cfg.SettingsEvery
		if !m.loadSettings(ctx) {
			pause = m.cfg.Interval
		} else if changes != nil {
			pause = 0 // nothing to read until something changes
		}
		waiting, cancel := ctx, context.CancelFunc(func() {})
		if pause > 0 {
			waiting, cancel = deadline.With(ctx, m.cfg.Clock, pause)
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
			deadline.Sleep(ctx, m.cfg.Clock, m.cfg.Interval) // it broke: begin anew, not at once
		}
	}
}

// watchSettings returns nil where the store cannot tell of changes.
func (m *Monitor) watchSettings(ctx context.Context) <-chan struct{} {
	changes, err := m.reach.Watch(ctx, m.ledger.SettingsKey())
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) && ctx.Err() == nil {
			m.once.report(ctx, slog.LevelWarn, "watch", "broken", "settings cannot be watched and are polled", "error", err)
		}
		return nil
	}
	m.once.over("watch")
	return changes
}

// loadSettings reads the settings and puts them in force. It reports whether
// the store answered.
func (m *Monitor) loadSettings(ctx context.Context) bool {
	ctx, cancel := deadline.With(ctx, m.cfg.Clock, storeTimeout)
	defer cancel()
	s, version, err := m.ledger.Settings(ctx, m.cfg.Interval)
	var mangled *ledger.DocumentError
	switch {
	case errors.As(err, &mangled):
		m.once.report(ctx, slog.LevelError, mangled.Path, version, "settings make no sense, the last good ones stay in force", "error", mangled)
	case err != nil:
		return false
	default:
		m.once.over(m.ledger.SettingsKey().String())
		m.adopt(ctx, s)
	}
	return true
}

// adopt puts settings in force and says so when they are others.
func (m *Monitor) adopt(ctx context.Context, s longrun.Settings) {
	old := m.settings.Swap(&s)
	if changes := differences(*old, s); changes != "" {
		m.cfg.Logger.InfoContext(ctx, "settings changed", "by", s.UpdatedBy, "changes", changes)
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
	data, err := json.Marshal(s)
	if err != nil {
		return nil // a number that is none: Validate has refused it
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(data, &fields)
	return fields
}
