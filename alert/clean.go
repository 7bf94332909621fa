package alert

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxInput is how many bytes of a field are looked at. What is behind them would
// not be shown, whatever it is.
const maxInput = 16 * MaxText

// ellipsis stands where something was cut.
const ellipsis = "…"

// units is the length of s in UTF-16 code units, in which messengers count.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// clean makes one line of s: valid UTF-8, white space in single blanks, and
// nothing that moves the cursor, hides, or turns the reading direction round.
func clean(s string) string {
	if len(s) > maxInput {
		end := maxInput
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end] + ellipsis
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r == '\u200d': // joins emoji
			return r
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens s to at most limit units, an ellipsis included. It cuts between
// runes.
func cut(s string, limit int) string {
	if units(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	n := 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > limit-1 {
			return strings.TrimRight(s[:i], " \n") + ellipsis
		}
	}
	return s
}

// line is clean, and no longer than limit units.
func line(s string, limit int) string { return cut(clean(s), limit) }
