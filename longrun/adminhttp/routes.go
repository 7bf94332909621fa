package adminhttp

import (
	"bytes"
	_ "embed" // the description
	"encoding/json"
	"net/http"
	"path"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
)

// route is one method of one endpoint.
type route struct {
	method, path string
	serve        http.HandlerFunc
	// open lets it be asked without the token: it tells nothing of what is
	// stored.
	open bool
}

// routes are all that there is, in the order in which the index lists them.
func (h *handler) routes() []route {
	return []route{
		{method: "GET", path: "/{$}", serve: h.index},
		{method: "GET", path: "/heartbeats", serve: h.bounded(h.heartbeats)},
		{method: "GET", path: "/probes", serve: h.bounded(h.probes)},
		{method: "POST", path: "/probes/{type}/run", serve: h.runProbe},
		{method: "GET", path: "/incidents", serve: h.bounded(h.incidents)},
		{method: "GET", path: "/incidents/{id}", serve: h.bounded(h.incident)},
		{method: "GET", path: "/outbox", serve: h.bounded(h.outbox)},
		{method: "POST", path: "/alerts/test", serve: h.testAlert},
		{method: "GET", path: "/silences", serve: h.bounded(h.silences)},
		{method: "POST", path: "/silences", serve: request.Received(h.bounded(h.postSilence))},
		{method: "DELETE", path: "/silences/{id}", serve: h.bounded(h.deleteSilence)},
		{method: "GET", path: "/rollups", serve: h.bounded(h.rollups)},
		{method: "GET", path: "/rollups/{day}", serve: h.bounded(h.rollup)},
		{method: "GET", path: "/runs", serve: h.bounded(h.runs)},
		{method: "GET", path: "/locks", serve: h.bounded(h.locks)},
		{method: "GET", path: "/config", serve: h.bounded(h.config)},
		{method: "PUT", path: "/config", serve: request.Received(h.bounded(h.putConfig))},
		{method: "GET", path: "/coverage", serve: h.survey(h.coverage)},
		{method: "GET", path: "/budget", serve: h.survey(h.budget)},
		{method: "GET", path: "/report", serve: h.survey(h.report)},
		{method: "GET", path: "/badge.svg", serve: h.badge, open: h.openBadge},
		{method: "GET", path: "/status", serve: h.status},
		{method: "GET", path: "/openapi.json", serve: openAPI(h.prefix), open: true},
		{method: "GET", path: "/livez", serve: Livez().ServeHTTP, open: true},
		{method: "GET", path: "/readyz", serve: Readyz(h.monitor).ServeHTTP, open: true},
	}
}

// name is the route as people write it.
func (r route) name(prefix string) string {
	return r.method + " " + prefix + strings.TrimSuffix(r.path, "{$}")
}

// page returns the path below the prefix, and whether a browser can open it.
func (r route) page() (path string, ok bool) {
	return strings.TrimSuffix(r.path, "{$}"), r.method == http.MethodGet && (r.path == "/{$}" || !strings.Contains(r.path, "{"))
}

type indexReply struct {
	Success   bool     `json:"success"`
	Endpoints []string `json:"endpoints"`
}

// index answers GET of the prefix: the endpoints, for whoever comes without the
// manual.
func (h *handler) index(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	out := indexReply{Success: true}
	for _, route := range h.routes() {
		out.Endpoints = append(out.Endpoints, route.name(h.prefix))
	}
	reply.JSON(w, r, http.StatusOK, out)
}

// noRoute answers what no pattern takes, in JSON like everything else.
func noRoute(routes *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := routes.Handler(other); pattern != "/" && pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			reply.Fail(w, r, http.StatusMethodNotAllowed, "", "method not allowed; use "+strings.Join(allowed, " or "))
			return
		}
		reply.Fail(w, r, http.StatusNotFound, "", "no such endpoint")
	}
}

// description is the API in OpenAPI 3.1. It is written by hand; tests hold every
// real reply against it.
//
//go:embed openapi.json
var description []byte

// openAPI answers GET openapi.json. It needs no token: it says nothing that
// cannot be read in the source, and the tools that read it seldom send one.
func openAPI(prefix string) http.HandlerFunc {
	text := describedAt(prefix)
	return func(w http.ResponseWriter, r *http.Request) {
		if request.NoParams(w, r) {
			reply.Write(w, r, http.StatusOK, "application/json; charset=utf-8", text)
		}
	}
}

// describedAt is the description of the API where the host mounts it. The server
// in it is relative to the description, so that it is right under a proxy's path
// too.
func describedAt(prefix string) []byte {
	url, err := json.Marshal("../" + path.Base(prefix))
	if prefix == "" {
		url, err = []byte(`"."`), nil
	}
	if err != nil {
		return description
	}
	return bytes.Replace(description, []byte(`"url": "../`+path.Base(DefaultPrefix)+`"`), append([]byte(`"url": `), url...), 1)
}
