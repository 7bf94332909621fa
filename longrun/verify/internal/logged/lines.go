package logged

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

var stamp = regexp.MustCompile(`_(\d{4})(\d\d)(\d\d)T`)

// dayOf returns the day that the name of a document tells, such as "2025-12-29", and
// "" where it tells none, as those of the original system.
func (b *Book) dayOf(kind evidence.Kind, id string) string {
	if len(id) >= len(b.day) && id[:len(b.day)] == b.day && kind == evidence.Beat && b.day != "" {
		return b.day // as of the one before
	}
	day := dayOf(kind, id)
	if kind == evidence.Beat {
		b.day = day
	}
	return day
}

func dayOf(kind evidence.Kind, id string) string {
	var day string
	switch kind {
	case evidence.Rollup:
		return "rollups"
	case evidence.Restored:
		return "restores" // it is no document of the day that it names
	case evidence.Beat:
		if len(id) < 10 {
			return ""
		}
		day = id[:10]
	default:
		m := stamp.FindStringSubmatch(id)
		if m == nil {
			return ""
		}
		day = m[1] + "-" + m[2] + "-" + m[3]
	}
	if _, err := longrun.ParseRollupID(day); err != nil {
		return ""
	}
	return day
}

// index notes which days a batch has lines of.
func (b *Book) index(i int) {
	c := b.Batches[i]
	last := "-"
	for at := 0; at < len(c.lines); {
		end := strings.IndexByte(c.lines[at:], '\n')
		if end < 0 {
			break // which Open has named
		}
		c.at = append(c.at, int32(at))
		at += end + 1
		kind, id := c.name(len(c.at) - 1)
		if kind == evidence.Beat && strings.HasPrefix(c.lines[int(c.at[len(c.at)-1])+len("h ")+len(id):], " 1 ") {
			b.chains++
		}
		day := b.dayOf(kind, id) // an escaped ID tells the same
		if day == last {
			continue
		}
		if last = day; !slices.Contains(b.days[day], i) {
			b.days[day] = append(b.days[day], i)
		}
	}
	c.seen = make([]bool, len(c.at))
	b.Counts["lines"] += int64(len(c.at))
}

// Anew reports whether the chain began anew: there is more than one first beat, of those
// in the log and the unlogged ones, or the log has more than one tree.
func (b *Book) Anew(unlogged int) bool { return b.chains+unlogged > 1 || len(b.Names()) > 1 }

// Highest is the highest number of the chain that a beat was logged with.
func (b *Book) Highest() (highest int64) {
	for _, c := range b.Batches {
		for n := range c.at {
			if kind, _ := c.name(n); kind == evidence.Beat {
				highest = max(highest, c.line(n).Number)
			}
		}
	}
	return highest
}

// text is one line, with its line feed.
func (c *Batch) text(n int) string {
	at := int(c.at[n])
	return c.lines[at : at+strings.IndexByte(c.lines[at:], '\n')+1]
}

// name is what a line begins with: the kind and the ID as it stands there.
func (c *Batch) name(n int) (evidence.Kind, string) {
	text := c.text(n)
	if len(text) < 4 || text[1] != ' ' {
		return 0, "" // which Open has named
	}
	id, _, _ := strings.Cut(text[2:], " ")
	return evidence.Kind(text[0]), id
}

// leaf is the hash that a line ends with, as it stands there: in the one spelling that
// there is, or Open has named the batch.
func (c *Batch) leaf(n int) string {
	text := c.text(n)
	return text[strings.LastIndexByte(text, ' ')+1 : len(text)-1]
}

// line parses one line.
func (c *Batch) line(n int) evidence.Line {
	lines, err := evidence.ParseLines(c.text(n))
	if err != nil || len(lines) != 1 {
		return evidence.Line{} // which Open has named
	}
	return lines[0]
}

// escaped is an ID as lines have it.
func escaped(kind evidence.Kind, id string) string {
	text := string(evidence.Line{Kind: kind, ID: id}.Append(nil))
	text = text[2:]
	return text[:strings.IndexByte(text, ' ')]
}

