package adminhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// own is a description of its own, so that what it saw is what one test asked
// for.
func ownDescription(t *testing.T) *apiDescription {
	t.Helper()
	return readDescription(adminhttp.Description())
}

func TestEveryRouteIsDescribedAndNothingElse(t *testing.T) {
	t.Parallel()
	var mounted, told []string
	for _, route := range adminhttp.Routes() {
		mounted = append(mounted, strings.ToLower(route.Method)+" "+strings.TrimSuffix(route.Path, "{$}"))
		operation := object(object(object(described.document["paths"])[strings.TrimSuffix(route.Path, "{$}")])[strings.ToLower(route.Method)])
		security, given := operation["security"]
		require.Equal(t, route.Open, given && len(array(security)) == 0, "%v: without a token", route)
	}
	operations := map[string]bool{}
	for path, item := range object(described.document["paths"]) {
		for method, o := range object(item) {
			told = append(told, method+" "+path)
			id := fmt.Sprint(object(o)["operationId"])
			require.False(t, operations[id], "operationId %s", id)
			operations[id] = true
			require.NotEmpty(t, object(o)["summary"], "%s %s", method, path)
			var inPath []string
			for _, p := range array(object(o)["parameters"]) {
				if object(p)["in"] == "path" {
					inPath = append(inPath, "{"+fmt.Sprint(object(p)["name"])+"}")
					require.Equal(t, true, object(p)["required"])
				}
			}
			require.Equal(t, regexp.MustCompile(`\{\w+\}`).FindAllString(path, -1), inPath, "%s %s", method, path)
		}
	}
	require.ElementsMatch(t, mounted, told)
}

func TestTheParametersOfAnOperationAreThoseThatItTakes(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, route := range adminhttp.Routes() {
		path := strings.TrimSuffix(route.Path, "{$}")
		if path == "/livez" || path == "/readyz" {
			continue // whoever restarts may add what it likes
		}
		a := s.do(route.Method, filled(route)+"?zzz=1", `{"minutes":1}`)
		body := a.json(t)
		require.Equal(t, http.StatusBadRequest, a.status, route)
		require.Equal(t, "zzz", body["field"], route)
		_, known, _ := strings.Cut(fmt.Sprint(body["error"]), "known are [")
		known, _, _ = strings.Cut(known, "]")
		var told []string
		o := object(object(object(described.document["paths"])[path])[strings.ToLower(route.Method)])
		for _, p := range array(o["parameters"]) {
			parameter := object(p)
			if ref, shared := parameter["$ref"].(string); shared {
				parameter = object(object(object(described.document["components"])["parameters"])[strings.TrimPrefix(ref, "#/components/parameters/")])
			}
			if parameter["in"] == "query" {
				told = append(told, fmt.Sprint(parameter["name"]))
			}
		}
		require.ElementsMatch(t, strings.Fields(known), told, route)
	}
}

func TestWhatAnObjectAlwaysHasIsRequired(t *testing.T) {
	t.Parallel()
	optional := map[string][]string{"Error": {"field"}, "ProbeConflict": {"holder"}, "ConfigReply": {"warning"}}
	for name, schema := range object(object(described.document["components"])["schemas"]) {
		properties := object(object(schema)["properties"])
		if properties == nil || strings.HasSuffix(name, "Request") {
			continue
		}
		without := optional[name]
		if strings.HasSuffix(name, "Page") {
			without = []string{"nextCursor"}
		}
		for property := range properties {
			require.NotEqual(t, slices.Contains(without, property), slices.Contains(array(object(schema)["required"]), any(property)), "%s.%s", name, property)
		}
	}
}

func TestTheDescriptionIsServedForWhereItIsMounted(t *testing.T) {
	t.Parallel()
	for prefix, at := range map[string][2]string{"": {"/api/admin/longrun", "../longrun"}, "/ops/": {"/ops", "../ops"}, "/": {"", "."}} {
		path, url := at[0], at[1]
		h := adminhttp.New(&told{}, adminhttp.Options{Prefix: prefix})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"/openapi.json", nil))
		require.Equal(t, http.StatusOK, w.Code, "no token is asked for")
		require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
		var document map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &document))
		require.Equal(t, []any{map[string]any{"url": url}}, document["servers"])
		document["servers"] = described.document["servers"]
		require.Equal(t, described.document, document, "nothing else is another")
	}
	require.True(t, bytes.HasSuffix(adminhttp.Description(), []byte("}\n")))
}

