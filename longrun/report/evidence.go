package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
)

// Evidence says what a check of the evidence behind the numbers found: whether the
// documents are those that were written. Whoever makes the report makes the check, see
// package verify; it is of all there is, not of the window alone.
type Evidence struct {
	// Outcome is the verdict of the check: PASS, FAIL, or CANNOT TELL.
	Outcome string `json:"result"`
	// CheckedAt is when it was made.
	CheckedAt time.Time `json:"checkedAt"`
	// Faults and Doubts count what it found; Findings are the first of these, the worst
	// first, and then what it noted.
	Faults   int       `json:"faults"`
	Doubts   int       `json:"doubts"`
	Findings []Finding `json:"findings"`
	// Checkpoint is the newest of the log: its origin, its size, and the hash of all
	// that was logged. Default: nil, nothing is logged.
	Checkpoint *Checkpoint `json:"checkpoint"`
}

// Finding is one thing that the check found.
type Finding struct {
	// Severity is "fault", "doubt" or "note".
	Severity string `json:"severity"`
	// Path is the document it is about; empty where it is about none.
	Path string `json:"path"`
	Text string `json:"text"`
}

// Checkpoint stands for all that was logged up to it.
type Checkpoint struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	// At is when it was made, and Signed whether a key given vouches for it.
	At     time.Time `json:"at"`
	Signed bool      `json:"signed"`
}

// maxFindings is how many findings a report shows.
const maxFindings = 20

// evidenceSection is the first one: numbers that nobody vouches for are no numbers.
func (r Report) evidenceSection() section {
	e := r.Evidence
	found := "nothing against it"
	if e.Faults+e.Doubts > 0 {
		found = strings.Join([]string{figures.Plural(e.Faults, "fault"), figures.Plural(e.Doubts, "doubt")}, ", ")
	}
	s := section{ID: "evidence", Title: "Evidence", Open: maxFindings, Lines: []string{
		fmt.Sprintf("%s: all documents were held against the log of evidence at %s, with %s.", e.Outcome, figures.Stamp(e.CheckedAt), found),
	}}
	if c := e.Checkpoint; c != nil {
		who := "signed by a key that was given"
		if !c.Signed {
			who = "not signed by a key that was given"
		}
		s.Lines = append(s.Lines, fmt.Sprintf("The newest checkpoint is of %s, %s: %s, %s leaves, %s.", figures.Stamp(c.At), who, c.Origin, figures.Count(c.Size), c.Root))
	} else {
		s.Lines = append(s.Lines, "Nothing is logged yet: that is done when the first day is closed.")
	}
	for i, f := range e.Findings {
		if i == maxFindings {
			s.Tail = []string{fmt.Sprintf("And %s more: longctl verify evidence names them.", figures.Count(len(e.Findings)-i))}
			break
		}
		if len(s.Head) == 0 {
			s.Head = []string{"", "Document", "Finding"}
		}
		s.Rows = append(s.Rows, []string{f.Severity, orDash(f.Path), f.Text})
	}
	return s
}
