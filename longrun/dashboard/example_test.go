package dashboard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A host mounts the pages under a path of its own.
func ExampleNew() {
	m, err := monitor.New(monitor.Config{Store: memstore.New(nil)})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	pages := dashboard.New(m, dashboard.Options{Token: "a-token-of-many-characters", Prefix: "/ops/longwatch", Service: "acme-whatsapp"})
	mux.Handle("/ops/longwatch/", pages)
	mux.Handle("/ops/longwatch", pages)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ops/longwatch/history", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 303 ./login?next=history
}
