// Package room is what every room of the engine is given: time, a log, the
// documents, the settings in force, and who this instance is.
//
// It holds no state of the engine and knows no other room. A room that needs
// something of another is handed a function for it at New, and gives values; none
// of them asks another for its insides.
package room

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
)

// StoreTimeout bounds every store call that is made outside a lease; the calls
// under a lease have the lock's own bounds.
const StoreTimeout = 10 * time.Second

// Deps is what every room gets. It is a value, and each field is set.
type Deps struct {
	Clock    clock.Clock
	Log      *hostcall.Log
	Ledger   *ledger.Ledger
	Settings func() longrun.Settings
	Self     Self
	// Stop is the time that the end of a run has, one for all rooms.
	Stop *Budget
}

// Self is who this instance is: what stands in the documents that it writes.
type Self struct {
	InstanceID string
	CommitHash string
	Version    string
	// Interval is the length of a slot.
	Interval time.Duration
	// Lease is how long a leader that says nothing any more keeps others out.
	Lease time.Duration
}

// AsideTimeout bounds a store call that a leader makes beside its beats: short,
// since a beat may wait behind it for its turn.
func (s Self) AsideTimeout() time.Duration { return min(StoreTimeout, s.Interval/2) }

// Slot is the one that now lies in.
func (d Deps) Slot() longrun.Slot { return longrun.SlotAt(d.Clock.Now(), d.Self.Interval) }

// Mangled says that a document does not decode and is passed over, once for each
// version of it.
func (d Deps) Mangled(ctx context.Context, err *ledger.DocumentError, version string) {
	d.Log.Changed(ctx, slog.LevelWarn, err.Path, version, "a mangled document is passed over", "error", spawn.Text(err))
}

// Latest returns the later of two times.
func Latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
