package adminhttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

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
