package promcollector

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
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

// New returns a collector of m's numbers. The error says that m is nil, or is the
// Registerer's: something of these names is there already, or a label is none.
func New(m Source, o Options) (*Collector, error) {
	if spawn.Nothing(m) {
		return nil, errors.New("promcollector: the Source is nil")
	}
	c := &Collector{source: m, most: o.MaxAccounts, descs: newDescs(o.Labels)}
	if o.MaxAccounts == 0 {
		c.most = DefaultMaxAccounts
	}
	c.most = max(c.most, 0)
	if spawn.Nothing(o.Registerer) {
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
		to <- d.prom
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	s := c.source.Metrics()
	c.walk(&s, output{to, &c.pairs})
}
