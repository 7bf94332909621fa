package report

import (
	"strings"
	"unicode"

	"github.com/seed-13dc028d/longwatch/internal/figures"
)

// Markdown returns the report as GitHub's Markdown. Whatever the documents say
// is shown as text: none of it becomes markup, a link or another column.
func (r Report) Markdown() string {
	var b strings.Builder
	b.WriteString("# " + mdText(r.title()) + "\n\n")
	b.WriteString("**" + mdText(string(r.Judgement.Outcome)) + "** " + mdText(strings.TrimPrefix(strings.TrimPrefix(r.Judgement.Text, string(r.Judgement.Outcome)), ": ")) + "\n\n")
	b.WriteString("Target: " + mdText(figures.Share(r.Judgement.Target)+" ("+r.Judgement.Basis+").") + "\n")
	for _, s := range r.sections() {
		b.WriteString("\n## " + mdText(s.Title) + "\n\n")
		list := s.ID == "left-out"
		for i, line := range s.Lines {
			switch {
			case list:
				b.WriteString("- ")
			case i > 0:
				b.WriteString("\n")
			}
			b.WriteString(mdText(line) + "\n")
		}
		if len(s.Rows) > 0 {
			if len(s.Lines) > 0 {
				b.WriteString("\n")
			}
			mdRow(&b, s.Head)
			b.WriteString("|" + strings.Repeat(" --- |", len(s.Head)) + "\n")
			for _, row := range s.Rows {
				mdRow(&b, row)
			}
		}
		for _, line := range s.Tail {
			b.WriteString("\n" + mdText(line) + "\n")
		}
	}
	return b.String()
}

func mdRow(b *strings.Builder, cells []string) {
	b.WriteString("|")
	for _, cell := range cells {
		b.WriteString(" " + mdText(cell) + " |")
	}
	b.WriteString("\n")
}

// mdText takes from a text what Markdown would make markup of. An underscore
// within a word is none, and names are full of them.
func mdText(s string) string {
	runes := []rune(seen(s))
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	var b strings.Builder
	for i, c := range runes {
		switch c {
		case '_':
			if !word(i-1) || !word(i+1) {
				b.WriteByte('\\')
			}
		case '\\', '`', '*', '[', ']', '|', '~', '#':
			b.WriteByte('\\')
		case '<':
			if i+1 < len(runes) && (word(i+1) || strings.ContainsRune("/!?", runes[i+1])) { // a tag, or what may be one
				b.WriteString("&lt;")
				continue
			}
		case '>':
			if i == 0 {
				b.WriteByte('\\')
			}
		case '&':
			b.WriteString("&amp;")
			continue
		case ':', '@', '.':
			// No link of its own: https://…, www.… and a@b.c are taken for one.
			if c == '@' || i+2 < len(runes) && runes[i+1] == '/' && runes[i+2] == '/' ||
				c == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www") {
				b.WriteByte('\\')
			}
		}
		b.WriteRune(c)
	}
	return b.String()
}
