package whatsappprobe

import (
	"log/slog"

	"go.mau.fi/whatsmeow"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tap"
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
//
// It is a Tap, too: make one for each client.
func ClientLogger(logger *slog.Logger) waLog.Logger { return Tap(masking.Logger(logger)) }

// Tap returns a logger for one *whatsmeow.Client that passes all on to next, and by
// which Accounts sees what the client sends, and what becomes of it: the client tells
// nobody else. Give it to whatsmeow.NewClient, which takes it once. A nil next is
// silence. It reads, keeps nothing of what people write, and never waits.
func Tap(next waLog.Logger) waLog.Logger {
	if next == nil {
		next = waLog.Noop
	}
	return tap.New(next)
}

// tapOf returns the tap in the logger of a client, and nil where there is none.
func tapOf(cli any) *tap.Logger {
	c, ok := cli.(*whatsmeow.Client)
	if !ok {
		return nil
	}
	log, _ := c.Log.(*tap.Logger)
	return log
}
