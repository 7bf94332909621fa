package live

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// OutputFlags say in which form, and where to.
type OutputFlags struct {
	output.Options `embed:""`
}

// show writes value as JSON, or what text makes of it.
func (f OutputFlags) show(out io.Writer, value any, text func(*sheet)) error {
	return f.Show(out, value, func(out io.Writer) error {
		s := newSheet(out)
		text(s)
		return s.end()
	})
}

// sheet is lines of words that stand below each other. Nothing in it obeys a terminal.
type sheet struct{ w *tabwriter.Writer }

func newSheet(out io.Writer) *sheet {
	const gap = 2
	return &sheet{w: tabwriter.NewWriter(out, 0, 0, gap, ' ', 0)}
}

// maxCell is how long a cell is.
const maxCell = 200

func (s *sheet) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = visible.Line(cell, maxCell)
	}
	fmt.Fprintln(s.w, strings.TrimRight(strings.Join(cells, "\t"), "\t "))
}

func (s *sheet) end() error { return s.w.Flush() }

// instant is a time to the second, in UTC; a dash where there is none.
func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// or is text, or a dash where there is none.
func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
