package masking

import (
	"regexp"
	"strings"
)

// Number returns a telephone number as documents, logs and messages show it: its
// first two and last two digits, with stars between. What is shorter than seven
// digits is all stars.
func Number(number string) string {
	number = strings.TrimPrefix(number, "+")
	if len(number) < 7 {
		return strings.Repeat("*", len(number))
	}
	return number[:2] + strings.Repeat("*", len(number)-4) + number[len(number)-2:]
}

var longNumber = regexp.MustCompile(`[0-9]{7,}`)

// Text masks whatever may be a telephone number in a text of others.
func Text(text string) string { return longNumber.ReplaceAllStringFunc(text, Number) }
