package hostcall

import (
	"regexp"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// MaxText bounds what is stored of an error that the host made, in bytes.
const MaxText = 200

// longNumber is what could be a telephone number: many digits, or groups of them
// behind a plus sign.
var longNumber = regexp.MustCompile(`\+\d{1,3}(?:[ ./()-]{0,2}\d){7,13}|\d{7,}`)

var digit = regexp.MustCompile(`\d`)

// Text is what may be stored of an error.
func Text(err error) string { return Line(spawn.Text(err), MaxText) }

// Line is what may be stored of a text that the host made: at most so many bytes,
// on one line, of characters that can be seen and that every store takes, and
// without a number that could be somebody's telephone. A long text is cut before
// it is searched.
func Line(text string, most int) string {
	const longest = 64 // of a number that the cut may go through
	text = visible.Line(visible.Head(text, 4*most+longest), 4*most+longest)
	text = longNumber.ReplaceAllStringFunc(text, func(n string) string {
		return digit.ReplaceAllString(n[:len(n)-2], "*") + n[len(n)-2:]
	})
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
