package chart

import _ "embed" // the style sheet

//go:embed chart.css
var style string

// Style returns the style sheet of what is drawn here: the colours, light and dark, as
// custom properties, which a page uses for the rest of it too, and the classes. Every
// page that shows a chart has it, so that no two of them look different. It needs
// box-sizing: border-box, and lists without margins and marks.
func Style() string { return style }
