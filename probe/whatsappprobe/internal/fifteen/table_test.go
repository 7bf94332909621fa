package fifteen_test

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// row is what became of a mode.
type row struct {
	*mode
	told, over mail
	after      time.Duration
}

// seconds are of times and of lengths of time; they depend on goroutines of the client.
var seconds = regexp.MustCompile(`(\d\d:\d\d):\d\d\b|(\d+m)\d+s\b`)

// figures are numbers that are this machine's.
var figures = regexp.MustCompile(`\d+(\.\d+)?( %| hours?\b)`)

// shown is a text without what differs from run to run.
func (r row) shown(text string) string {
	text = seconds.ReplaceAllString(text, "$1$2")
	if r.memoryLimit > 0 {
		text = figures.ReplaceAllString(text, "…$2")
	}
	return text
}

// by is who told.
func (r row) by() string {
	if r.class != "" {
		return "`" + string(r.rule) + "`, class `" + r.class + "`"
	}
	return "`" + string(r.rule) + "`"
}

// detected is the time until it was told, to the next minute, hour or day.
func (r row) detected() string {
	unit, name := time.Minute, "min"
	switch {
	case r.after > 72*time.Hour:
		unit, name = 24*time.Hour, "d"
	case r.after > 4*time.Hour:
		unit, name = time.Hour, "h"
	}
	return fmt.Sprintf("%d %s", (r.after+unit-1)/unit, name)
}

// table is the fifteen modes in Markdown.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| mode | fault injected | told by | after | message | its end |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		b.WriteString(r.line())
	}
	return b.String()
}

// line is a row of the table.
func (r row) line() string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", r.name, r.fault, r.by(), r.detected(), r.shown(r.told.Summary), r.over.Summary)
}

// messages are those behind a row.
func (r row) messages() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n```\n", r.name)
	for line := range strings.SplitSeq(r.told.Text(), "\n") {
		if !strings.HasPrefix(line, "instance ") && !strings.HasPrefix(line, "incident ") {
			b.WriteString(r.shown(line) + "\n")
		}
	}
	title, _, _ := strings.Cut(r.over.Text(), "\n")
	title, _, _ = strings.Cut(title, " after ")
	fmt.Fprintf(&b, "\n%s\n%s\n```\n", title, r.over.Summary)
	for _, also := range r.also {
		fmt.Fprintf(&b, "\nAlso told: `%s`. %s\n", also, r.why)
	}
	return b.String()
}

// page is the table, and the messages behind it.
func page(rows []row) string {
	var b strings.Builder
	b.WriteString("# What is told of the fifteen failure modes\n\nMade by `go test ./probe/whatsappprobe/internal/fifteen -run TestTheFifteen -v -update`, and checked by it without `-update`. Probes are made every\n")
	b.WriteString("hour, unless their account is suspected; everything else is the default. Each fault began at half past a minute.\n\n")
	b.WriteString(table(rows))
	for _, r := range rows {
		b.WriteString(r.messages())
	}
	return b.String()
}
