// Package verify holds the stored documents against each other and says what
// does not fit: the checks behind "longctl verify".
//
// What a pass does not prove: that the service was of use to anyone, nor who
// wrote the documents. Whoever can write the store can make a whole new history,
// with its chain and its log, and nothing here will tell; only signatures, whose
// key is kept elsewhere, stand against that, and against the key's holder only an
// anchor that was kept elsewhere too, or a witness. Fields that a document of ours does not have
// are not looked at. Nor is what was pruned: of that the log has the names and the
// hashes, and its rollup the numbers. And a document without a ts that is a time is in
// no list, so that it is found only where the chain or the log misses it.
//
// Four checks, each a function that reads a ledger and returns an Outcome:
//
//	Evidence     nothing was edited, removed, inserted, swapped or set to
//	             another time since it was written
//	RestartSafe  one writer at a time: IDs on the grid, one process for each
//	             epoch, no beat of an older epoch after a newer one
//	Drill        the same, provoked: two monitors, one of which is killed
//	Probes       every configured probe is there, fresh, and above its rate
//
// An Outcome is a pass, a fail, or that it cannot be told, with findings that
// each name a document. Absence is never a pass: no beats, no lock, no probes
// are findings. An error, beside a zero Outcome, means that the store could not
// be read or that the options make no sense; nothing can be told then either.
//
// Reading changes nothing, and needs no lease: a check may run beside the
// monitor that it checks. Beats written meanwhile are left to the next check, and
// where old ones are pruned meanwhile it reads again.
package verify

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// Progress is told now and then how many documents of a collection have been
// read.
type Progress func(c ledger.Collection, n int64)

// tellEvery is how many documents are read from one Progress to the next.
const tellEvery = 5000

func (p Progress) tell(c ledger.Collection, n int64) {
	if p != nil && n%tellEvery == 0 {
		p(c, n)
	}
}

// locked is the lock's document as it was read.
type locked struct {
	path  string
	found bool
	rec   store.Record
	row   lock.Row
	bad   error // it is no lock's
	text  evidence.Note
	head  evidence.Head
	note  error // its note is none of ours
}

func readLock(ctx context.Context, l *ledger.Ledger) (locked, error) {
	k := locked{path: l.LockKey().String()}
	rec, err := l.Record(ctx, l.LockKey())
	if errors.Is(err, store.ErrNotFound) {
		return k, nil
	}
	if err != nil {
		return k, err
	}
	k.found, k.rec = true, rec
	if k.row, k.bad = lock.ReadRow(rec); k.bad == nil {
		k.text, k.note = evidence.ParseNote(k.row.Note)
		k.head = k.text.Head
	}
	return k, nil
}

// checkBounds reports a window that is none.
func checkBounds(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return errors.New("verify: To is not after From")
	}
	return nil
}

// Witness is one whose cosignatures count.
type Witness struct {
	// Key is what they are checked with. Required.
	Key witness.Key
	// Adder asks it what it has seen, where it can be reached: a store that was set
	// back, or goes on as another history, is named by that. Asking never moves what the
	// witness has seen. Default: it is not asked.
	Adder witness.Adder
}

// checkWitnesses reports what is wrong with how many are needed.
func (o EvidenceOptions) checkWitnesses() error {
	if o.WitnessesNeeded < 0 || o.WitnessesNeeded > len(o.Witnesses) {
		return errors.New("verify: WitnessesNeeded is not between 0 and the number of Witnesses")
	}
	return nil
}

// maxTries is how often a check is made at most while beats are pruned.
const maxTries = 3

// steady makes a check that reads documents. One that fails is made anew where the
// oldest beat is another than before, or the log of evidence has another end:
// retention takes that beat first and says so in the log, and a reader that it
// overtakes misses what nobody removed.
func steady(ctx context.Context, l *ledger.Ledger, check func() (Outcome, error)) (Outcome, error) {
	before, err := readSigns(ctx, l)
	if err != nil {
		return Outcome{}, err
	}
	for try := 1; ; try++ {
		o, err := check()
		if err != nil || o.Verdict != Fail || try == maxTries {
			return o, err
		}
		after, err := readSigns(ctx, l)
		if err != nil {
			return Outcome{}, err
		}
		if before == after {
			return o, nil
		}
		before = after
	}
}

// signs are what moves with a closing and with retention.
type signs struct {
	oldest store.Key
	batch  int64
}

func readSigns(ctx context.Context, l *ledger.Ledger) (signs, error) {
	e, _, err := ledger.First[longrun.Heartbeat](ctx, l, ledger.Heartbeats, ledger.Page{Limit: 5})
	if err != nil {
		return signs{}, err
	}
	k, err := readLock(ctx, l)
	return signs{e.Key, k.text.Number}, err
}
