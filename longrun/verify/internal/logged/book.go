package logged

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/ahead"
	"github.com/seed-13dc028d/longwatch/store"
)

// Batch is what is kept of a batch.
type Batch struct {
	Number int64
	Path   string
	TS     time.Time
	Tree   string
	By     string
	Head   evidence.Head
	Broken int64
	Size   int64
	Root   tlog.Hash
	// Signed says that one of the keys given signed its checkpoint.
	Signed     bool
	Checkpoint string

	cosigned []string // lines of witnesses

	sound bool // it agrees with itself
	after evidence.Tip
	first int64
	start tlog.Hash // the root of the tree before it
	lines string
	at    []int32 // where each line begins
	seen  []bool  // each line's document was
	sig   error
}

// Book is the log as it was read.
type Book struct {
	ledger *ledger.Ledger
	find   Findings
	// Batches are those that there are, in the order of their numbers.
	Batches []*Batch

	days  map[string][]int // the batches that have lines of a day
	day   string           // that of the beat that was looked at last
	pages []*page          // of the days that were looked at last
	rolls rollups

	chains   int // beats with number 1
	restored []restored

	// Counts are of lines and documents, by name.
	Counts map[string]int64
}

// Read reads all batches, and holds each against itself and the one before it.
func Read(ctx context.Context, l *ledger.Ledger, find Findings, keys []ed25519.PublicKey, tell func(n int64)) (*Book, error) {
	b := &Book{ledger: l, find: find, days: map[string][]int{}, Counts: map[string]int64{}}
	scan := func(ctx context.Context) iter.Seq2[store.Record, error] {
		return l.Records(ctx, ledger.Evidence, ledger.Page{})
	}
	for r, err := range ahead.Each(ctx, scan, ahead.Task[opened]{Batch: 1, Do: func(rec store.Record, o *opened) { o.open(rec, keys) }}) {
		if err != nil {
			return nil, err
		}
		switch bad, mangled := errors.AsType[*ledger.DocumentError](r.err); {
		case mangled:
			find.Fault(bad.Path, "is no batch of evidence: %v", bad.Err)
			continue
		case r.err != nil:
			find.Fault(r.batch.Path, "was changed: %s", strings.TrimPrefix(r.err.Error(), "evidence: "))
		}
		b.Batches = append(b.Batches, r.batch)
		tell(int64(len(b.Batches)))
	}
	slices.SortFunc(b.Batches, func(x, y *Batch) int { return int(min(1, max(-1, x.Number-y.Number))) })
	b.Counts["batches"] = int64(len(b.Batches))
	for i, c := range b.Batches {
		b.index(i)
		if i > 0 {
			b.join(b.Batches[i-1], c)
		} else {
			b.gap(0, c.Number)
		}
	}
	for _, c := range b.Batches {
		switch {
		case c.Broken == 0:
		case b.chains > 1 || len(b.Names()) > 1: // two chains have beats of one number
			find.Doubt(c.Path, "says that %d links of the chain did not fit when its days were read: it began anew, or beats were changed", c.Broken)
		default:
			find.Fault(c.Path, "says that %d links of the chain did not fit when its days were read", c.Broken)
		}
	}
	b.signatures(len(keys) > 0)
	return b, nil
}

// opened is a batch that was read and held against itself, which several processors do.
type opened struct {
	batch *Batch
	err   error // a *ledger.DocumentError, and it is none; or what does not agree
}

func (r *opened) open(rec store.Record, keys []ed25519.PublicKey) {
	e, err := ledger.Decode[evidence.Batch](rec)
	if *r = (opened{err: err}); err != nil {
		return
	}
	v := &e.Value
	c := &Batch{
		Number: v.Number, Path: e.Path(), TS: v.TS, Tree: v.Tree, By: v.By, Broken: v.Broken, Size: v.Size, first: v.First,
		Checkpoint: v.Checkpoint, lines: v.Lines, cosigned: v.Cosigned,
	}
	r.batch = c
	o, err := v.Open()
	if err != nil {
		r.err = err
		return
	}
	c.sound, c.after, c.Root, c.start = true, o.After, o.Root, o.Stretch.Before.Root()
	c.Head, _ = evidence.ParseHead(v.Head) // which Open has read
	_, c.sig = evidence.VerifyCheckpoint(v.Checkpoint, keys...)
	c.Signed = c.sig == nil
}