// Check holds a document that is no rollup against its lines, and reports whether it
// has one. Of several the first counts: a document never changes.
func (b *Book) Check(kind evidence.Kind, key store.Key, leaf tlog.Hash) (logged bool) {
	lines := b.linesOf(kind, key.ID)
	if len(lines) == 0 {
		return false
	}
	b.Counts["logged"]++
	one := lines[0].batch
	first := one.leaf(lines[0].n)
	for i, l := range lines {
		l.batch.seen[l.n] = true
		if i > 0 && l.batch.leaf(l.n) != first && !b.find.Named(key.String()) {
			b.find.Fault(key.String(), "was edited: batch %d logged it, and batch %d logged something else by its name", one.Number, l.batch.Number)
		}
	}
	var text [44]byte
	base64.StdEncoding.Encode(text[:], leaf[:])
	if first != string(text[:]) && !b.find.Named(key.String()) {
		b.find.Fault(key.String(), "was edited: it is not what batch %d logged", one.Number)
	}
	return true
}

// plain is an ID as lines have it; most are the same.
func plain(kind evidence.Kind, id string) string {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c == '%' || c == 0x7f {
			return escaped(kind, id)
		}
	}
	return id
}

// Has reports whether a document has a line.
func (b *Book) Has(kind evidence.Kind, id string) bool {
	return len(b.linesOf(kind, id)) > 0
}

// LastDay is the last day of which documents were logged; zero without one.
func (b *Book) LastDay() (last time.Time) {
	for day := range b.days {
		if at, err := longrun.ParseRollupID(day); err == nil && at.After(last) {
			last = at
		}
	}
	return last
}

// Seen takes note of a document that is there and cannot be read.
func (b *Book) Seen(kind evidence.Kind, id string) {
	for _, l := range b.linesOf(kind, id) {
		l.batch.seen[l.n] = true
	}
}

// Absent judges the lines whose documents were not there, of days that begin in
// [from, to): retention took them and said so, or somebody else did. Numbers are
// those of beats which are not there and need no further word, of these days and of
// all others. keptFrom is since when retention keeps what there is.
func (b *Book) Absent(from, to, keptFrom time.Time) (numbers []int64) {
	for _, c := range b.Batches {
		for n, seen := range c.seen {
			if seen {
				continue
			}
			l := c.line(n)
			if l.Kind == 0 {
				continue
			}
			if l.Kind == evidence.Beat {
				numbers = append(numbers, l.Number)
			}
			day, err := longrun.ParseRollupID(dayOf(l.Kind, l.ID))
			if err == nil && (day.Before(from) || !to.IsZero() && !day.Before(to)) {
				continue
			}
			b.absent(c, l, day, keptFrom)
		}
	}
	return numbers
}

func (b *Book) absent(c *Batch, l evidence.Line, day, keptFrom time.Time) {
	of := collectionOf(l.Kind)
	path := b.path(of, l.ID)
	switch {
	case b.find.Named(path) || l.Kind == evidence.Rollup: // which the rollups have judged
	case !b.rolls.pruned(day, of, c.Number):
		b.find.Fault(path, "is missing: batch %d logged it, and no rollup that was logged says that it was pruned", c.Number)
	case !keptFrom.IsZero() && !day.IsZero() && longrun.DayOf(day).To.After(keptFrom):
		b.find.Fault(path, "is missing, though it is younger than what is pruned")
	default:
		if of == ledger.Heartbeats && l.Number > 0 {
			b.Counts["pruned"]++
		}
	}
}

func collectionOf(kind evidence.Kind) ledger.Collection {
	switch kind {
	case evidence.Beat:
		return ledger.Heartbeats
	case evidence.Probe:
		return ledger.Probes
	case evidence.Incident:
		return ledger.Incidents
	case evidence.Restored:
		return ledger.Restores
	case evidence.Rollup:
	}
	return ledger.Rollups
}
