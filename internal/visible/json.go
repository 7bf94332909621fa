package visible

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns a JSON text that says the same, in which each character that
// cannot be seen is escaped: a program reads what was written, and a terminal
// shows it. It is for texts that are valid JSON.
func JSON(text []byte) []byte {
	first := bytes.IndexFunc(text, hiddenInJSON)
	if first < 0 {
		return text
	}
	out := append(make([]byte, 0, len(text)+64), text[:first]...)
	for rest := text[first:]; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case !hiddenInJSON(r) || r == utf8.RuneError && size == 1:
			out = append(out, rest[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		rest = rest[size:]
	}
	return out
}

// hiddenInJSON passes over what lies between the values. Within a text JSON has
// no control character below a blank.
func hiddenInJSON(r rune) bool { return r >= 0x7f && Hidden(r) || r == 0x7f }
