package whatsappprobe

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// ClientLogger makes a *slog.Logger the logger of a *whatsmeow.Client, or of the
// container of its store. nil is silence.
//
// Numbers of seven digits and more are masked, whatever they are. What
// whatsmeow says for debugging is dropped: it prints whole stanzas, decrypted
// messages and the codes that link a device. libsignal, below it, prints some
// lines on the standard output by itself; they do not come through here.
func ClientLogger(logger *slog.Logger) waLog.Logger {
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
			slog.String("module", l.module), slog.String("text", hideNumbers(fmt.Sprintf(format, args...))))
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

var longNumber = regexp.MustCompile(`[0-9]{7,}`)

// hideNumbers masks whatever may be a telephone number in a text of others.
func hideNumbers(text string) string { return longNumber.ReplaceAllStringFunc(text, Mask) }
