package promcollector

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/metrics"
)

// sink takes what a walk finds: all of one name in a row.
type sink interface {
	value(d *desc, v float64, of labels)
	results(d *desc, c *metrics.ProbeCount, of labels)
	histogram(d *desc, h *metrics.Histogram)
}

// labels are the values of a series' labels, in the order of its desc.
type labels [3]string

// walk shows a snapshot to a sink. It is the one place that says what is shown.
func (c *Collector) walk(s *metrics.Snapshot, to sink) {
	c.instance(s, to)
	c.beats(s, to)
	if s.Host != nil {
		c.host(s, to)
	}
	c.probes(s, to)
	c.alarms(s, to)
}

func (c *Collector) instance(s *metrics.Snapshot, to sink) {
	d := &c.descs
	to.value(d.info, 1, labels{s.Version, s.CommitHash, s.InstanceID})
	to.value(d.interval, s.Interval.Seconds(), labels{})
	at(to, d.started, s.Started)
	to.value(d.leader, one(s.Leader), labels{})
	to.value(d.epoch, float64(s.Epoch), labels{})
	to.value(d.store, one(s.StoreUp), labels{})
	to.value(d.tasks, float64(s.TasksFailed), labels{})
}

func (c *Collector) beats(s *metrics.Snapshot, to sink) {
	d := &c.descs
	at(to, d.last, s.Beats.Last)
	to.value(d.stored, float64(s.Beats.Stored), labels{})
	to.value(d.dropped, float64(s.Beats.Dropped), labels{})
	to.value(d.waiting, float64(s.Beats.Waiting), labels{})
	to.histogram(d.drift, &s.Beats.Drift)
	to.histogram(d.commit, &s.Beats.Commit)
	for _, w := range s.Coverage {
		to.value(d.coverage, w.Ratio(), labels{w.Name})
	}
	if b := s.Budget; b != nil {
		to.value(d.allowed, float64(b.Allowed), labels{b.Window})
		to.value(d.left, float64(b.Left), labels{b.Window})
	}
	for _, g := range s.Gaps {
		to.value(d.gaps, float64(g.Count), labels{g.Cause})
	}
}

func (c *Collector) host(s *metrics.Snapshot, to sink) {
	h, d := s.Host, &c.descs
	if !h.HealthUnknown {
		to.value(d.healthy, one(h.Healthy), labels{})
	}
	to.value(d.queue, float64(h.QueueDepth), labels{})
	to.value(d.accounts, float64(h.Connected), labels{"connected"})
	to.value(d.accounts, float64(h.Reconnecting), labels{"reconnecting"})
	to.value(d.accounts, float64(h.NeedsQR), labels{"needs_qr"})
	shown := s.Accounts[:min(len(s.Accounts), c.most)]
	if omitted := len(s.Accounts) - len(shown); omitted > 0 {
		to.value(d.omitted, float64(omitted), labels{})
	}
	for i := range shown {
		to.value(d.state, 1, labels{shown[i].Name, shown[i].State})
	}
	for i := range shown {
		to.value(d.reconnects, float64(shown[i].Reconnects), labels{shown[i].Name})
	}
}

func (c *Collector) probes(s *metrics.Snapshot, to sink) {
	d := &c.descs
	to.histogram(d.latency, &s.ProbeLatency)
	for i := range s.Probes {
		p := &s.Probes[i]
		to.results(d.results, &p.Pass, labels{p.Type, p.Name, "pass"})
		to.results(d.results, &p.Fail, labels{p.Type, p.Name, "fail"})
		to.results(d.results, &p.Inconclusive, labels{p.Type, p.Name, "inconclusive"})
	}
	for i := range s.Probes {
		p := &s.Probes[i]
		if p.Pass.Count+p.Fail.Count+p.Inconclusive.Count > 0 {
			to.value(d.took, p.Latency.Seconds(), labels{p.Type, p.Name})
		}
	}
}

func (c *Collector) alarms(s *metrics.Snapshot, to sink) {
	d := &c.descs
	for _, a := range s.Alarms {
		to.value(d.alarms, float64(a.Firing), labels{a.Rule})
	}
	to.value(d.outbox, float64(s.Outbox.Waiting), labels{})
	to.value(d.undelivered, float64(s.Outbox.Undelivered), labels{})
	at(to, d.failing, s.Outbox.Failing)
}

// at shows a timestamp, and nothing where there is none.
func at(to sink, d *desc, t time.Time) {
	if !t.IsZero() {
		to.value(d, float64(t.UnixMicro())/1e6, labels{})
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
