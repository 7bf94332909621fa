package evidence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// Restore is an operator's word that the store was put back to what a backup had, so
// that what came behind is lost: in a document of its own, and logged as the first leaf
// behind what is left. It excuses anchors of what it says is lost, and nothing else. That
// it is true it does not prove: whoever holds the key may declare what they like, and
// nobody else may, where the log is signed.
type Restore struct {
	// RestoreID names the document, see RestoreID.
	RestoreID string `json:"restoreId" firestore:"restoreId"`
	// TS is when it was declared, By is who did, and Why is what they say, in at most
	// MaxWhy bytes.
	TS  time.Time `json:"ts" firestore:"ts"`
	By  string    `json:"by" firestore:"by"`
	Why string    `json:"why" firestore:"why"`
	// Tree and Size are of the newest checkpoint that is left, Head is the head of the
	// chain of beats, see Head, and LastBeat when the newest beat was made: empty and
	// zero where there is none.
	Tree     string    `json:"tree" firestore:"tree"`
	Size     int64     `json:"size" firestore:"size"`
	Head     string    `json:"head" firestore:"head"`
	LastBeat time.Time `json:"lastBeat" firestore:"lastBeat"`
	// LostSize and LostRoot are of the newest checkpoint of Tree that is known from
	// elsewhere, and LostHead is the newest head: what was there before. They are zero
	// and empty where no anchor tells of a later one than is left.
	LostSize int64  `json:"lostSize" firestore:"lostSize"`
	LostRoot string `json:"lostRoot" firestore:"lostRoot"`
	LostHead string `json:"lostHead" firestore:"lostHead"`
}

// MaxWhy is how long the reason of a Restore is, in bytes.
const MaxWhy = 500

// RestoreID names the document of a restore that is declared at t.
func RestoreID(t time.Time) string { return "restore_" + t.UTC().Format("20060102T150405") }

// RestoreEntry returns the text that is logged of a declared restore, as ProbeEntry.
func RestoreEntry(r Restore) []byte { return document(restoreHeader, r) }

// RestoreLine returns the line of a declared restore under the ID of its document.
func RestoreLine(id string, r Restore) Line { return Line{Restored, id, 0, Leaf(RestoreEntry(r))} }

// Leaves returns how many leaves of the log are known to be lost, and Beats how many
// beats of the chain.
func (r Restore) Leaves() int64 { return max(0, r.LostSize-r.Size) }

// Beats returns how many beats of the chain are known to be lost.
func (r Restore) Beats() int64 {
	has, err := ParseHead(r.Head)
	lost, bad := ParseHead(r.LostHead)
	if err != nil || bad != nil {
		return 0
	}
	return max(0, lost.ChainSeq-has.ChainSeq)
}

// Validate reports everything that makes the declaration none, each with its field.
func (r Restore) Validate() error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("evidence: restore: "+format, args...))
		}
	}
	_, err := ParseHead(r.Head)
	_, bad := ParseHead(r.LostHead)
	_, root := tree.ParseHash(r.LostRoot)
	wrong(r.TS.IsZero() || r.RestoreID != RestoreID(r.TS), "restoreId: %.60q is not that of %s", r.RestoreID, r.TS.UTC().Format(time.RFC3339))
	wrong(strings.TrimSpace(r.Why) == "" || len(r.Why) > MaxWhy, "why: a reason of at most %d bytes is wanted", MaxWhy)
	wrong(err != nil, "head: %v", err)
	wrong(bad != nil, "lostHead: %v", bad)
	wrong(r.LostSize != 0 && root != nil, "lostRoot: %v", root)
	wrong(r.Size < 0 || r.LostSize < 0, "size and lostSize: %d and %d leaves", r.Size, r.LostSize)
	wrong(err == nil && bad == nil && r.Leaves() == 0 && r.Beats() == 0, "lostSize and lostHead: nothing is lost by them")
	return errors.Join(errs...)
}

// String says what was declared, and what is lost by it, in one sentence.
func (r Restore) String() string {
	head, _ := ParseHead(r.Head)
	left := "no beat"
	if !r.LastBeat.IsZero() {
		left = "the beat of " + r.LastBeat.UTC().Format(time.RFC3339)
	}
	var lost []string
	if n := r.Leaves(); n > 0 {
		lost = append(lost, fmt.Sprintf("leaves %d to %d of the log", r.Size+1, r.LostSize))
	}
	if n := r.Beats(); n > 0 {
		lost = append(lost, fmt.Sprintf("beats number %d to %d", head.ChainSeq+1, head.ChainSeq+n))
	}
	return fmt.Sprintf("%.80q declared at %s that a backup was restored (%.*q): the history went back to %s, and what came behind is lost, up to then: at least %s",
		r.By, r.TS.UTC().Format(time.RFC3339), MaxWhy, r.Why, left, strings.Join(lost, ", and "))
}
