package promcollector_test

import (
	"compress/gzip"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/promcollector"
)

// openMetrics is what Prometheus sends when it wants exemplars.
const openMetrics = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

func scrape(handler http.Handler, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func sorted(text string) []string {
	return slices.Sorted(strings.Lines(text))
}

// odd has what a host, a build or a database might say.
func odd() fixed {
	s := metrics.Snapshot(crowd(3))
	s.Version, s.CommitHash = `a "quoted" \ one`, "two\nlines é"
	s.Accounts[1].Name = `C:\ops "1"`
	s.Beats.Drift.Observe(1e9/3, "", noon)
	s.Beats.Stored, s.Epoch = 1_000_000, 999_999
	s.Host.QueueDepth = math.MaxInt64
	s.Beats.Last = time.Unix(1.7e9, 123_456_000)
	s.ProbeLatency.Observe(1e6, "OUT_far", time.Unix(1, 500))
	s.ProbeLatency.Observe(0, `IN_"x"`, noon)
	return fixed(s)
}

// Every line is one of promhttp's, and none is missing.
func TestAPageIsWhatPromhttpWrites(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]promcollector.Source{
		"crowd": crowd(20), "one": crowd(0), "standby": fixed{Interval: time.Minute}, "odd": odd(),
	} {
		for _, labels := range []prometheus.Labels{nil, {"service": `a"c\me`, "zone": "eu"}} {
			r := prometheus.NewRegistry()
			c, err := promcollector.New(source, promcollector.Options{Registerer: r, Labels: labels, MaxAccounts: 15})
			require.NoError(t, err)
			known := promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true})
			for _, accept := range []string{"", "text/plain;version=0.0.4", openMetrics, "application/openmetrics-text;version=0.0.1", "*/*", "application/vnd.google.protobuf", "application/json"} {
				headers := map[string]string{"Accept": accept}
				got := scrape(c.Page(), headers)
				if accept == "application/vnd.google.protobuf" {
					headers["Accept"] = "" // it is answered in text
				}
				want := scrape(known, headers)
				require.Equal(t, want.Header().Get("Content-Type"), got.Header().Get("Content-Type"), "%s %s", name, accept)
				require.Equal(t, sorted(want.Body.String()), sorted(got.Body.String()), "%s %s", name, accept)
			}
		}
	}
}

func TestNumbersAreWrittenAsPromhttpWritesThem(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	values := []float64{0, 1, -1, 0.001, 0.0001, 999_999.999, 1e6, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), 0.1 + 0.2}
	for range 500 {
		v := float64(rng.Int64N(2e9)) / 1000
		values = append(values, v, math.Nextafter(v, 0), rng.Float64(), rng.ExpFloat64()*1e5, -v)
	}
	s := metrics.Snapshot{ProbeLatency: metrics.NewHistogram(false, 1)}
	for _, v := range values {
		s.Probes = append(s.Probes, metrics.Probe{Type: "t", Name: strconv.Itoa(len(s.Probes)), Pass: metrics.ProbeCount{
			Count: uint64(len(s.Probes)), Last: metrics.Exemplar{Key: "k", Value: v, At: noon},
		}})
	}
	r := prometheus.NewRegistry()
	c, err := promcollector.New(fixed(s), promcollector.Options{Registerer: r})
	require.NoError(t, err)
	headers := map[string]string{"Accept": openMetrics}
	want := scrape(promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true}), headers).Body.String()
	require.Equal(t, sorted(want), sorted(scrape(c.Page(), headers).Body.String()))
}

// A parser that minds the order of lines reads the same families.
func TestAPageIsReadAsWhatTheRegistryGathers(t *testing.T) {
	t.Parallel()
	r := prometheus.NewRegistry()
	c, err := promcollector.New(odd(), promcollector.Options{Registerer: r})
	require.NoError(t, err)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	got, err := parser.TextToMetricFamilies(strings.NewReader(scrape(c.Page(), nil).Body.String()))
	require.NoError(t, err)
	want, err := r.Gather()
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for _, f := range want {
		require.Len(t, got[f.GetName()].GetMetric(), len(f.GetMetric()), f.GetName())
	}
	open := scrape(c.Page(), map[string]string{"Accept": openMetrics}).Body.String()
	require.True(t, strings.HasSuffix(open, "\n# EOF\n"))
	begun := map[string]bool{}
	for line := range strings.Lines(open) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			require.False(t, begun[name], "a family in two parts: %s", name)
			begun[name] = true
		}
	}
}

func TestAPageIsCompressedWhereItMayBe(t *testing.T) {
	t.Parallel()
	c, err := promcollector.New(crowd(20), promcollector.Options{})
	require.NoError(t, err)
	handler := c.Page()
	plain := scrape(handler, nil).Body.String()
	for range 3 { // the second one has a used writer
		for accept, zipped := range map[string]bool{
			"gzip": true, "deflate, gzip;q=0.5": true, "gzip;q=0": false, "br": false, "identity": false, "gzip;q=no": false,
		} {
			response := scrape(handler, map[string]string{"Accept-Encoding": accept})
			require.Equal(t, zipped, response.Header().Get("Content-Encoding") == "gzip", accept)
			if !zipped {
				require.Equal(t, plain, response.Body.String())
				continue
			}
			z, err := gzip.NewReader(response.Body)
			require.NoError(t, err)
			text, err := io.ReadAll(z)
			require.NoError(t, err)
			require.Equal(t, plain, string(text))
		}
	}
}
