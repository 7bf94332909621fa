package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// pulse makes a beat at the start of each slot while this instance answers for
// it: it leads, or led when the store went away and knows of no successor. It
// ends with ctx.
//
// Making a beat and storing it are two goroutines, so that a store that hangs
// delays no beat.
func (m *Monitor) pulse(ctx context.Context) {
	defer m.outages.group.Wait()
	last := longrun.SlotAt(m.cfg.Clock.Now(), m.cfg.Interval)
	for {
		asked := m.awaitSlot(ctx, last+1)
		if ctx.Err() != nil {
			return
		}
		slot := longrun.SlotAt(m.cfg.Clock.Now(), m.cfg.Interval)
		if slot > last+1 {
			m.stalled(ctx, last+1, slot)
		}
		last = slot
		m.tick(ctx, asked)
		m.outages.look(ctx)
	}
}

// awaitSlot returns when the slot has begun, when a beat is asked for, or when
// ctx ends, and reports whether it was asked for. Should the clock have been set back, the slot that it now shows is
// as good: its beat is refused if it has one.
func (m *Monitor) awaitSlot(ctx context.Context, next longrun.Slot) (asked bool) {
	now := m.cfg.Clock.Now()
	if slot := longrun.SlotAt(now, m.cfg.Interval) + 1; slot < next {
		next = slot
	}
	wait := next.Start(m.cfg.Interval).Sub(now)
	if wait <= 0 {
		return false
	}
	waiting, cancel := deadline.With(ctx, m.cfg.Clock, wait)
	defer cancel()
	select {
	case <-waiting.Done():
		return false
	case <-m.beatNow:
		return true
	}
}

// stalled notes that the process did not run in the slots [from, to): it was
// stopped, starved or suspended, or its clock jumped.
func (m *Monitor) stalled(ctx context.Context, from, to longrun.Slot) {
	l := longrun.Lapse{From: from.Start(m.cfg.Interval), To: to.Start(m.cfg.Interval), Cause: longrun.Stall}
	m.cfg.Logger.WarnContext(ctx, "this process did not run", "from", l.From, "to", l.To)
	m.record.lapse(l)
}

// tick makes the beat of the current slot and keeps it for the writer.
func (m *Monitor) tick(ctx context.Context, asked bool) {
	if !m.answers(ctx) {
		return
	}
	h, accounts := m.makeBeat(ctx)
	if ctx.Err() != nil {
		return
	}
	if !asked { // one that is asked for comes when it comes
		m.noteDrift(ctx, h)
	}
	ahead, err := m.backlog.add(h)
	m.alarms.made(look{h, accounts})
	if err != nil {
		m.journalFailed(ctx, err)
	}
	if ahead > 0 {
		m.cfg.Logger.WarnContext(ctx, "the clock was set back; waiting beats of slots that have not come are dropped", "beats", ahead, "slot", h.BucketID)
	}
}

// makeBeat asks the host how it is and returns the beat of the slot in which it
// asked: the process was alive then, however long the answer takes. The accounts
// are for the rules.
func (m *Monitor) makeBeat(ctx context.Context) (longrun.Heartbeat, []longrun.AccountStatus) {
	now := m.cfg.Clock.Now()
	status, err := m.host.ask(ctx)
	if ctx.Err() != nil {
		return longrun.Heartbeat{}, nil // being stopped: half a status is none
	}
	settings := m.settings.Load()

	h := longrun.Beat(now, m.cfg.Interval)
	h.CommitHash, h.InstanceID = m.cfg.CommitHash, m.cfg.InstanceID
	h.UptimeSec = int64(now.Sub(m.processStart) / time.Second)
	h.MemoryRSS = residentMemory()
	if err != nil {
		h.StatusError = publicText(err)
		m.once.report(ctx, slog.LevelWarn, "status", h.StatusError, "no status from the host", "error", h.StatusError)
	} else {
		if m.once.over("status") {
			m.cfg.Logger.InfoContext(ctx, "status from the host again")
		}
		h.ConnectedCount, h.ReconnectingCount = status.Connected, status.Reconnecting
		h.NeedsQRCount, h.QueueDepth = status.NeedsQR, status.QueueDepth
		h.Healthy = status.Healthy && status.Connected >= settings.ExpectedAccounts
	}
	return h, status.Accounts
}

// noteDrift says when beats begin to come late in their slots.
func (m *Monitor) noteDrift(ctx context.Context, h longrun.Heartbeat) {
	tolerated := m.settings.Load().DriftSec
	if h.DriftSec <= tolerated {
		m.once.over("drift")
		return
	}
	m.once.report(ctx, slog.LevelWarn, "drift", "late", "beats are made late in their slots", "slot", h.BucketID, "drift_sec", h.DriftSec, "tolerated_sec", tolerated)
}
