package logged

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// Anchor is what somebody outside was told of the evidence: a checkpoint of the log,
// or the head of the chain.
type Anchor struct {
	Checkpoint evidence.Checkpoint // with a Size, or …
	Head       evidence.Head       // … with a number
}

var (
	checkpointText = regexp.MustCompile(`(\S+)\s+(\d{1,18})\s+([A-Za-z0-9+/]{43}=)`)
	headText       = regexp.MustCompile(`\b(\d{1,18}) ([0-9a-f]{64})\b`)
	// lineBreak are ends of lines as JSON, HTML and quoted mail write them.
	lineBreak = regexp.MustCompile(`(?:\\+r)?\\+n|<br ?/?>|\r?\n(?:> ?)+`)
	// unescaped are characters of base64 as JSON and HTML may write them.
	unescaped = strings.NewReplacer(`\/`, "/", `\u002b`, "+", `\u002B`, "+", `\u003d`, "=", `\u003D`, "=", "&#43;", "+", "&#61;", "=", "&#x2B;", "+", "&#x3D;", "=", "&#x2F;", "/", "&#47;", "/") //nolint:gochecknoglobals // a table
)

// Anchors finds the checkpoints and heads in any text, such as the export of a chat,
// the bodies that a web server got, as JSON or HTML write them, or its log. Each is
// found once, however often it stands there.
func Anchors(text string) (found []Anchor) {
	seen := map[Anchor]bool{}
	add := func(a Anchor) {
		if !seen[a] {
			seen[a] = true
			found = append(found, a)
		}
	}
	text = unescaped.Replace(lineBreak.ReplaceAllString(text, "\n"))
	for _, m := range checkpointText.FindAllStringSubmatch(text, -1) {
		size, err := strconv.ParseInt(m[2], 10, 64)
		root, bad := tree.ParseHash(m[3])
		m[1] = m[1][strings.LastIndexAny(m[1], `"'>`)+1:] // what JSON and HTML have before it
		if err == nil && bad == nil && evidence.ValidateOrigin(m[1]) == nil && size > 0 {
			add(Anchor{Checkpoint: evidence.Checkpoint{Origin: m[1], Size: size, Root: root}})
		}
	}
	for _, m := range headText.FindAllStringSubmatch(text, -1) {
		if head, err := evidence.ParseHead(m[0]); err == nil {
			add(Anchor{Head: head})
		}
	}
	return found
}

// Hold holds anchors against the log. What names another log counts as strange; of
// heads nothing is said here. It returns the largest size of the newest tree that an
// anchor vouches for.
func (b *Book) Hold(anchors []Anchor) (vouched int64) {
	type place struct {
		tree string
		size int64
	}
	at := map[place]*Batch{}
	last := map[string]*Batch{}
	for _, c := range b.Batches {
		at[place{c.Tree, c.Size}], last[c.Tree] = c, c
	}
	strange, lost := 0, int64(0)
	for _, a := range anchors {
		k := a.Checkpoint
		if k.Size == 0 {
			continue
		}
		name := k.Origin
		if last[name] == nil {
			name = b.ours(name)
		}
		end := last[name]
		c := at[place{name, k.Size}]
		switch {
		case end == nil && len(b.Batches) == 0:
			b.find.Fault(b.ledger.Path(ledger.Evidence), "is empty, and an anchor says that the log %q had %d leaves", k.Origin, k.Size)
		case end == nil:
			strange++
		case c != nil && c.sound && c.Root == k.Root:
			b.Counts["anchors"]++
			if name == b.Newest().Tree {
				vouched = max(vouched, k.Size)
			}
		case b.lostLeaves(name, k):
			lost++
		case c != nil && c.sound:
			b.find.Fault(c.Path, "contradicts an anchor: both are of %d leaves of %q, and their hashes are %s and %s", k.Size, name, c.Root, k.Root)
		case k.Size > end.Size:
			b.find.Fault(end.Path, "is the last batch of %q, with %d leaves, and an anchor says that there were %d: what came behind it was removed", name, end.Size, k.Size)
		default:
			b.find.Fault(b.containing(name, k.Size).Path, "contradicts an anchor: no batch ends with leaf %d of %q, hash %s", k.Size, name, k.Root)
		}
	}
	b.Counts["anchorsLost"] += lost
	if strange > 0 {
		b.find.Doubt("", "%d anchors are of other logs, or of trees that are gone: this one is %s", strange, strings.Join(b.Names(), ", "))
	}
	return vouched
}

// ours returns a tree of this log that an origin in a text ends with: whoever writes
// it down may write something before it.
func (b *Book) ours(text string) string {
	for _, name := range b.Names() {
		if strings.HasSuffix(text, name) {
			return name
		}
	}
	return text
}

func (b *Book) containing(tree string, size int64) *Batch {
	for _, c := range b.Batches {
		if c.Tree == tree && c.Size >= size {
			return c
		}
	}
	return b.Newest()
}

// Ending is the batch that ends with so many leaves of a tree; nil where none does.
func (b *Book) Ending(tree string, size int64) *Batch {
	if c := b.containing(tree, size); c != nil && c.Tree == tree && c.Size == size && c.sound {
		return c
	}
	return nil
}

// Root is that of the newest tree.
func (b *Book) Root() (root tlog.Hash) {
	if c := b.Newest(); c != nil {
		root = c.Root
	}
	return root
}
