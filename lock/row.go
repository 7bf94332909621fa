package lock

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// Row is the lock's one document. Whoever reads it judges it by three fields:
// Owner (who may write), Epoch (of which grant) and LeaseSec (for how long
// after the store last saw a write). Every time in it was set by the holder's
// own clock and is there for people; no rule of this package looks at one.
type Row struct {
	// HolderInstanceID is the instance that holds the lock or, when Owner is
	// empty, held it last.
	HolderInstanceID string `json:"holderInstanceId" firestore:"holderInstanceId"`
	// Owner is the nonce of the grant that may write; empty once released.
	Owner string `json:"owner" firestore:"owner"`
	// Epoch numbers the grants from 1 and never falls.
	Epoch int64 `json:"epoch" firestore:"epoch"`
	// LeaseSec is how many seconds after the last write others may take over.
	LeaseSec float64 `json:"leaseSec" firestore:"leaseSec"`
	// AcquiredAt is when the grant was asked for.
	AcquiredAt time.Time `json:"acquiredAt" firestore:"acquiredAt"`
	// RenewedAt is when the last write was begun.
	RenewedAt time.Time `json:"renewedAt" firestore:"renewedAt"`
	// Seq is different for every attempt to write, so that a holder which lost
	// a reply can tell from the row which of its attempts landed.
	Seq int64 `json:"seq" firestore:"seq"`
	// LeaseUntil is RenewedAt plus the lease, or the time of release.
	LeaseUntil time.Time `json:"leaseUntilTs" firestore:"leaseUntilTs"`
	// TS is RenewedAt, under the name by which stores order documents.
	TS time.Time `json:"ts" firestore:"ts"`
	// Note is the holders' own, handed on from grant to grant.
	Note string `json:"note" firestore:"note"`
	// Proof is the mark of a sign that ends with the holder's process, for the
	// store.Witness that made it; empty where there is none. It counts under this
	// Owner alone.
	Proof string `json:"proof" firestore:"proof"`
}

// ReadRow decodes a record of a lock's document. It also reads what the system
// before this one left there: a holder's name without epoch and owner, which
// comes back as a Row with Epoch 0 whose times are the store's. Anything else
// is a *CorruptError. It keeps no state and judges one record alone.
func ReadRow(rec store.Record) (Row, error) {
	var row Row
	if rec.Decode(&row) != nil {
		var err error
		if row, err = readLeniently(rec); err != nil {
			return Row{}, &CorruptError{Key: rec.Key, Err: err}
		}
	}
	if row.Epoch == 0 && row.RenewedAt.IsZero() {
		row.RenewedAt, row.TS = rec.UpdateTime, rec.UpdateTime
	}
	if err := row.check(); err != nil {
		return row, &CorruptError{Key: rec.Key, Err: err}
	}
	return row, nil
}

// readLeniently reads a row in which leaseUntilTs is a number: an old one, or one of
// ours after an old process wrote into it. Nothing depends on it, so it is read apart.
func readLeniently(rec store.Record) (Row, error) {
	var rest struct {
		HolderInstanceID string    `json:"holderInstanceId" firestore:"holderInstanceId"`
		Owner            string    `json:"owner" firestore:"owner"`
		Epoch            int64     `json:"epoch" firestore:"epoch"`
		LeaseSec         float64   `json:"leaseSec" firestore:"leaseSec"`
		AcquiredAt       time.Time `json:"acquiredAt" firestore:"acquiredAt"`
		RenewedAt        time.Time `json:"renewedAt" firestore:"renewedAt"`
		Seq              int64     `json:"seq" firestore:"seq"`
		TS               time.Time `json:"ts" firestore:"ts"`
		Note             string    `json:"note" firestore:"note"`
		Proof            string    `json:"proof" firestore:"proof"`
	}
	if err := rec.Decode(&rest); err != nil {
		return Row{}, err
	}
	return Row{
		HolderInstanceID: rest.HolderInstanceID, Owner: rest.Owner, Epoch: rest.Epoch, LeaseSec: rest.LeaseSec,
		AcquiredAt: rest.AcquiredAt, RenewedAt: rest.RenewedAt, Seq: rest.Seq, LeaseUntil: leaseUntil(rec), TS: rest.TS, Note: rest.Note,
		Proof: rest.Proof,
	}, nil
}

// leaseUntil reads a number of milliseconds; what is none counts for nothing.
func leaseUntil(rec store.Record) time.Time {
	var number struct {
		Ms float64 `json:"leaseUntilTs" firestore:"leaseUntilTs"`
	}
	// Beyond the year 9999 no store could keep what the row is rewritten to.
	if rec.Decode(&number) == nil && number.Ms > 0 && number.Ms < 253402300800000 {
		return time.UnixMilli(int64(number.Ms)).UTC()
	}
	return time.Time{}
}

// check is the row's own invariant: what no holder of ours ever writes must not
// be mistaken for a free lock.
func (r Row) check() error {
	switch {
	case r.Foreign() && r.HolderInstanceID == "":
		return errors.New("neither epoch nor holderInstanceId")
	case r.Foreign() && r.Owner != "":
		return errors.New("an owner without an epoch")
	case r.Epoch < 0 || r.Epoch == math.MaxInt64:
		return fmt.Errorf("epoch %d", r.Epoch)
	case r.Seq < 0 || r.Seq == math.MaxInt64:
		return fmt.Errorf("seq %d", r.Seq)
	case r.Foreign():
		return nil
	case !(r.LeaseSec > 0 && r.LeaseSec <= MaxLease.Seconds()): // also when it is NaN
		return fmt.Errorf("leaseSec %v", r.LeaseSec)
	}
	return nil
}

// Held reports whether somebody owns the row. The owner's lease may have run
// out all the same: only a store's clock can tell, see store.Record.Age.
func (r Row) Held() bool { return r.Owner != "" || r.Foreign() }

// Foreign reports whether the row is not of this package's making, but of the
// system before it: held, without an epoch.
func (r Row) Foreign() bool { return r.Epoch == 0 }

// Lease is LeaseSec as a duration; 0 in a foreign row, which does not say.
func (r Row) Lease() time.Duration {
	return time.Duration(math.Round(r.LeaseSec * float64(time.Second)))
}

// Token is the token under which the row was written last; its Owner is empty
// once released.
func (r Row) token(name string) Token {
	return Token{Name: name, Owner: r.Owner, Epoch: r.Epoch}
}

// granted is the row of a new grant over r, which is the zero Row where there
// was none. The note is handed on: it must survive its writers.
func (r Row) granted(epoch int64, owner, instance string, lease time.Duration, now time.Time) Row {
	next := Row{
		HolderInstanceID: instance, Owner: owner, Epoch: epoch, LeaseSec: lease.Seconds(),
		AcquiredAt: now, Seq: r.Seq, Note: r.Note,
	}
	return next.renewed(r.Seq+1, now, r.Note)
}

func (r Row) renewed(seq int64, now time.Time, note string) Row {
	r.Seq, r.Note = seq, note
	r.RenewedAt, r.TS, r.LeaseUntil = now, now, now.Add(r.Lease())
	return r
}

func (r Row) released(seq int64, now time.Time) Row {
	r = r.renewed(seq, now, r.Note)
	r.Owner, r.Proof, r.LeaseUntil = "", "", now
	return r
}
