// Package lock grants a lease on a name to one of many instances, over any
// store.Store, and fences what the leader writes.
//
// # What it does not guarantee
//
// It does not guarantee that only one instance believes to lead. A process that
// was frozen wakes up and is wrong until its next look at a clock; every lease
// has that instant. What holds is that of all instances at most one can write
// through its lease: Commit carries the lock's row in the same atomic commit,
// and a stale row refuses the whole of it. Effects that cannot be fenced (a
// message sent, an HTTP call) may happen twice. Ask Err right before them, and
// make them idempotent.
//
// It does not promise exactly-once. ErrUnknown and ErrLost leave open whether
// the operations landed before, so operations must be safe to repeat.
//
// It is not fair, not re-entrant and not quick: a holder that fell silent is
// succeeded after its whole lease, and sooner only where a Witness can tell that its
// process is gone, and not merely frozen or cut off. It needs a store whose clock does
// not run more than Margin per Lease faster than the holder's; in which year
// either of them lives does not matter. It does not protect the row from hands
// that do not use this package. A row deleted while nobody is there to remember
// it makes epochs begin again. And it can succeed a holder only where the store
// lets it write: a process that is frozen in the middle of a commit to SQLite
// keeps the whole file locked until it wakes or dies.
//
// It does not make a bad store good. One that panics, ends its goroutine, or
// ignores its context costs no more than a second beyond each call's time, and
// what it then did counts as unknown; a call that never returns is left behind,
// eight of each kind at the most, and beyond them the store counts as away.
//
// # How it works
//
// The lock is one document, Row, and it is never deleted. Whoever finds it
// absent, released, or unwritten for the holder's whole lease by the store's own
// clock replaces it, on the condition of the version just read, with the epoch
// raised by one and an owner nonce of its own. From then on every commit of the
// holder rewrites the row on the condition of the version it wrote last, so that
// each fenced write renews the lease and each renewal can carry writes.
//
//	            absent, released, expired, died,
//	            or ours and idle: epoch + 1
//	┌─────────┐                            ┌─────────┐
//	│ waiting ├───────────────────────────▶│ trusted │◀─┐ Commit landed: trust
//	└─────────┘                            └─┬──┬──┬─┴──┘ counts from its start
//	     ▲                  Release          │  │  │
//	     │      ┌──────────┐◀────────────────┘  │  │ trust ran out: nothing landed
//	     │      │ released │                    │  │ for Lease − Margin
//	     │      └────┬─────┘                    │  │
//	     │           │       somebody else's ┌──▼──▼─┐
//	     └───────────┴───────────────────────│ lost  │
//	          a new Acquire, a new Lease     └───────┘
//
// A commit whose reply did not come is no loss. The row is read back: every
// attempt wrote a Seq of its own, so the row tells which one landed, if any.
//
// The holder trusts its lease for Lease − Margin from the start of the last
// attempt that landed, by whichever of its monotonic and its wall clock ran
// further: the former stands still while a machine sleeps, the latter can be
// set back. No hung call of the store delays that end. Those who wait judge by
// the store's clock or, should that be set back, by having watched the row stand
// still for a whole lease themselves.
//
// # Proof of death
//
// On one machine the kernel knows at once that a process is gone, and a database server
// that a session is. A store.Witness, which sqlitestore and postgresstore are and
// filewitness makes for other stores, has each holder keep a
// sign that ends with its process; the row says which, in Proof. Whoever finds that it
// has ended asks for the lock at once, also a process that is started again after its
// own crash. A holder that is frozen keeps its sign, and where nothing can be told (a
// row without a proof, another machine, another start of this one, a sign that is not
// there) the lease decides as ever; that is said once in the log, and in View.
//
// A sign that needs a connection may lapse while its holder lives (store.Lapser). The
// holder then renews at once, with a row that has no proof, and with another one when
// it has a new sign. Whoever was told of the lapse finds that the version has moved, or
// was quicker: then the lease is lost, as to a proof that lies.
//
// Nothing rests on it: the row is taken on the condition of its version, like an
// expired one, so that a proof that lies is no worse than a clock that does. It then
// costs a living holder its lease, which that learns at its next Commit; until then it
// believes to lead, as one that was frozen does. Such a Lock leaves no proof any more.
//
// # Choosing the durations
//
// Lease is how long nobody leads after a crash that no Witness tells of, and also how long the store may
// be away without a change of leader. Renew decides the cost of idling; at half
// of Lease one renewal may fail outright, and is then retried every few seconds
// until trust ends. Renew + 3·RetryMax + Margin must stay below Lease. Margin
// covers clocks of different rate and the time in which work notices that it
// was cancelled: raise it if work is slow to stop. Set Lease alone when in
// doubt.
//
// # After an outage of the store
//
// Whoever held the lease before an outage may have work that waited for it, and
// takes it again at once. Others, when the store answers again, leave an expired
// lease alone for a pause of RetryMax and a quarter, and where the store can be
// read and takes no writes they try less often than it. That makes it likely that
// the former holder leads, and does not promise it.
//
// # When the row is not what it should be
//
// A row that does not decode, or whose epoch is below one seen before, is left
// alone: Acquire keeps asking and says so once in the log, TryAcquire and View
// return a *CorruptError. To mend it, write an epoch above any that was ever
// used, an empty owner, and a leaseSec. A row left by the system before this
// one counts as held until it has not changed for our Lease.
package lock

import (
	"context"
	"errors"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// Lock grants leases on one name. It is safe for concurrent use.
type Lock interface {
	// Acquire blocks until the lease is granted, riding out every error of the
	// store. It fails only when ctx ends, with its cause; if ctx has ended
	// already, the store is not asked. While a lease of this same Lock is
	// alive, Acquire waits for it like for anyone else's.
	Acquire(ctx context.Context) (*Lease, error)

	// TryAcquire asks once. The error is a *HeldError when somebody else (or
	// this Lock) holds the lease, a *CorruptError when the row is not usable,
	// and otherwise the store's. A grant that landed though its reply was lost
	// is found by the next call.
	TryAcquire(ctx context.Context) (*Lease, error)

	// View returns what this Lock knows without asking the store.
	View() View
}

// Token identifies one grant.
type Token struct {
	// Name is the document's ID.
	Name string
	// Owner is the grant's nonce: the same instance granted twice is two
	// owners.
	Owner string
	// Epoch rises by one with every grant. Store it with what the leader
	// writes: within one collection it never falls in the order of writing.
	Epoch int64
}

// New returns a Lock on the document key of st. opts may be nil; it is copied.
// It does nothing yet: no call of the store, no goroutine. The error names
// every mistake in key and opts.
func New(st store.Store, key store.Key, opts *Options) (Lock, error) {
	o := opts.withDefaults()
	var missing error
	if spawn.Nothing(st) {
		missing = errors.New("lock: no store")
	}
	if err := errors.Join(missing, key.Validate(), o.validate()); err != nil {
		return nil, err
	}
	guarded := guardstore.Of(st, o.Clock)
	return &campaign{st: guarded, witness: witnessOf(&o, guarded), key: key, opts: o, turn: make(chan struct{}, 1)}, nil
}
