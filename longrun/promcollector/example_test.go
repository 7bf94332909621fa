package promcollector_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/promcollector"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A host that has a registry already adds the collector to it.
func ExampleNew() {
	m, err := monitor.New(monitor.Config{Store: memstore.New(nil)})
	if err != nil {
		fmt.Println(err)
		return
	}
	registry := prometheus.NewRegistry()
	if _, err := promcollector.New(m, promcollector.Options{Registerer: registry}); err != nil {
		fmt.Println(err)
		return
	}
	page := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})

	reply := httptest.NewRecorder()
	page.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(reply.Body.String()) {
		if strings.HasPrefix(line, "longrun_leader") || strings.HasPrefix(line, "longrun_interval") {
			fmt.Print(line)
		}
	}
	// Output:
	// longrun_interval_seconds 60
	// longrun_leader 0
}

// A host that has none shows the monitor alone.
func ExampleCollector_Page() {
	m, err := monitor.New(monitor.Config{Store: memstore.New(nil), Interval: 30 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	collector, err := promcollector.New(m, promcollector.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", collector.Page()) // adminhttp.Guard keeps others out

	reply := httptest.NewRecorder()
	mux.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(reply.Body.String()) {
		if strings.HasPrefix(line, "longrun_interval") {
			fmt.Print(line)
		}
	}
	// Output:
	// longrun_interval_seconds 30
}
