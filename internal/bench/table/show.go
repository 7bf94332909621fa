package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table is what one run has measured.
type Table struct {
	// Machine is what it ran on, when, and beside what.
	Machine string `json:"machine"`
	Rows    []Row  `json:"rows"`
}

var columns = []string{"measured", "peer", "ours", "theirs", "theirs/ours", "ahead", "n"} //nolint:gochecknoglobals // it does not change

func (r Row) cells() []string {
	n := fmt.Sprint(r.Ours.N)
	if r.Theirs.N != r.Ours.N {
		n += ", " + fmt.Sprint(r.Theirs.N)
	}
	return []string{r.What, r.Peer, r.Ours.String(), r.Theirs.String(), r.Ratio(), r.Ahead(), n}
}

// parts are the rows by their headings, in order.
func (t Table) parts(each func(part string, rows []Row)) {
	for rest := t.Rows; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Part == rest[0].Part {
			n++
		}
		each(rest[0].Part, rest[:n])
		rest = rest[n:]
	}
}

// notes are what is said below a part, each once: the rows' own, and then why a peer is
// ahead where one is.
func notes(rows []Row) (all []string) {
	for _, r := range rows {
		if r.Note != "" && !slices.Contains(all, r.Note) {
			all = append(all, r.Note)
		}
	}
	var why []string
	in := map[string][]string{}
	for _, r := range rows {
		if r.Ahead() != "theirs" {
			continue
		}
		if in[r.Behind] == nil {
			why = append(why, r.Behind)
		}
		in[r.Behind] = append(in[r.Behind], fmt.Sprintf("%s (%s)", r.What, r.Peer))
	}
	for _, behind := range why {
		all = append(all, "Behind in "+strings.Join(in[behind], "; ")+". "+behind)
	}
	return all
}

const legend = "Ours and theirs are p50 / p95 / max, or what was counted; less is better."

// Text writes the table for a terminal.
func (t Table) Text(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	say := func(line string) { _, _ = fmt.Fprintln(out, line) }
	say(t.Machine)
	say(legend)
	t.parts(func(part string, rows []Row) {
		say("\n" + strings.ToUpper(part))
		say(strings.Join(columns, "\t"))
		for _, r := range rows {
			say(strings.Join(r.cells(), "\t"))
		}
		_ = out.Flush() // so that each part has its own widths
		for _, n := range notes(rows) {
			say("  " + n)
		}
	})
	return out.Flush()
}

// Markdown is the table for a README.
func (t Table) Markdown() string {
	var b strings.Builder
	b.WriteString(t.Machine + "\n" + legend + "\n")
	t.parts(func(part string, rows []Row) {
		fmt.Fprintf(&b, "\n**%s**\n\n| %s |\n|---|---|---:|---:|---:|---|---:|\n", part, strings.Join(columns, " | "))
		for _, r := range rows {
			b.WriteString("| " + strings.Join(r.cells(), " | ") + " |\n")
		}
		if all := notes(rows); len(all) > 0 {
			b.WriteString("\n")
			for _, n := range all {
				b.WriteString("- " + n + "\n")
			}
		}
	})
	return b.String()
}

// Brief is the same run for who does not know yet whether to read on: all rows, without
// the notes and without more than the medians.
func (t Table) Brief() string {
	var b strings.Builder
	b.WriteString(t.Machine + "\nOurs and theirs are medians, or what was counted; less is better.\n")
	b.WriteString("\n| measured | beside | ours | theirs | theirs/ours |\n|---|---|---:|---:|---:|\n")
	t.parts(func(part string, rows []Row) {
		fmt.Fprintf(&b, "| **%s** | | | | |\n", part)
		for _, r := range rows {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.What, r.Peer, r.Ours.median(), r.Theirs.median(), r.Ratio())
		}
	})
	return b.String()
}
