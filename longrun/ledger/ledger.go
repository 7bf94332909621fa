// Package ledger is the schema: which collections there are, how documents are
// named, and typed reads and writes of them over any store.Store.
//
// It does not decide anything: no rule, no clock, no goroutine lives here, and
// it does not fence. A write that must be the leader's is handed out as a
// store.Op, to be committed under a lease; a write that any instance may make
// (its own run, the settings) carries a precondition and is committed here.
//
// # Documents of the original system
//
// The system that longwatch replaces wrote into the same place. Its documents
// are read without harm: "commit" stands in for a missing commitHash, an
// instanceId may be missing, IDs need not lie on the grid (the slot follows
// from ts), and a document whose ts is a plain number is in no list.
package ledger

import (
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// DefaultRoot is the document under which all collections lie.
const DefaultRoot = "wa_metrics/longrun"

// SchedulerLock is the ID of the lock that decides who writes heartbeats.
const SchedulerLock = "heartbeat-scheduler"

// Collection names one of the ledger's collections.
type Collection string

// The collections under the root.
const (
	Config     Collection = "config"
	Locks      Collection = "locks"
	Runs       Collection = "runs"
	Heartbeats Collection = "heartbeats"
	Probes     Collection = "probes"
	Incidents  Collection = "incidents"
	Rules      Collection = "rules"
	Silences   Collection = "silences"
	Outbox     Collection = "outbox"
	Rollups    Collection = "rollups"
	Evidence   Collection = "evidence"
	// Witnessed are the logs of others, see package witnessed.
	Witnessed Collection = "witnessed"
	Restores  Collection = "restores"
)

// Collections returns all of them.
func Collections() []Collection {
	return []Collection{Config, Locks, Runs, Heartbeats, Probes, Incidents, Rules, Silences, Outbox, Rollups, Evidence, Witnessed, Restores}
}

// Ledger reads and writes the documents under one root. It is safe for
// concurrent use.
type Ledger struct {
	store store.Store
	root  string
}

// New returns the ledger under root in st; an empty root means DefaultRoot. The
// error says that there is no store, or what is wrong with the root.
func New(st store.Store, root string) (*Ledger, error) {
	if root == "" {
		root = DefaultRoot
	}
	if err := store.ValidateDocument(root); err != nil {
		return nil, fmt.Errorf("ledger: Root: %w", err)
	}
	if st == nil {
		return nil, errors.New("ledger: no store")
	}
	return &Ledger{store: st, root: root}, nil
}

// Through returns the same ledger over what wrap makes of its store: one that
// bounds each call, for one.
func (l *Ledger) Through(wrap func(store.Store) store.Store) *Ledger {
	return &Ledger{store: wrap(l.store), root: l.root}
}

// Root returns the path of the document under which all collections lie.
func (l *Ledger) Root() string { return l.root }

// Path returns the full path of a collection.
func (l *Ledger) Path(c Collection) string { return l.root + "/" + string(c) }

// Key names a document of a collection.
func (l *Ledger) Key(c Collection, id string) store.Key {
	return store.Key{Collection: l.Path(c), ID: id}
}

// LockKey names the lock that decides who writes heartbeats.
func (l *Ledger) LockKey() store.Key { return l.Key(Locks, SchedulerLock) }

// SettingsKey names the live settings.
func (l *Ledger) SettingsKey() store.Key { return l.Key(Config, "current") }

// CreateHeartbeat is the write of a beat into its slot, refused when the slot
// has one: a slot once filled is never rewritten.
func (l *Ledger) CreateHeartbeat(h longrun.Heartbeat) store.Op {
	return store.Create(l.Key(Heartbeats, h.BucketID), stored(h))
}
