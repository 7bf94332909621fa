package promcollector

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/common/expfmt"
)

// Page is what Prometheus scrapes: what a collector shows and nothing else, in the
// text format or OpenMetrics as the request asks, and compressed where it may be. A
// host whose registry has more than that takes promhttp.Handler for it; this one
// writes the same lines in a tenth of the time. It is safe for concurrent use.
//
// It lets everybody in: see adminhttp.Guard.
func (c *Collector) Page() http.Handler {
	p := &page{collector: c}
	for _, f := range expfmt.DefaultOpenMetricsAcceptedFormats() {
		if kind := f.FormatType(); kind == expfmt.TypeOpenMetrics || kind == expfmt.TypeTextPlain {
			p.formats = append(p.formats, f)
		}
	}
	return p
}

type page struct {
	collector *Collector
	formats   []expfmt.Format // the best first
	texts     sync.Pool       // of *text
	zippers   sync.Pool       // of *gzip.Writer
}

// ServeHTTP implements http.Handler.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	format := expfmt.NegotiateAccept(r.Header, p.formats...)
	t, ok := p.texts.Get().(*text)
	if !ok {
		t = new(text)
	}
	defer p.texts.Put(t)
	t.buf, t.open, t.last = t.buf[:0], format.FormatType() == expfmt.TypeOpenMetrics, nil
	s := p.collector.source.Metrics()
	p.collector.walk(&s, t)
	if t.open {
		t.buf = append(t.buf, "# EOF\n"...)
	}
	header := w.Header()
	header.Set("Content-Type", string(format))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept, Accept-Encoding")
	if !zips(r) {
		header.Set("Content-Length", strconv.Itoa(len(t.buf)))
		_, _ = w.Write(t.buf) // the caller may have gone: nobody to tell
		return
	}
	header.Set("Content-Encoding", "gzip")
	z, ok := p.zippers.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // a level that there is
	}
	defer p.zippers.Put(z)
	z.Reset(w)
	_, _ = z.Write(t.buf)
	_ = z.Close()
}

// zips reports whether a request takes gzip.
func zips(r *http.Request) bool {
	for _, header := range r.Header["Accept-Encoding"] {
		for part := range strings.SplitSeq(header, ",") {
			name, quality, given := strings.Cut(strings.TrimSpace(part), ";q=")
			if name != "gzip" {
				continue
			}
			q, err := strconv.ParseFloat(quality, 64)
			return !given || err == nil && q > 0
		}
	}
	return false
}
