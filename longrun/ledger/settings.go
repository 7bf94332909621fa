package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// Settings reads the live settings over the defaults for interval: a field that
// the document lacks keeps its default. Where there is no document the version
// is empty. A document that does not decode, or whose values make no sense, is
// a *DocumentError, and the settings are the defaults.
func (l *Ledger) Settings(ctx context.Context, interval time.Duration) (s longrun.Settings, version string, err error) {
	s = longrun.DefaultSettings(interval)
	key := l.SettingsKey()
	rec, err := l.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return s, "", nil
	}
	if err != nil {
		return s, "", fmt.Errorf("ledger: read %s: %w", key, err)
	}
	if err := rec.Decode(&s); err != nil {
		return longrun.DefaultSettings(interval), rec.Version, &DocumentError{Path: key.String(), Err: err}
	}
	if err := s.Validate(); err != nil {
		return longrun.DefaultSettings(interval), rec.Version, &DocumentError{Path: key.String(), Err: err}
	}
	return s, rec.Version, nil
}

// PutSettings writes the live settings on the condition that they are still at
// version (empty: that there are none), and returns the new version.
func (l *Ledger) PutSettings(ctx context.Context, s longrun.Settings, version string) (string, error) {
	if err := rules.ValidateSettings(s); err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return put(ctx, l, l.SettingsKey(), s, version)
}
