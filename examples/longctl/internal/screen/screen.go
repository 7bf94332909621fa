// Package screen shows codes to be scanned, and what is said beside them, on a
// terminal or in a file. Whether a phone can read them depends on the terminal's font.
package screen

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
	"github.com/mdp/qrterminal/v3"
)

// longestQR is above all that WhatsApp sends, and what can be drawn and scanned.
const longestQR = 1000

// Screen is where codes are shown: a terminal, or a file.
type Screen struct {
	out     io.Writer
	colours bool
	redraw  bool // a code takes the place of the one before

	codes int
	lines int // of the last code, if nothing came after it
}

// New takes apart whether out is a terminal. redraw says whether nobody
// else writes on it.
func New(out io.Writer, redraw bool) *Screen {
	file, ok := out.(*os.File)
	terminal := ok && isatty.IsTerminal(file.Fd())
	return &Screen{out: out, colours: terminal, redraw: terminal && redraw}
}

// Say writes a line.
func (s *Screen) Say(format string, args ...any) {
	fmt.Fprintf(s.out, format+"\n", args...)
	s.lines = 0
}

// ShowQR draws a code, and says what to do with it.
func (s *Screen) ShowQR(code string, valid time.Duration) {
	if len(code) > longestQR {
		s.Say("WhatsApp sent a code of %d characters, which is too long to draw. Use --phone.", len(code))
		return
	}
	drawing := drawQR(code)
	width := utf8.RuneCountInString(drawing[0])
	s.codes++
	lines := []string{
		"",
		"On the phone: WhatsApp, Settings, Linked devices, Link a device. Scan this:",
		"",
	}
	for _, line := range drawing {
		if s.colours {
			// White on black whatever the terminal's colours: scanners do not
			// read negatives.
			line = "\x1b[97;40m" + line + "\x1b[0m"
		}
		lines = append(lines, line)
	}
	lines = append(lines, "",
		fmt.Sprintf("Code %d, valid for %v; another one follows. Ctrl-C ends it.", s.codes, valid),
		fmt.Sprintf("If it does not fit, make the window %d × %d, or use --phone.", width, len(drawing)+7))
	if s.redraw && s.lines > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.lines)
	}
	fmt.Fprintln(s.out, strings.Join(lines, "\n"))
	s.lines = len(lines)
}

// drawQR returns the lines of a code, two rows of it in each.
func drawQR(code string) []string {
	var drawing bytes.Buffer
	qrterminal.GenerateWithConfig(code, qrterminal.Config{
		Level: qrterminal.L, Writer: &drawing, HalfBlocks: true, QuietZone: 2,
		BlackChar: qrterminal.BLACK_BLACK, WhiteBlackChar: qrterminal.WHITE_BLACK,
		WhiteChar: qrterminal.WHITE_WHITE, BlackWhiteChar: qrterminal.BLACK_WHITE,
	})
	return strings.Split(strings.TrimSuffix(drawing.String(), "\n"), "\n")
}
