// Package visible makes what somebody else wrote fit to be shown: on a terminal,
// on a page, in a log, in a message. It is the one place for that.
//
// It does not take markup out: what is HTML or Markdown stays so, and whoever
// writes either escapes it. It knows no secrets; see package redact.
//
// What is cut is cut first, so that ten megabytes cost no more than what is shown
// of them.
package visible

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mark stands in Line where something was that cannot be seen.
const Mark = unicode.ReplacementChar

// ellipsis stands where something was cut.
const ellipsis = "…"

// joiner makes one picture of several.
const joiner = '\u200d'

// Line returns s as one line of at most limit runes: valid UTF-8, white space in
// single blanks, and a Mark for each character that would move the cursor, hide,
// or turn the reading direction round. It is for evidence, where it matters that
// something was there.
func Line(s string, limit int) string { return line(s, limit, Mark) }

// Quiet is Line for messages to people: what cannot be seen is left out, and a
// control character is a blank.
func Quiet(s string, limit int) string { return line(s, limit, -1) }

// Lines is Line for a text of several lines: each of the first most is one, and
// those that say nothing are left out.
func Lines(s string, most, limit int) string {
	var b strings.Builder
	s = Head(s, 4*most*limit)
	for text := range strings.Lines(s) {
		text = Line(text, limit)
		if text == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if most--; most < 0 {
			b.WriteString(ellipsis)
			break
		}
		b.WriteString(text)
	}
	return b.String()
}

// Head returns the first most bytes of s, or a little less, so that no character
// is cut in two, and an ellipsis behind them where there were more.
func Head(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := max(most, 0)
	for n := 0; n < utf8.UTFMax && end > 0 && !utf8.RuneStart(s[end]); n++ {
		end--
	}
	return s[:end] + ellipsis
}

func line(s string, limit int, instead rune) string {
	if plain(s, limit) {
		return s
	}
	s = strings.ToValidUTF8(Head(s, 4*limit), string(Mark))
	var b strings.Builder
	b.Grow(len(s))
	before, blank := rune(0), false
	for i, r := range s {
		switch {
		case unicode.IsSpace(r), instead < 0 && unicode.IsControl(r):
			blank = b.Len() > 0
			before = 0
			continue
		case Hidden(r) && !joins(before, r, s[i+utf8.RuneLen(r):]):
			if instead < 0 {
				continue
			}
			r = instead
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
		before = r
	}
	return cut(b.String(), limit)
}

// plain reports, as quickly as can be, that there is nothing to do.
func plain(s string, limit int) bool {
	if len(s) > limit {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

func cut(s string, limit int) string {
	n := 0
	last := 0 // where the last rune that has room beside an ellipsis ends
	for i := range s {
		if n == limit-1 {
			last = i
		}
		if n++; n > limit {
			if limit < 1 {
				return ""
			}
			return strings.TrimRight(s[:last], " "+string(joiner)) + ellipsis // which joins nothing any more
		}
	}
	return s
}

// Hidden reports whether a character cannot be seen, or does something: a
// control character, one of format such as those that turn the reading direction,
// one that has no width, a private or an unassigned one.
func Hidden(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800'
}

// joins reports whether a hidden character makes a picture of what is around it.
func joins(before, r rune, rest string) bool {
	const asPicture = '\ufe0f'
	switch r {
	case asPicture:
		return pictured(before)
	case joiner:
		next, _ := utf8.DecodeRuneInString(rest)
		return (pictured(before) || before == asPicture) && pictured(next)
	}
	return false
}

// pictured reports whether a character may be one of pictures: a symbol other than a
// Mark, or the colour of one.
func pictured(r rune) bool {
	return r > 0xff && r != Mark && (unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r)) || r == '#' || r == '*'
}
