package alert

import (
	"strings"
	"unicode/utf16"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// maxInput is how many characters of a field are looked at. What is behind them
// would not be shown, whatever it is.
const maxInput = 4 * MaxText

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
func clean(s string) string { return visible.Quiet(s, maxInput) }

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