// TestEveryDescribedReplyHappens asks for each of them, the errors too. That
// each is as it is described is checked wherever these tests ask.
func TestEveryDescribedReplyHappens(t *testing.T) {
	t.Parallel()
	const token = "s3cret-token-of-a-test"
	d := ownDescription(t)
	newOne := func(token string, configure func(*monitor.Config)) *stand {
		s := newStandOf(t, token, configure)
		s.described = d
		return s
	}

	// What is there, and what is not.
	s := newOne(token, func(c *monitor.Config) {
		c.Alerter = alerttest.NewRecorder(alerttest.OK(), alerttest.Fail(errors.New("no")))
	})
	s.night()
	troubles := s.troubles()
	s.rolled()
	night(t, s, 3)
	now := s.clock.Now().UTC()
	s.put(
		s.ledger.SetNotice(longrun.Notice{NoticeID: "n", TS: now, Created: now}),
		store.Set(s.ledger.Key(ledger.Runs, "RUN_a"), longrun.Run{RunID: "RUN_a", TS: now, Lapses: []longrun.Lapse{{From: now, To: now, Cause: longrun.Stall}}}),
		store.Set(s.ledger.LockKey(), map[string]any{"ts": now, "epoch": 1, "holderInstanceId": "one"}),
	)
	for _, c := range []ledger.Collection{ledger.Incidents, ledger.Silences} {
		s.put(store.Set(s.ledger.Key(c, "bad"), map[string]any{"ts": now, "target": 7}))
	}
	s.put(store.Set(s.ledger.Key(ledger.Rollups, "2025-12-01"), map[string]any{"ts": now, "slots": 7}))
	silence := fmt.Sprint(s.silence(`{"minutes":5,"rule":"queue_depth","target":"x","by":"a","reason":"b","from":null}`)["id"])
	for _, path := range []string{
		"/incidents/" + troubles[0], "/incidents/bad", "/rollups/2025-12-29", "/rollups/2025-12-01", "/rollups/2025-12-02", "/rollups/x",
		"/report?format=markdown", "/report?format=html", "/nothing", "/coverage?format=csv", "/incidents?format=csv", "/probes?format=csv",
	} {
		s.do(http.MethodGet, path, "")
	}
	s.do(http.MethodGet, "/report", "", "Accept", "image/png")
	for _, id := range []string{silence, silence, "bad", "nothing"} {
		s.do(http.MethodDelete, "/silences/"+id, "")
	}
	large := `{"minutes":5` + strings.Repeat(" ", 65<<10) + `}`
	for _, target := range []string{"POST /silences", "PUT /config"} {
		method, path, _ := strings.Cut(target, " ")
		s.do(method, path, large)
		s.do(method, path, "[]")
	}
	s.do(http.MethodPut, "/config", `{"expectedAccounts":1,"maintenance":[{"start":"02:00","minutes":5,"days":null}],"alertThresholds":{"throttleSec":60}}`)
	s.do(http.MethodPut, "/config", `{"expectedAccounts":1}`, "If-Match", `"another"`)
	s.do(http.MethodPost, "/alerts/test", "")
	s.clock.Add(time.Minute) // which tests are far enough apart by

	// Each route: as it is, with a parameter that is none, without the token, and
	// from another site's page.
	elsewhere := newOne("", func(*monitor.Config) {})
	for _, route := range adminhttp.Routes() {
		if route.Path != "/silences/{id}" {
			s.do(route.Method, filled(route), `{"minutes":5}`)
		}
		s.do(route.Method, filled(route)+"?zzz=1", `{"minutes":5}`)
		s.do(route.Method, filled(route), "", "Authorization", "")
		elsewhere.do(route.Method, filled(route), "", "Host", "rebound.example")
	}

	// A store that fails, and settings that change at the same moment.
	failing := newOne("", func(*monitor.Config) {})
	failing.faulty.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errors.New("no route") }})
	for _, route := range adminhttp.Routes() {
		failing.do(route.Method, filled(route), `{"minutes":5,"expectedAccounts":5}`)
		if route.Path == "/config" || route.Path == "/silences" {
			failing.do(route.Method, filled(route), map[string]string{"PUT": `{"expectedAccounts":5}`, "POST": `{"minutes":5}`}[route.Method])
		}
	}
	racing := newOne("", func(*monitor.Config) {})
	racing.faulty.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		if c.Method == storetest.Commit {
			return &store.ConflictError{}
		}
		return nil
	}})
	racing.do(http.MethodPut, "/config", `{"expectedAccounts":5}`)

	// An instance that leads, one that does not, and one whose store fails.
	leader := newOne("", func(*monitor.Config) {})
	leader.serve(running(t, probetest.NewScript(probetest.Pass(9*time.Millisecond))))
	leader.do(http.MethodPost, "/probes/outbound/run", "")
	leader.do(http.MethodGet, "/status", "")
	leader.do(http.MethodGet, "/readyz", "")
	for _, m := range []adminhttp.Monitor{&notLeading{}, &probing{err: monitor.ErrProbeTaken}, &probing{err: errors.New("no route")}} {
		leader.serve(m)
		leader.do(http.MethodPost, "/probes/outbound/run", "")
	}

	// A crowd without the token, and callers that never send what they announced.
	crowd := newOne(token, func(*monitor.Config) {})
	for range 60 {
		crowd.do(http.MethodGet, "/", "", "Authorization", "Bearer another")
	}
	for _, route := range adminhttp.Routes() {
		crowd.do(route.Method, filled(route), "", "Authorization", "Bearer another")
	}
	slow := newOne("", func(*monitor.Config) {})
	slow.limits.BodyTime = time.Millisecond
	slow.serve(&told{})
	for method, path := range map[string]string{http.MethodPut: "/config", http.MethodPost: "/silences"} {
		body, sending := io.Pipe()
		slow.send(method, path, body, "")
		require.NoError(t, sending.Close())
	}

	var missing []string
	for _, name := range d.replies() {
		if !d.seen[name] {
			missing = append(missing, name)
		}
	}
	require.Empty(t, missing, "described, and never seen")
}

