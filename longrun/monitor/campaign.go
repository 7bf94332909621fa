package monitor

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// lockOptions leaves every duration but the lease itself to the lock, which
// scales them. The monitor tells of changes itself, in its own words and once.
func lockOptions(c Config) *lock.Options {
	return &lock.Options{Lease: c.Lease, InstanceID: c.InstanceID, Clock: c.Clock}
}

// campaign stands by, leads when its turn comes, and stands by again, until ctx
// ends.
func (m *Monitor) campaign(ctx context.Context) {
	for ctx.Err() == nil {
		err := lock.Run(ctx, m.lock, m.lead)
		if ctx.Err() != nil {
			return
		}
		m.stats.set(Standby, 0, "", m.cfg.Clock.Now())
		m.cfg.Logger.WarnContext(ctx, "lease lost, standing by", "error", err)
		if !errors.Is(err, lock.ErrLost) && !deadline.Sleep(ctx, m.cfg.Clock, time.Second) {
			return // not a loss but a fault: do not spin on it
		}
	}
}

// lead writes beats for as long as the lease lasts.
func (m *Monitor) lead(ctx context.Context, lease *lock.Lease) error {
	token := lease.Token()
	prev, how := lease.Previous()
	m.stats.set(Leading, token.Epoch, m.cfg.InstanceID, m.cfg.Clock.Now())
	m.cfg.Logger.InfoContext(ctx, "leading", "epoch", token.Epoch, "after", string(how), "previous", prev.HolderInstanceID)
	if how == lock.First && token.Epoch > 1 {
		m.cfg.Logger.ErrorContext(ctx, "the store has lost the lock's document, and perhaps more: the evidence chain begins anew", "epoch_before", token.Epoch-1)
	}
	if m.claimed.Swap(token.Epoch) != token.Epoch-1 {
		m.giveUpBacklog(ctx)
	}
	m.once.over("holder")
	m.askForBeat()

	aside, end := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer end()
	if how == lock.Expired {
		group.Go(func() { m.aside(ctx, func() { m.markLost(aside, prev) }) })
	}
	m.probes.begin(aside)
	group.Go(func() { m.aside(ctx, func() { m.probes.run(aside, lease) }) })
	// Only a fault ends these sooner. A monitor that goes on without alerts or
	// rollups for a year because of one is worse than one that fails again.
	for _, task := range []func(context.Context, *lock.Lease){m.alarms.run, m.closing.run} {
		group.Go(func() {
			for aside.Err() == nil {
				m.aside(ctx, func() { task(aside, lease) })
				deadline.Sleep(aside, m.cfg.Clock, min(asidePause, 10*m.cfg.Interval))
			}
		})
	}
	w := &writer{m: m, lease: lease, head: m.parseHead(ctx, lease.Note()), chunk: maxLate}
	return w.write(ctx)
}

// asidePause is how long after a fault the alarms, or the closing of days, begin
// anew.
const asidePause = 10 * time.Minute

// aside runs what a leader does beside its beats. A fault of it costs no beat.
func (m *Monitor) aside(ctx context.Context, task func()) {
	if err := guardTask(task); err != nil {
		m.cfg.Logger.ErrorContext(ctx, "a part of the monitor failed; beats go on", "error", err)
	}
}

// askForBeat has the pulse make a beat at once: a new leader does not leave the
// slot it begins in to chance.
func (m *Monitor) askForBeat() {
	select {
	case m.beatNow <- struct{}{}:
	default:
	}
}

// answers reports whether this instance makes beats now: it leads, or its lease
// ended and, as far as it could see, nobody has led since.
func (m *Monitor) answers(ctx context.Context) bool {
	epoch := m.claimed.Load()
	if epoch == 0 {
		return false
	}
	view := m.lock.View()
	if view.Leading || view.Row.Epoch <= epoch {
		return true
	}
	m.claimed.Store(0)
	m.giveUpBacklog(ctx)
	return false
}

