package evidence

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// Line says which document a leaf is of.
type Line struct {
	Kind Kind
	// ID is that of the document.
	ID string
	// Number is a beat's in the chain and a rollup's revision; 0 of all else.
	Number int64
	Leaf   tlog.Hash
}

// BeatLine returns the line of a beat under the ID of its document.
func BeatLine(id string, h longrun.Heartbeat) Line {
	_, leaf := HashAndLeaf(&h)
	return Line{Beat, id, h.ChainSeq, leaf}
}

// ProbeLine returns the line of a probe under the ID of its document.
func ProbeLine(id string, p longrun.Probe) Line { return Line{Probe, id, 0, Leaf(ProbeEntry(p))} }

// LongIncident is how long an incident may have lasted and still be sure of its line,
// whenever it is over. The line belongs to the batch of the day on which it began; where a
// leader dies before it has closed that day again, the next one looks back so far.
const LongIncident = 30 * 24 * time.Hour

// IncidentLine returns the line of an incident under the ID of its document.
func IncidentLine(id string, i longrun.Incident) Line {
	return Line{Incident, id, 0, Leaf(IncidentEntry(i))}
}

// RollupLine returns the line of a rollup under the ID of its document.
func RollupLine(id string, r longrun.Rollup) Line {
	return Line{Rollup, id, r.Revision, Leaf(RollupEntry(r))}
}

// Append appends the line as a batch has it, with a line feed at its end.
func (l Line) Append(b []byte) []byte {
	b = append(b, byte(l.Kind), ' ')
	b = append(appendID(b, l.ID), ' ')
	b = append(strconv.AppendInt(b, l.Number, 10), ' ')
	return append(base64.StdEncoding.AppendEncode(b, l.Leaf[:]), '\n')
}

// appendID writes spaces, control characters and percent signs as a URL does.
func appendID(b []byte, id string) []byte {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c == '%' || c == 0x7f {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	return b
}

// parseID reads what appendID wrote. What it would write otherwise is not read.
func parseID(text string) (string, bool) {
	if !strings.Contains(text, "%") {
		return text, text != ""
	}
	var id []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			id = append(id, text[i])
			continue
		}
		if i+3 > len(text) {
			return "", false
		}
		c, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		id = append(id, byte(c))
		i += 2
	}
	return string(id), string(appendID(nil, string(id))) == text
}

// maxLines bounds a batch: with IDs as they are, under 0.7 MB.
const maxLines = 8000

// AppendLines appends the text of lines.
func AppendLines(b []byte, lines []Line) []byte {
	for i := range lines {
		b = lines[i].Append(b)
	}
	return b
}

// ParseLines reads the lines of a batch, in the one spelling that Append has.
func ParseLines(text string) ([]Line, error) {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return nil, fmt.Errorf("evidence: the last line of a batch is cut off: %.100q", text[strings.LastIndexByte(text, '\n')+1:])
	}
	lines := make([]Line, 0, strings.Count(text, "\n"))
	var again []byte
	for text != "" {
		one, rest, _ := strings.Cut(text, "\n")
		l, ok := parseLine(one)
		if again = l.Append(again[:0]); !ok || string(again) != text[:len(one)+1] {
			return nil, fmt.Errorf("evidence: %.100q is no line of a batch", one)
		}
		lines, text = append(lines, l), rest
	}
	return lines, nil
}

func parseLine(text string) (l Line, ok bool) {
	kind, rest, _ := strings.Cut(text, " ")
	id, rest, _ := strings.Cut(rest, " ")
	number, leaf, _ := strings.Cut(rest, " ")
	switch kind {
	case "h", "p", "i", "r", "d":
		l.Kind = Kind(kind[0])
	default:
		return l, false
	}
	if l.ID, ok = parseID(id); !ok {
		return l, false
	}
	var err error
	if l.Number, err = strconv.ParseInt(number, 10, 64); err != nil {
		return l, false
	}
	l.Leaf, err = tree.ParseHash(leaf)
	return l, err == nil
}
