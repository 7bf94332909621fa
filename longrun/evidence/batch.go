package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// batchHeader is the first line of the last leaf of a batch.
const batchHeader = "longrun.Batch/1\n"

// Batch is what one closing added to the tree, in a document named after its
// number: the lines of its leaves, what was left of the tree before, and the
// checkpoint behind. Its last leaf is of its header, which says the rest. It is
// written once; only cosignatures come later.
type Batch struct {
	// TS is when it was made, by the leader's clock.
	TS time.Time `json:"ts" firestore:"ts"`
	// Number counts the batches from 1, those of all trees.
	Number int64 `json:"number" firestore:"number"`
	// Tree is the origin of the tree that it is in.
	Tree string `json:"tree" firestore:"tree"`
	// By is the instance that made it.
	By string `json:"by" firestore:"by"`
	// Head is that of the chain of beats at that time, see Head.
	Head string `json:"head" firestore:"head"`
	// Broken counts the links of the chain that did not fit when the leader read the
	// days: damage from before stays visible when the beats are pruned.
	Broken int64 `json:"broken" firestore:"broken"`
	// First is how many leaves the tree had before, and Size how many it has now.
	First int64 `json:"first" firestore:"first"`
	Size  int64 `json:"size" firestore:"size"`
	// Frontier is the edge of the tree before, see tree.Frontier.
	Frontier []string `json:"frontier" firestore:"frontier"`
	// Lines are those of the leaves but the last, see Line.
	Lines string `json:"lines" firestore:"lines"`
	// Checkpoint is that of the tree now, signed if there was a key.
	Checkpoint string `json:"checkpoint" firestore:"checkpoint"`
	// Cosigned are signatures of witnesses, each a line of a note.
	Cosigned []string `json:"cosigned" firestore:"cosigned"`
}

// ID names the document of a batch.
func (b *Batch) ID() string { return BatchID(b.Number) }

// BatchID names the document of the batch of a number.
func BatchID(number int64) string { return strconv.FormatInt(number, 10) }

// Header returns the entry of the batch's last leaf. The lines stand in the order of
// their names, and are written as Hash says.
func (b *Batch) Header() []byte {
	lines := sha256.Sum256([]byte(b.Lines))
	text := appendInt(append([]byte(batchHeader), "broken="...), b.Broken)
	text = appendText(append(text, "by="...), b.By)
	text = appendText(append(text, "head="...), b.Head)
	text = appendText(append(text, "lines="...), hex.EncodeToString(lines[:]))
	text = appendInt(append(text, "number="...), b.Number)
	return appendInstant(append(text, "ts="...), b.TS)
}

// Tip is the end of the evidence: what the next batch goes on from.
type Tip struct {
	// Tree is the origin of the tree; empty, and a first batch begins the one that its
	// draft names.
	Tree string
	// Number is that of the newest batch, 0 without one.
	Number int64
	// Edge is that of the tree behind it.
	Edge tree.Frontier
}

// Draft is what a closing has for a batch.
type Draft struct {
	TS     time.Time
	By     string
	Head   Head
	Broken int64
	// Lines are at most MaxLines.
	Lines []Line
}

// MaxLines is how many lines one batch has at most.
const MaxLines = maxLines

// Next makes the batch behind the tip, and the tip behind that. Without a key its
// checkpoint is not signed.
func (t Tip) Next(d Draft, key ed25519.PrivateKey) (Batch, Tip, error) {
	if err := ValidateOrigin(t.Tree); err != nil {
		return Batch{}, t, err
	}
	if len(d.Lines) > MaxLines {
		return Batch{}, t, fmt.Errorf("evidence: %d lines for a batch, which has at most %d", len(d.Lines), MaxLines)
	}
	b := Batch{
		TS: d.TS.UTC().Truncate(time.Microsecond), Number: t.Number + 1, Tree: t.Tree, By: d.By, Head: d.Head.String(), Broken: d.Broken,
		First: t.Edge.Size(), Frontier: t.Edge.Strings(), Lines: string(AppendLines(nil, d.Lines)),
	}
	leaves := make([]tlog.Hash, 0, len(d.Lines)+1)
	for i := range d.Lines {
		leaves = append(leaves, d.Lines[i].Leaf)
	}
	next := Tip{Tree: t.Tree, Number: b.Number, Edge: t.Edge.Append(append(leaves, Leaf(b.Header()))...)}
	b.Size = next.Edge.Size()
	var err error
	b.Checkpoint, err = Checkpoint{Origin: b.Tree, Size: b.Size, Root: next.Edge.Root()}.Sign(key)
	return b, next, err
}