// giveUpBacklog drops beats that are no longer this instance's to write: another
// led meanwhile. That it was alive is in its run, as a lapse.
func (m *Monitor) giveUpBacklog(ctx context.Context) {
	n, err := m.backlog.clear()
	if err != nil {
		m.journalFailed(ctx, err)
	}
	if n > 0 {
		m.cfg.Logger.WarnContext(ctx, "another instance led meanwhile; waiting beats are given up", "beats", n)
	}
}

// parseHead reads the chain's head from the lock's note. A note that is none
// begins a new chain: beats matter more than their chain, and verification sees
// the break.
func (m *Monitor) parseHead(ctx context.Context, note string) evidence.Head {
	head, err := evidence.ParseHead(note)
	if err != nil {
		m.once.report(ctx, slog.LevelError, "note", note, "the evidence chain has lost its head and begins anew", "error", err)
	}
	return head
}

// sawRow takes note of the lock row, whenever anyone here reads it: a standby
// says for whom it stands by.
func (m *Monitor) sawRow(rec store.Record) {
	row, err := lock.ReadRow(rec)
	ctx := context.Background()
	if err != nil {
		m.once.report(ctx, slog.LevelError, "lock", "corrupt", "nobody can lead: the lock's document is not usable", "error", err)
		return
	}
	m.once.over("lock")
	if m.stats.state() == Leading || !row.Held() || rec.Age() >= row.Lease() || row.HolderInstanceID == "" {
		return
	}
	if row.Epoch != m.claimed.Load() {
		m.once.report(ctx, slog.LevelInfo, "holder", row.HolderInstanceID+" "+row.Owner, "standing by", "holder", row.HolderInstanceID, "epoch", row.Epoch)
	}
}

// holder returns who leads and at which epoch, as this instance last saw it.
func (m *Monitor) holder() (string, int64) {
	row := m.lock.View().Row
	if !row.Held() {
		return "", row.Epoch
	}
	return row.HolderInstanceID, row.Epoch
}

// markLost closes the runs of an instance that fell silent while it led. Should
// it be alive all the same, it will take that back.
func (m *Monitor) markLost(ctx context.Context, prev lock.Row) {
	for pause := time.Second; ; pause = min(2*pause, m.cfg.Interval) {
		err := m.markLostOnce(ctx, prev)
		if err == nil || !deadline.Sleep(ctx, m.cfg.Clock, pause) {
			return
		}
	}
}

// mangled reports a document that does not decode, once for each version of it.
func (m *Monitor) mangled(ctx context.Context, err *ledger.DocumentError, version string) {
	m.once.report(ctx, slog.LevelWarn, err.Path, version, "a mangled document is passed over", "error", err)
}

// recentRuns is how many of the newest runs are searched for the lost one.
const recentRuns = 100

func (m *Monitor) markLostOnce(ctx context.Context, prev lock.Row) error {
	ctx, cancel := deadline.With(ctx, m.cfg.Clock, storeTimeout)
	defer cancel()
	var lost []ledger.Entry[longrun.Run]
	for e, err := range m.ledger.Runs(ctx, ledger.Page{Desc: true, Limit: recentRuns}) {
		if mangled, ok := errors.AsType[*ledger.DocumentError](err); ok {
			m.mangled(ctx, mangled, e.Version)
			continue
		}
		if err != nil {
			return err
		}
		r := e.Value
		if r.InstanceID == prev.HolderInstanceID && r.End == nil && r.RunID != m.record.id() && !r.TS.After(prev.RenewedAt) {
			lost = append(lost, e)
		}
	}
	for _, e := range lost {
		end := prev.RenewedAt.UTC()
		e.Value.End, e.Value.Ended, e.Value.EndedBy = &end, longrun.Lost, m.cfg.InstanceID
		_, err := m.ledger.PutRun(ctx, e.Value, e.Version)
		switch {
		case err == nil:
			m.cfg.Logger.WarnContext(ctx, "a run was found dead", "run", e.Value.RunID, "last_sign", end)
		case !errors.Is(err, store.ErrConflict): // a conflict: it lives, and wrote
			return err
		}
	}
	return nil
}
