package adminhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func ExampleNew() {
	m, err := monitor.New(monitor.Config{Store: memstore.New(nil)})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle(adminhttp.DefaultPrefix+"/", adminhttp.New(m, adminhttp.Options{Token: "from your secrets"}))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, adminhttp.DefaultPrefix+"/heartbeats", nil))
	fmt.Println(w.Code)
	fmt.Print(w.Body)

	r := httptest.NewRequest(http.MethodGet, adminhttp.DefaultPrefix+"/heartbeats", nil)
	r.Header.Set("Authorization", "Bearer from your secrets")
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Print(w.Body)
	// Output:
	// 401
	// {"success":false,"error":"a bearer token is required in the Authorization header"}
	// {"success":true,"count":0,"heartbeats":[]}
}

func ExampleReadyz() {
	m, err := monitor.New(monitor.Config{Store: memstore.New(nil)})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/livez", adminhttp.Livez())
	mux.Handle("/readyz", adminhttp.Readyz(m))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	fmt.Println(w.Code)
	fmt.Print(w.Body)
	// Output:
	// 503
	// {"success":false,"error":"the monitor is not running"}
}

func ExampleLivez() {
	w := httptest.NewRecorder()
	adminhttp.Livez().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/livez", nil))
	fmt.Println(w.Code)
	fmt.Print(w.Body)
	// Output:
	// 200
	// {"success":true}
}

func ExampleNew_report() {
	m, err := monitor.New(monitor.Config{Store: memstore.New(nil)})
	if err != nil {
		panic(err)
	}
	h := adminhttp.New(m, adminhttp.Options{Token: "from your secrets"})

	r := httptest.NewRequest(http.MethodGet, adminhttp.DefaultPrefix+"/report?window=7d", nil)
	r.Header.Set("Authorization", "Bearer from your secrets")
	r.Header.Set("Accept", "text/markdown")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Header().Get("Content-Type"))
	fmt.Println(strings.Join(strings.Split(w.Body.String(), "\n")[:3], "\n"))
	// Output:
	// text/markdown; charset=utf-8
	// # Longrun report: 7d
	//
	// **NO DATA** not a single slot of the window counts.
}

func ExampleNew_openAPI() {
	m, err := monitor.New(monitor.Config{Store: memstore.New(nil)})
	if err != nil {
		panic(err)
	}
	h := adminhttp.New(m, adminhttp.Options{Token: "from your secrets", Prefix: "/ops"})

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ops/openapi.json", nil)) // no token
	var description struct {
		OpenAPI string `json:"openapi"`
		Servers []struct {
			URL string `json:"url"`
		} `json:"servers"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &description); err != nil {
		panic(err)
	}
	fmt.Println(description.OpenAPI, description.Servers[0].URL)
	// Output: 3.1.0 ../ops
}
