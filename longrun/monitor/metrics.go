package monitor

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
)

// Metrics returns what this instance knows as numbers, from memory alone: it calls
// neither the store nor the host, and holds nothing up. See package promcollector for
// Prometheus.
func (m *Monitor) Metrics() metrics.Snapshot {
	started, now := m.startedAt(), m.cfg.Clock.Now()
	campaign := m.campaign.State()
	s := metrics.Snapshot{
		InstanceID: m.cfg.InstanceID, CommitHash: m.cfg.CommitHash, Version: m.cfg.Version,
		Interval: m.cfg.Interval, Started: started, Leader: campaign.Leading && !started.IsZero(), Epoch: campaign.Epoch,
	}
	if !s.Leader {
		_, s.Epoch = m.campaign.Holder()
	}
	b := m.beats.Status()
	s.Beats.Stored, s.Beats.Waiting, s.Beats.Dropped = b.Stored, b.Waiting, b.Dropped
	if b.Last != nil {
		s.Beats.Last = b.Last.TS
	}
	health := m.store.Health()
	s.StoreUp = health.Reachable && !health.ReadOnly && !health.Moved
	m.measures.Lay(&s, m.live.Now().AlertTarget(), now, s.Leader)
	firing, waiting, undelivered := m.alarms.Firing()
	s.Alarms = make([]metrics.Alarms, len(firing))
	for i, f := range firing {
		s.Alarms[i] = metrics.Alarms{Rule: string(f.Rule), Firing: f.Targets}
	}
	s.Outbox = metrics.Outbox{Waiting: waiting, Undelivered: undelivered, Failing: m.channel.Status().Failing}
	for _, t := range m.campaign.TaskStatus() {
		if t.State == leading.Failed {
			s.TasksFailed++
		}
	}
	return s
}

// knownSlots passes on which slots a new leader found filled.
func (m *Monitor) knownSlots(ctx context.Context, w longrun.Window, earliest time.Time, filled map[longrun.Slot]bool) {
	m.measures.KnownSlots(earliest, w.From, m.cfg.Clock.Now(), filled)
	m.closing.Known(ctx, filled)
}

func namesOf(c Config) []longrun.NamedProbe {
	out := make([]longrun.NamedProbe, len(c.Probes))
	for i, p := range c.Probes {
		out[i] = longrun.NamedProbe{Type: p.Type, Name: p.Name}
	}
	return out
}
