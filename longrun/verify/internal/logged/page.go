package logged

import (
	"cmp"
	"slices"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// line is the place of a line: the n-th of a batch.
type line struct {
	id    string // of its document, as lines have it
	batch *Batch
	n     int
}

// page are the lines of one day.
type page struct {
	day   string
	kinds map[evidence.Kind]*index
}

// index are the lines of one kind, by their documents, and of one document in the order
// of the log.
type index struct {
	lines []line
	next  int // behind those that were found last
}

// find returns the lines of a document. Documents are read in the order in which they
// were logged, but for the late ones, so most are those that come next.
func (x *index) find(id string) []line {
	from := x.next
	if from == len(x.lines) || x.lines[from].id != id {
		var there bool
		if from, there = slices.BinarySearchFunc(x.lines, id, func(l line, id string) int { return cmp.Compare(l.id, id) }); !there {
			return nil
		}
	}
	end := from + 1
	for end < len(x.lines) && x.lines[end].id == id {
		end++
	}
	x.next = end
	return x.lines[from:end]
}

// maxPages is how many days are kept parsed: those of beats, probes and incidents
// that are read beside each other, with their neighbours.
const maxPages = 4

// linesOf returns the lines of a document.
func (b *Book) linesOf(kind evidence.Kind, id string) []line {
	if len(b.Batches) == 0 {
		return nil
	}
	x := b.page(b.dayOf(kind, id)).kinds[kind]
	if x == nil {
		return nil
	}
	return x.find(plain(kind, id))
}

// page returns the lines of a day.
func (b *Book) page(day string) *page {
	for i, p := range b.pages {
		if p.day == day {
			if i > 0 {
				b.pages = slices.Insert(slices.Delete(b.pages, i, i+1), 0, p)
			}
			return p
		}
	}
	p := &page{day: day, kinds: map[evidence.Kind]*index{}}
	for _, i := range b.days[day] {
		p.take(b, b.Batches[i])
	}
	for _, x := range p.kinds {
		slices.SortStableFunc(x.lines, func(l, o line) int { return cmp.Compare(l.id, o.id) })
	}
	b.pages = slices.Insert(b.pages, 0, p)
	if len(b.pages) > maxPages {
		b.pages = b.pages[:maxPages]
	}
	return p
}

// take adds the lines that a batch has of the page's day.
func (p *page) take(b *Book, c *Batch) {
	for n := range c.at {
		kind, id := c.name(n)
		if kind == 0 || b.dayOf(kind, id) != p.day {
			continue
		}
		x := p.kinds[kind]
		if x == nil {
			x = &index{}
			p.kinds[kind] = x
		}
		x.lines = append(x.lines, line{id, c, n})
	}
}
