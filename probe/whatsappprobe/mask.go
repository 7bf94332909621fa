package whatsappprobe

import (
	"log/slog"

	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
)

// Mask returns a telephone number as documents, logs and messages show it: its
// first two and last two digits, with stars between. What is shorter than seven
// digits is all stars.
func Mask(number string) string { return masking.Number(number) }

// ClientLogger makes a *slog.Logger the logger of a *whatsmeow.Client, or of the
// container of its store. nil is silence.
//
// Numbers of seven digits and more are masked, whatever they are. What
// whatsmeow says for debugging is dropped: it prints whole stanzas, decrypted
// messages and the codes that link a device. libsignal, below it, prints some
// lines on the standard output by itself; they do not come through here.
func ClientLogger(logger *slog.Logger) waLog.Logger { return masking.Logger(logger) }
