package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// MaxRows is how many rows a list has at most.
const MaxRows = 100_000

// maxText is how long a cell is, in characters.
const maxText = 500

// Row is one row as its cells; those of other packages' documents are made by Gap,
// Incident and Probe.
type Row []string

// GapColumns are the names of what Gap returns.
func GapColumns() Row {
	return Row{"from", "to", "missed", "seconds", "cause", "before", "after"}
}

// Gap is a run of empty slots.
func Gap(g longrun.Gap) Row {
	return Row{instant(g.From), instant(g.To), strconv.Itoa(g.Missed), number(g.Duration().Seconds()), text(string(g.Cause)), text(g.Before), text(g.After)}
}

// IncidentColumns are the names of what Incident returns.
func IncidentColumns() Row {
	return Row{"incidentId", "rule", "target", "severity", "start", "end", "mttrSec", "observed", "threshold", "cause", "summary"}
}

// Incident is one incident; its end and mttrSec are empty while it is open.
func Incident(i longrun.Incident) Row {
	end, repair := "", ""
	if i.TSEnd != nil {
		end = instant(*i.TSEnd)
	}
	if i.MTTRSec != nil {
		repair = number(*i.MTTRSec)
	}
	return Row{
		text(i.IncidentID), text(string(i.Rule)), text(i.Target), text(string(i.Severity)), instant(i.TSStart), end, repair,
		number(i.Observed), number(i.Threshold), text(i.Cause), text(i.Summary),
	}
}

// ProbeColumns are the names of what Probe returns.
func ProbeColumns() Row {
	return Row{"probeKey", "type", "name", "ts", "result", "latencyMs", "errorClass", "trigger", "instanceId", "commitHash"}
}

// Probe is the result of one probe.
func Probe(p longrun.Probe) Row {
	return Row{
		text(p.ProbeKey), text(string(p.Type)), text(p.Name), instant(p.TS), text(string(p.Result)), latency(p.LatencyMs),
		text(p.ErrorClass), text(string(p.Trigger)), text(p.InstanceID), text(p.CommitHash),
	}
}

// latency is empty where it is not known.
func latency(ms float64) string {
	if !longrun.KnownMs(ms) {
		return ""
	}
	return number(ms)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return longrun.ISO(t)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// text is a cell that no spreadsheet takes for a formula, whatever it splits cells
// at.
func text(s string) string {
	s = visible.Line(s, maxText)
	if !strings.ContainsAny(s, formula) {
		return s
	}
	var b strings.Builder
	begins := true // of what may be a cell
	for _, r := range s {
		if begins && strings.ContainsRune(formula, r) {
			b.WriteByte('\'')
		}
		begins = strings.ContainsRune(",;|\"", r) || begins && r == ' '
		b.WriteRune(r)
	}
	return b.String()
}

// formula are the characters that a formula begins with, the wide ones among them,
// which some spreadsheets take for the others.
const formula = "=+-@%\t\r＝＋－＠"

// Writer writes one list. It is for one goroutine.
type Writer struct {
	out  *csv.Writer
	most int
	rows int
	bad  int64
	more string
}

// NewWriter returns a Writer of a list with these columns to w, of at most so many
// rows; of MaxRows, where most is 0 or more than that.
func NewWriter(w io.Writer, columns Row, most int) *Writer {
	if most <= 0 || most > MaxRows {
		most = MaxRows
	}
	t := &Writer{out: csv.NewWriter(w), most: most}
	_ = t.out.Write(columns) // Close says what went wrong
	return t
}

// Add writes a row, and reports whether it was one: after as many as are allowed it
// writes none, and the list is over.
func (w *Writer) Add(r Row) bool {
	if w.rows == w.most {
		return false
	}
	w.rows++
	return w.out.Write(r) == nil
}

// Undecodable counts a document that is not what its collection holds.
func (w *Writer) Undecodable() { w.bad++ }

// More says that there are more rows than were written, and how to ask for them.
func (w *Writer) More(how string) { w.more = how }

// Close ends the list with what was left out, and returns the first error of all
// that was written.
func (w *Writer) Close() error {
	if w.bad > 0 {
		_ = w.out.Write(Row{fmt.Sprintf("# %s not decode and %s left out", does(w.bad), are(w.bad))})
	}
	if w.more != "" {
		_ = w.out.Write(Row{fmt.Sprintf("# after %s rows the list was cut: %s", figures.Count(w.rows), w.more)})
	}
	w.out.Flush()
	if err := w.out.Error(); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return nil
}

func does(n int64) string {
	if n == 1 {
		return "1 document does"
	}
	return figures.Count(n) + " documents do"
}

func are(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
