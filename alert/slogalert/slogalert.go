// Package slogalert writes messages to a log: what is left when no channel to
// people is configured.
//
// What it does not do: it tells nobody. A line in a log wakes no one unless
// something reads the log, and a line that the log's handler loses is lost
// without an error.
package slogalert

import (
	"context"
	"log/slog"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// Alerter is an alert.Alerter that logs. It is safe for concurrent use, as far
// as the logger's handler is.
type Alerter struct{ logger *slog.Logger }

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter that logs to logger; nil means that nothing is logged.
func New(logger *slog.Logger) *Alerter {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Alerter{logger: logger}
}

// Alert logs one line, and of a Digest one for each part: a warning while
// something goes on, else an information. It does not ask whether ctx has ended,
// since it waits for nothing. The error is always nil.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	if m.Kind == alert.Digest && len(m.Parts) > 0 {
		for _, part := range m.Parts {
			_ = a.Alert(ctx, part) // is nil
		}
		return nil
	}
	a.logger.LogAttrs(ctx, level(m.Kind), "alert", attrs(m)...)
	return nil
}

func level(kind alert.Kind) slog.Level {
	switch kind {
	case alert.Resolved, alert.Test:
		return slog.LevelInfo
	default:
		return slog.LevelWarn
	}
}

// attrs are what m says; what it does not know is left out.
func attrs(m alert.Message) []slog.Attr {
	all := []slog.Attr{slog.String("kind", line(string(m.Kind)))}
	for _, field := range []struct{ key, value string }{
		{"service", m.Service},
		{"rule", m.Rule},
		{"target", m.Target},
		{"severity", m.Severity},
		{"summary", m.Summary},
		{"cause", m.Cause},
		{"key", m.Key},
		{"incident_id", m.IncidentID},
		{"instance", m.Instance},
		{"commit", m.Commit},
		{"link", m.Link},
	} {
		if field.value != "" {
			all = append(all, slog.String(field.key, line(field.value)))
		}
	}
	if !m.Since.IsZero() {
		all = append(all, slog.Time("since", m.Since.UTC()))
	}
	if !m.Until.IsZero() {
		all = append(all, slog.Time("until", m.Until.UTC()), slog.Duration("lasted", m.Duration()))
	}
	if len(m.Details) > 0 {
		details := make([]string, len(m.Details))
		for i, detail := range m.Details {
			details[i] = line(detail)
		}
		all = append(all, slog.Any("details", details))
	}
	return all
}

// line is a text as it is logged, whatever the logger's handler does with it.
func line(s string) string { return visible.Quiet(s, alert.MaxText) }
