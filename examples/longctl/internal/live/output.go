package live

import (
	"bytes"
	"encoding/json"
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
	output.FileFlag `embed:""`

	Format string `enum:"text,json" default:"text" help:"text or json: one object."`
}

// show writes value as JSON, or what text makes of it.
func (f OutputFlags) show(out io.Writer, value any, text func(*sheet)) error {
	var b bytes.Buffer
	if f.Format == "json" {
		data, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return err
		}
		b.Write(visible.JSON(append(data, '\n')))
	} else {
		s := newSheet(&b)
		text(s)
		s.end()
	}
	_, err := out.Write(b.Bytes())
	return err
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

func (s *sheet) end() { _ = s.w.Flush() } // into memory

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
