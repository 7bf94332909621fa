package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// limits are the demonstration's, where they differ from those of real life.
const limits = `The limits are the demonstration's, and short: one failed probe is enough (else two in
a row), 15 s away (2 min), 90 s without a sign of the phone (10 d), one session taken
over (two in 10 min), and what goes on is told again each minute (each hour).`

// Settings are the live settings of a demonstration in which slots have that length.
func Settings(interval time.Duration) longrun.Settings {
	s := longrun.DefaultSettings(interval)
	t := &s.AlertThresholds
	t.ConsecutiveProbeFails, t.NotConnectedSec, t.SessionReplaced = 1, 15, 1
	t.PhoneUnseenDays = 0.001
	t.UndeliveredInARow, t.UndeliveredChats = 4, int64(len(people))
	t.UnreadablePerHour = 3
	t.ThrottleSec = 60
	s.UpdatedBy = "the demonstration"
	return s
}

// Store stores Settings where there are none: those that somebody chose stay.
func Store(ctx context.Context, book *ledger.Ledger, interval time.Duration) error {
	_, version, err := book.Settings(ctx, interval)
	if err != nil || version != "" {
		return err
	}
	if _, err := book.PutSettings(ctx, Settings(interval), ""); err != nil {
		return fmt.Errorf("demo: settings: %w", err)
	}
	return nil
}
