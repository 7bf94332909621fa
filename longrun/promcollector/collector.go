package promcollector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-13dc028d/longwatch/longrun/metrics"
)

// Source is what the collector needs of a *monitor.Monitor.
type Source interface {
	Metrics() metrics.Snapshot
}

// DefaultMaxAccounts is how many accounts are shown one by one unless said otherwise.
const DefaultMaxAccounts = 1000

// Options are the optional settings of New.
type Options struct {
	// Registerer is where the collector registers itself. Default: nowhere; the host
	// does.
	Registerer prometheus.Registerer
	// Labels stand at each series, such as a service where one process has several
	// monitors: then each has the same labels with other values. Default: none.
	Labels prometheus.Labels
	// MaxAccounts bounds how many accounts are shown one by one, the first by name.
	// longrun_accounts_omitted counts the others. Default: DefaultMaxAccounts; a
	// negative number is none.
	MaxAccounts int
}

// Collector is a prometheus.Collector. It is safe for concurrent use.
type Collector struct {
	source Source
	most   int
	descs  descs
	pairs  pairs
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a collector of m's numbers. The error is the Registerer's: something of
// these names is there already, or a label is none.
func New(m Source, o Options) (*Collector, error) {
	c := &Collector{source: m, most: o.MaxAccounts, descs: newDescs(o.Labels)}
	if o.MaxAccounts == 0 {
		c.most = DefaultMaxAccounts
	}
	c.most = max(c.most, 0)
	if o.Registerer == nil {
		return c, nil
	}
	if err := o.Registerer.Register(c); err != nil {
		return nil, err
	}
	return c, nil
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range c.descs.all {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	s := c.source.Metrics()
	out := output{to, &c.pairs}
	c.instance(out, &s)
	c.beats(out, &s)
	c.host(out, &s)
	c.probes(out, &s)
	c.alarms(out, &s)
}

func (c *Collector) instance(out output, s *metrics.Snapshot) {
	d := &c.descs
	out.gauge(d.info, 1, s.Version, s.CommitHash, s.InstanceID)
	out.gauge(d.interval, s.Interval.Seconds())
	out.time(d.started, s.Started)
	out.gauge(d.leader, one(s.Leader))
	out.gauge(d.epoch, float64(s.Epoch))
	out.gauge(d.store, one(s.StoreUp))
	out.gauge(d.tasks, float64(s.TasksFailed))
}

func (c *Collector) beats(out output, s *metrics.Snapshot) {
	d := &c.descs
	out.time(d.last, s.Beats.Last)
	out.counter(d.stored, float64(s.Beats.Stored))
	out.counter(d.dropped, float64(s.Beats.Dropped))
	out.gauge(d.waiting, float64(s.Beats.Waiting))
	out.histogram(d.drift, &s.Beats.Drift)
	out.histogram(d.commit, &s.Beats.Commit)
	for _, w := range s.Coverage {
		out.gauge(d.coverage, w.Ratio(), w.Name)
	}
	for _, g := range s.Gaps {
		out.gauge(d.gaps, float64(g.Count), g.Cause)
	}
}

func (c *Collector) host(out output, s *metrics.Snapshot) {
	h, d := s.Host, &c.descs
	if h == nil {
		return
	}
	out.gauge(d.healthy, one(h.Healthy))
	out.gauge(d.queue, float64(h.QueueDepth))
	out.gauge(d.accounts, float64(h.Connected), "connected")
	out.gauge(d.accounts, float64(h.Reconnecting), "reconnecting")
	out.gauge(d.accounts, float64(h.NeedsQR), "needs_qr")
	shown := s.Accounts[:min(len(s.Accounts), c.most)]
	out.gauge(d.omitted, float64(len(s.Accounts)-len(shown)))
	for _, a := range shown {
		out.gauge(d.state, 1, a.Name, a.State)
		out.gauge(d.reconnects, float64(a.Reconnects), a.Name)
	}
}

func (c *Collector) probes(out output, s *metrics.Snapshot) {
	d := &c.descs
	out.histogram(d.latency, &s.ProbeLatency)
	for i := range s.Probes {
		p := &s.Probes[i]
		out.results(d.results, &p.Pass, p.Type, p.Name, "pass")
		out.results(d.results, &p.Fail, p.Type, p.Name, "fail")
		out.results(d.results, &p.Inconclusive, p.Type, p.Name, "inconclusive")
		if p.Pass.Count+p.Fail.Count+p.Inconclusive.Count > 0 {
			out.gauge(d.took, p.Latency.Seconds(), p.Type, p.Name)
		}
	}
}

func (c *Collector) alarms(out output, s *metrics.Snapshot) {
	d := &c.descs
	for _, a := range s.Alarms {
		out.gauge(d.alarms, float64(a.Firing), a.Rule)
	}
	out.gauge(d.outbox, float64(s.Outbox.Waiting))
	out.gauge(d.undelivered, float64(s.Outbox.Undelivered))
	out.time(d.failing, s.Outbox.Failing)
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
