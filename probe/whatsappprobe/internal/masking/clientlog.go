package masking

import (
	"context"
	"fmt"
	"log/slog"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// Logger is whatsappprobe.ClientLogger, which says what it hides.
func Logger(logger *slog.Logger) waLog.Logger {
	if logger == nil {
		return waLog.Noop
	}
	return clientLogger{logger: logger}
}

// clientLogger has constant messages and the text as an attribute, as all logs
// of this module do, so that they can be told apart from the host's.
type clientLogger struct {
	logger *slog.Logger
	module string
}

var _ waLog.Logger = clientLogger{}

func (l clientLogger) log(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if l.logger.Enabled(ctx, level) {
		l.logger.LogAttrs(ctx, level, "whatsmeow",
			slog.String("module", l.module), slog.String("text", Text(fmt.Sprintf(format, args...))))
	}
}

// Errorf logs at the level of an error.
func (l clientLogger) Errorf(format string, args ...any) { l.log(slog.LevelError, format, args) }

// Warnf logs at the level of a warning.
func (l clientLogger) Warnf(format string, args ...any) { l.log(slog.LevelWarn, format, args) }

// Infof logs at the level of information.
func (l clientLogger) Infof(format string, args ...any) { l.log(slog.LevelInfo, format, args) }

// Debugf logs nothing.
func (l clientLogger) Debugf(string, ...any) {}

// Sub returns a logger that names a part of the client.
func (l clientLogger) Sub(module string) waLog.Logger {
	if l.module != "" {
		module = l.module + "/" + module
	}
	return clientLogger{logger: l.logger, module: module}
}
