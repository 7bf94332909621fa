package chart

import (
	_ "embed" // the style sheet
	"strings"
)

//go:embed chart.css
var style string

// Style returns the style sheet of what is drawn here: the colours, light and dark, as
// custom properties, which a page uses for the rest of it too, and the classes. Every
// page that shows a chart has it, so that no two of them look different. It needs
// box-sizing: border-box, and lists without margins and marks.
func Style() string { return style }

// Themes returns rules that hold a page to its light or to its dark colours, whatever
// the reader's system says: those of Style, for a root element of the class light or
// dark. They come after Style.
func Themes() string {
	light, rest, _ := strings.Cut(style, darkQuery)
	dark, _, _ := strings.Cut(rest, "\n}")
	return ":root.light { color-scheme: light; " + tokens(light) + " }\n:root.dark { color-scheme: dark; " + tokens(dark) + " }\n"
}

// darkQuery is where the dark colours begin.
const darkQuery = "@media (prefers-color-scheme: dark) {"

// tokens are the custom properties of the one rule in a part of a style sheet.
func tokens(part string) string {
	_, part, _ = strings.Cut(part, "--")
	part, _, _ = strings.Cut(part, "}")
	return "--" + strings.Join(strings.Fields(part), " ")
}
