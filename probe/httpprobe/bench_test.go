package httpprobe_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/httpprobe"
)

// BenchmarkProbe measures a probe beside a bare request on a connection of its own, in
// turn on one server. The aim is 1.2 × the bare one.
func BenchmarkProbe(b *testing.B) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{"http": httptest.NewServer, "https": httptest.NewTLSServer} {
		b.Run(name, func(b *testing.B) {
			srv := start(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) }))
			b.Cleanup(srv.Close)
			transport := &http.Transport{ForceAttemptHTTP2: true}
			if name == "https" {
				transport = trusting(srv)
				transport.ForceAttemptHTTP2 = true
			}
			p := newProber(b, srv.URL, &httpprobe.Options{Transport: transport})
			bare := transport.Clone()
			bare.DisableKeepAlives = true
			client := &http.Client{Transport: bare}
			var asked, probed time.Duration
			for b.Loop() {
				start := time.Now()
				response, err := client.Get(srv.URL)
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, response.Body)
				require.NoError(b, err)
				require.NoError(b, response.Body.Close())
				asked += time.Since(start)

				start = time.Now()
				r, err := p.Probe(b.Context())
				require.NoError(b, err)
				require.Equal(b, probe.Pass, r.Status)
				probed += time.Since(start)
			}
			b.ReportMetric(float64(probed.Microseconds())/float64(b.N), "µs/probe")
			b.ReportMetric(float64(asked.Microseconds())/float64(b.N), "µs/bare")
			b.ReportMetric(float64(probed)/float64(asked), "×bare")
		})
	}
}
