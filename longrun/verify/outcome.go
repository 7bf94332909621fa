package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// Verdict is what a check comes to.
type Verdict string

// The verdicts. There is no pass without something that was looked at.
const (
	Pass       Verdict = "PASS"
	Fail       Verdict = "FAIL"
	CannotTell Verdict = "CANNOT TELL"
)

// Weight says what a problem does to the verdict.
type Weight string

// The weights.
const (
	// Fault: something is wrong, and the check fails.
	Fault Weight = "fault"
	// Doubt: something cannot be told, and so there is no pass.
	Doubt Weight = "doubt"
	// Note: worth knowing, and nothing against a pass.
	Note Weight = "note"
)

// Problem is one thing that a check found.
type Problem struct {
	Weight Weight `json:"severity"`
	// Path is the document it is about; empty where it is about none.
	Path string `json:"path"`
	// Text says what is wrong with it, in one line.
	Text string `json:"text"`
}

// Outcome is what a check found.
type Outcome struct {
	// Check names it: evidence, restart-safe, drill or probes.
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	// From and To are what was looked at, [From, To); nil means that the end is
	// open.
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// Problems are the worst first. More counts those that are left out.
	Problems []Problem `json:"findings"`
	More     int64     `json:"more"`
	// Counts are what was looked at, by name.
	Counts map[string]int64 `json:"counts"`
}

// ExitCode is 0 for a pass, 1 for a fail, and 2 for what cannot be told.
func (o Outcome) ExitCode() int {
	switch o.Verdict {
	case Pass:
		return 0
	case Fail:
		return 1
	case CannotTell:
	}
	return 2
}

// WriteText writes the outcome for people.
func (o Outcome) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", o.Check, o.Verdict)
	fmt.Fprintf(&b, "  from %s to %s\n", instant(o.From, "the beginning"), instant(o.To, "now"))
	for _, f := range o.Problems { // whoever inserts a document chooses its ID, and must not write lines of its own
		fmt.Fprintf(&b, "  %-5s  ", f.Weight)
		if f.Path != "" {
			fmt.Fprintf(&b, "%s: ", visible.Line(f.Path, maxText))
		}
		fmt.Fprintln(&b, visible.Line(f.Text, maxText))
	}
	if o.More > 0 {
		fmt.Fprintf(&b, "  and %d more findings\n", o.More)
	}
	width, shown := 0, map[string]string{} // a name may be a type that a document made up
	for name := range o.Counts {
		shown[name] = visible.Line(name, maxName)
		width = max(width, utf8.RuneCountInString(shown[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Counts)) {
		fmt.Fprintf(&b, "  %-*s  %d\n", width, shown[name], o.Counts[name])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON writes the outcome for programs, with the names of the fields' tags.
// What cannot be seen is escaped in it.
func (o Outcome) WriteJSON(w io.Writer) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(document.Full(o)); err != nil {
		return err
	}
	_, err := w.Write(visible.JSON(b.Bytes()))
	return err
}

func instant(t *time.Time, open string) string {
	if t == nil {
		return open
	}
	return t.UTC().Format(time.RFC3339)
}

// maxName is how long the name of a count is, in characters.
const maxName = 100

// maxText is how long the text of a finding is, in characters.
const maxText = 1000

// maxFindings is how many findings an Outcome lists.
const maxFindings = 200

// inquiry gathers what becomes an Outcome.
type inquiry struct {
	check    string
	from, to time.Time
	findings []Problem
	named    map[string]bool // documents that a fault was found with
	more     int64
	faults   int64
	doubts   int64
	counts   map[string]int64
}

func newInquiry(check string, from, to time.Time) *inquiry {
	return &inquiry{check: check, from: from, to: to, named: map[string]bool{}, counts: map[string]int64{}}
}

func (q *inquiry) find(severity Weight, path, format string, args ...any) {
	switch severity {
	case Fault:
		q.faults++
		q.named[path] = true
	case Doubt:
		q.doubts++
	case Note:
	}
	if len(q.findings) >= 10*maxFindings { // what is left out is chosen by weight, at the end
		q.more++
		return
	}
	q.findings = append(q.findings, Problem{Weight: severity, Path: path, Text: visible.Line(fmt.Sprintf(format, args...), maxText)})
}

// Fault, Doubt, Note and Named are what the rooms of the checks find with.
func (q *inquiry) Fault(path, format string, args ...any) { q.find(Fault, path, format, args...) }
func (q *inquiry) Doubt(path, format string, args ...any) { q.find(Doubt, path, format, args...) }
func (q *inquiry) Note(path, format string, args ...any)  { q.find(Note, path, format, args...) }
func (q *inquiry) Named(path string) bool                 { return q.named[path] }

// outcome is the verdict: absence is never a pass, so whoever looked at nothing
// has noted a doubt or a fault by now.
func (q *inquiry) outcome() Outcome {
	o := Outcome{Check: q.check, Verdict: Pass, Counts: q.counts, More: q.more, Problems: []Problem{}}
	switch {
	case q.faults > 0:
		o.Verdict = Fail
	case q.doubts > 0:
		o.Verdict = CannotTell
	}
	for _, severity := range []Weight{Fault, Doubt, Note} {
		for _, f := range q.findings {
			if f.Weight == severity {
				o.Problems = append(o.Problems, f)
			}
		}
	}
	if n := len(o.Problems); n > maxFindings {
		o.Problems, o.More = o.Problems[:maxFindings], o.More+int64(n-maxFindings)
	}
	o.From, o.To = bound(q.from), bound(q.to)
	return o
}

func bound(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
