package httpprobe_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/httpprobe"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// What a host writes to have its own door probed.
func Example() {
	p, err := httpprobe.New("https://shop.example/healthz", &httpprobe.Options{
		Match:           regexp.MustCompile(`"status":\s*"ok"`),
		CertificateLeft: 14 * 24 * time.Hour,
	})
	if err != nil {
		panic(err)
	}
	_, err = monitor.New(monitor.Config{
		Store:  memstore.New(nil),
		Probes: []monitor.Probe{{Type: "http", Every: 5 * time.Minute, Prober: p}},
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleProber_Probe() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer srv.Close()
	p, err := httpprobe.New(srv.URL+"/healthz?token=secret", &httpprobe.Options{Target: "the shop"})
	if err != nil {
		panic(err)
	}
	r, err := p.Probe(context.Background())
	fmt.Println(r.Status, r.Class, r.Target, err)
	for _, s := range r.Stages {
		fmt.Print(s.Name, " ")
	}
	// Output:
	// FAIL status_503 the shop <nil>
	// connect first_byte body
}

func ExampleNew() {
	_, err := httpprobe.New("shop.example", &httpprobe.Options{Method: "POST"})
	fmt.Println(err)
	// Output:
	// httpprobe: url has not the form https://host/path
	// httpprobe: Options.Method "POST" is neither GET nor HEAD
}