// gap names the batches between two numbers.
func (b *Book) gap(before, number int64) {
	const most = 20
	for n := before + 1; n < number && n <= before+most; n++ {
		b.find.Fault(b.path(ledger.Evidence, evidence.BatchID(n)), "is missing: there are batches behind it, up to number %d", b.Newest().Number)
	}
}

func (b *Book) path(c ledger.Collection, id string) string { return b.ledger.Key(c, id).String() }

// join holds a batch against the one before it.
func (b *Book) join(prev, c *Batch) {
	b.gap(prev.Number, c.Number)
	if prev.Number+1 != c.Number || !prev.sound || !c.sound {
		return
	}
	switch {
	case c.Tree != prev.Tree && c.first == 0:
		b.find.Doubt(c.Path, "another tree of the log begins, %q: the one before was lost, and nothing here proves that it did not go on", c.Tree)
	case c.Tree != prev.Tree:
		b.find.Fault(c.Path, "is of the tree %q, and begins with leaf %d of it: the batches before it are gone, or it was changed", c.Tree, c.first)
	case c.first == prev.Size && c.start == prev.Root:
	case c.Signed && !prev.Signed && prev.sig != nil && !errors.Is(prev.sig, evidence.ErrUnknownKey):
		b.find.Fault(prev.Path, "was changed: batch %d, which is signed, goes on from another tree", c.Number)
	default:
		b.find.Fault(c.Path, "does not go on from batch %d: one of the two was changed", prev.Number)
	}
}

// Newest returns the batch with the highest number, nil without one.
func (b *Book) Newest() *Batch {
	if len(b.Batches) == 0 {
		return nil
	}
	return b.Batches[len(b.Batches)-1]
}

// signatures judges them. A checkpoint that is signed vouches for all before it in
// its tree, so only what none is behind must be signed itself.
func (b *Book) signatures(keys bool) {
	var signed, valid int64
	var loose []*Batch // without a valid signature, and none behind them
	for _, c := range b.Batches {
		if !c.sound {
			continue
		}
		if evidence.Signed(c.Checkpoint) {
			signed++
		}
		switch {
		case c.Signed:
			valid++
			loose = slices.DeleteFunc(loose, func(l *Batch) bool { return l.Tree == c.Tree })
		case !keys:
		case errors.Is(c.sig, evidence.ErrUnsigned), errors.Is(c.sig, evidence.ErrUnknownKey):
			loose = append(loose, c)
		default:
			b.find.Fault(c.Path, "the signature of its checkpoint is wrong")
		}
	}
	b.Counts["batchesSigned"], b.Counts["signaturesValid"] = signed, valid
	if len(b.Batches) == 0 {
		return
	}
	if !keys {
		if signed > 0 {
			b.find.Note("", "%d batches of the log are signed, and no public key was given to check them with: without one, whoever can write the store can make all of it anew", signed)
		} else {
			b.find.Note("", "the log is not signed: whoever can write the store can make all of it anew")
		}
		return
	}
	unsigned := 0
	for _, c := range loose {
		if errors.Is(c.sig, evidence.ErrUnknownKey) {
			b.find.Fault(c.Path, "its checkpoint is signed with a key that is not among those given")
			continue
		}
		unsigned++
	}
	for _, c := range loose {
		if errors.Is(c.sig, evidence.ErrUnsigned) {
			b.find.Doubt(c.Path, "is not signed, by %.60q, nor is a batch behind it (%d in all): an instance without the key led, or the log was made anew", c.By, unsigned)
			break
		}
	}
}

// Names are the trees of the log, the newest last.
func (b *Book) Names() (names []string) {
	for _, c := range b.Batches {
		if len(names) == 0 || names[len(names)-1] != c.Tree {
			names = append(names, c.Tree)
		}
	}
	return names
}

// Origin is the name of the log, without that of its tree.
func (b *Book) Origin() string {
	if c := b.Newest(); c != nil {
		base, _, _ := strings.Cut(c.Tree, "#")
		return base
	}
	return evidence.Origin(b.ledger.Root())
}

// String says what the log is.
func (b *Book) String() string {
	if c := b.Newest(); c != nil {
		return fmt.Sprintf("batch %d, %d leaves", c.Number, c.Size)
	}
	return "no log"
}
