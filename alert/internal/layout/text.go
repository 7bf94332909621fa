package layout

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/alert"
)

// note stands where something was cut that nothing else says.
const note = "…"

// tries is how often a text is made anew, to come close to the largest room that
// fits.
const tries = 7

// Text returns m as its first line and the rest, written by write, so that measure of
// both together, and a line feed, is at most limit. Details are cut first, as
// alert.Message.TextWithin does; where that is not enough, whatever stands behind. It
// never cuts a rune, and what write makes of one, in two.
func Text(m alert.Message, limit int, write func(string) string, measure func(string) int) (title, body string) {
	text := m.TextWithin(alert.MaxText)
	if measure(write(text)) > limit {
		text = within(m, limit, func(s string) int { return measure(write(s)) })
	}
	title, body, _ = strings.Cut(text, "\n")
	return write(title), write(body)
}

// within is the text in as much room as fits: what a text measures grows with it.
func within(m alert.Message, limit int, measure func(string) int) string {
	best := ""
	fits, tooMuch := 0, min(alert.MaxText, 2*limit)
	for range tries {
		units := (fits + tooMuch) / 2
		text := m.TextWithin(units)
		if measure(text) > limit {
			tooMuch = units
		} else {
			fits, best = units, text
		}
	}
	if best == "" { // not even the first line and the last ones
		best = Cut(m.TextWithin(0), limit, measure)
	}
	return best
}

// Cut returns as much of the beginning of s as measures at most limit, with a note
// where something is left out. It cuts between runes.
func Cut(s string, limit int, measure func(string) int) string {
	if measure(s) <= limit {
		return s
	}
	var ends []int
	for i := range s {
		ends = append(ends, i)
	}
	n := sort.Search(len(ends), func(i int) bool { return measure(s[:ends[i]]+note) > limit })
	if n == 0 {
		return ""
	}
	return s[:ends[n-1]] + note
}

// Runes and Bytes are how services count.
func Runes(s string) int { return utf8.RuneCountInString(s) }

// Bytes counts bytes.
func Bytes(s string) int { return len(s) }

// ByLine writes each line of a text by itself: a link by link, and what is none by
// plain.
func ByLine(text string, link, plain func(string) string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if address := Link(line); address != "" && address == line {
			lines[i] = link(address)
		} else {
			lines[i] = plain(line)
		}
	}
	return strings.Join(lines, "\n")
}