// probing is a monitor whose probes end with an error.
type probing struct {
	adminhttp.Monitor
	err error
}

func (*probing) Status() monitor.Status { return monitor.Status{} }

func (p *probing) RunNamedProbe(context.Context, longrun.NamedProbe) (longrun.Probe, error) {
	return longrun.Probe{}, p.err
}

// The check itself must be able to fail.
func TestAReplyThatIsNotAsDescribedIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path, text string
		status     int
		fits       bool
	}{
		"as it is":                       {"/livez", `{"success":true}`, 200, true},
		"an error as it is":              {"/heartbeats", `{"success":false,"error":"no","field":"limit"}`, 400, true},
		"one more field":                 {"/livez", `{"success":true,"more":1}`, 200, false},
		"one field less":                 {"/livez", `{}`, 200, false},
		"another value":                  {"/livez", `{"success":false}`, 200, false},
		"a list that is null":            {"/heartbeats", `{"success":true,"count":0,"heartbeats":null}`, 200, false},
		"a document that has too little": {"/heartbeats", `{"success":true,"count":1,"heartbeats":[{"id":"a","path":"b"}]}`, 200, false},
		"a time in another form":         {"/coverage", `{"success":true,"coverage":{"from":1}}`, 200, false},
	} {
		place, ok := described.response(operation{"get", c.path, object(object(object(described.document["paths"])[c.path])["get"])}, c.status, "application/json")
		require.True(t, ok, name)
		var value any
		require.NoError(t, json.Unmarshal([]byte(c.text), &value))
		err := described.schema(t, place).Validate(value)
		require.Equal(t, c.fits, err == nil, "%s: %v", name, err)
	}
	_, ok := described.response(operation{"get", "/livez", object(object(object(described.document["paths"])["/livez"])["get"])}, 500, "application/json")
	require.False(t, ok)
}