// Opened is a batch that was read and agrees with itself.
type Opened struct {
	Lines []Line
	// Stretch are its leaves, the header's the last.
	Stretch tree.Stretch
	// After is the tip behind it, and Root the hash of the tree there.
	After Tip
	Root  tlog.Hash
}

// Open reads a batch and holds what it says against itself: its lines, its header,
// the edge that it begins from, and the checkpoint that follows. It checks no
// signature. The error says what does not agree; that nobody changed all of it only
// the next batch, the note and signatures can tell.
func (b *Batch) Open() (Opened, error) {
	before, err := tree.Parse(b.First, b.Frontier)
	if err != nil {
		return Opened{}, err
	}
	lines, err := ParseLines(b.Lines)
	if err != nil {
		return Opened{}, err
	}
	if _, err := ParseHead(b.Head); err != nil {
		return Opened{}, err
	}
	leaves := make([]tlog.Hash, 0, len(lines)+1)
	for i := range lines {
		leaves = append(leaves, lines[i].Leaf)
	}
	o := Opened{Lines: lines, Stretch: tree.Stretch{Before: before, Leaves: append(leaves, Leaf(b.Header()))}}
	o.After = Tip{Tree: b.Tree, Number: b.Number, Edge: before.Append(o.Stretch.Leaves...)}
	o.Root = o.After.Edge.Root()
	c, err := ParseCheckpoint(b.Checkpoint)
	switch {
	case err != nil:
		return o, err
	case b.Number < 1:
		return o, fmt.Errorf("evidence: a batch with the number %d", b.Number)
	case b.Size != o.Stretch.End():
		return o, fmt.Errorf("evidence: batch %d says that the tree has %d leaves, and it has %d", b.Number, b.Size, o.Stretch.End())
	case c != Checkpoint{Origin: b.Tree, Size: b.Size, Root: o.Root}:
		return o, fmt.Errorf("evidence: batch %d is not what its checkpoint is of", b.Number)
	case b.Checkpoint != c.String() && !strings.HasPrefix(b.Checkpoint, c.String()+"\n— "):
		return o, fmt.Errorf("evidence: the checkpoint of batch %d has more than its lines and signatures", b.Number)
	}
	return o, nil
}

// ErrNotLogged is returned for a proof of a document that the batch has no line of.
var ErrNotLogged = errors.New("evidence: the batch has no line of the document")

// Prove returns the proof of a leaf in the batch's own tree, by the kind and ID of
// its document. Of several, as of a rollup that was made again, it is that of the
// last.
func (b *Batch) Prove(kind Kind, id string) (Proof, Line, error) {
	o, err := b.Open()
	if err != nil {
		return Proof{}, Line{}, err
	}
	for i, l := range slices.Backward(o.Lines) {

		if l.Kind != kind || l.ID != id {
			continue
		}
		index := b.First + int64(i)
		hashes, err := o.Stretch.Inclusion(index, b.Size)
		return Proof{Index: index, Hashes: hashes, Checkpoint: b.Note()}, l, err
	}
	return Proof{}, Line{}, ErrNotLogged
}

// Note returns the checkpoint with what witnesses cosigned of it behind its signature.
func (b *Batch) Note() string { return b.Checkpoint + cosignatures(b.Checkpoint, b.Cosigned) }

// cosignatures are those of witnesses, as they stand behind a signed checkpoint.
func cosignatures(checkpoint string, lines []string) (text string) {
	if !Signed(checkpoint) {
		return ""
	}
	for _, l := range lines {
		text += l + "\n"
	}
	return text
}
