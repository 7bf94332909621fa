package promcollector

import (
	"math"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed-13dc028d/longwatch/longrun/metrics"
)

// output is a sink that makes metrics of what it is shown.
type output struct {
	to    chan<- prometheus.Metric
	pairs *pairs
}

// sample is one metric as it was at the scrape.
type sample struct {
	desc   *prometheus.Desc
	labels []*dto.LabelPair
	// One of these is set.
	gauge     *dto.Gauge
	counter   *dto.Counter
	histogram *dto.Histogram
}

var _ prometheus.Metric = (*sample)(nil)

// Desc implements prometheus.Metric.
func (s *sample) Desc() *prometheus.Desc { return s.desc }

// Write implements prometheus.Metric.
func (s *sample) Write(to *dto.Metric) error {
	to.Label, to.Gauge, to.Counter, to.Histogram = s.labels, s.gauge, s.counter, s.histogram
	return nil
}

func (o output) value(d *desc, v float64, of labels) {
	out := &sample{desc: d.prom, labels: o.pairs.of(d, of)}
	if d.kind == counter {
		out.counter = &dto.Counter{Value: &v}
	} else {
		out.gauge = &dto.Gauge{Value: &v}
	}
	o.to <- out
}

// results shows how often a result was, with the newest as its exemplar.
func (o output) results(d *desc, c *metrics.ProbeCount, of labels) {
	v := float64(c.Count)
	o.to <- &sample{desc: d.prom, labels: o.pairs.of(d, of), counter: &dto.Counter{Value: &v, Exemplar: exemplar(&c.Last)}}
}

func (o output) histogram(d *desc, h *metrics.Histogram) {
	out := &dto.Histogram{SampleSum: new(h.Sum)}
	below := uint64(0)
	for i, n := range h.Counts {
		below += n
		bucket := &dto.Bucket{CumulativeCount: new(below)}
		if h.Exemplars != nil {
			bucket.Exemplar = exemplar(&h.Exemplars[i])
		}
		switch {
		case i < len(h.Bounds):
			bucket.UpperBound = new(h.Bounds[i])
		case bucket.Exemplar == nil:
			continue // it is written from the count
		default:
			bucket.UpperBound = new(math.Inf(1))
		}
		out.Bucket = append(out.Bucket, bucket)
	}
	out.SampleCount = &below
	o.to <- &sample{desc: d.prom, labels: o.pairs.of(d, labels{}), histogram: out}
}

// probeKey is the label of exemplars: with the longest key it has 106 of the 128
// characters that OpenMetrics allows.
const probeKey = "probe_key"

// exemplar returns nil where there is none.
func exemplar(e *metrics.Exemplar) *dto.Exemplar {
	if e.Key == "" {
		return nil
	}
	return &dto.Exemplar{
		Label: []*dto.LabelPair{{Name: new(probeKey), Value: &e.Key}},
		Value: &e.Value, Timestamp: timestamppb.New(e.At),
	}
}

// maxPairs bounds what pairs remembers.
const maxPairs = 100_000

// pairs are the labels of series, sorted and made once: most are the same in each
// scrape. Nobody changes them.
type pairs struct {
	mu   sync.Mutex
	made map[series][]*dto.LabelPair // at most maxPairs
}

// series names one.
type series struct {
	desc *desc
	of   labels
}

func (p *pairs) of(d *desc, values labels) []*dto.LabelPair {
	key := series{d, values}
	p.mu.Lock()
	defer p.mu.Unlock()
	made, ok := p.made[key]
	if !ok {
		if len(p.made) >= maxPairs || p.made == nil {
			p.made = make(map[series][]*dto.LabelPair)
		}
		for i := range d.labels {
			value := d.labels[i].of(&values)
			made = append(made, &dto.LabelPair{Name: &d.labels[i].name, Value: &value})
		}
		p.made[key] = made
	}
	return made
}
