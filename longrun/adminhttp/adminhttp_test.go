package adminhttp_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestAListIsNewestFirstAndPagesThroughEverythingOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	first := s.get("/heartbeats")
	require.EqualValues(t, 20, first["count"])
	newest := object(array(first["heartbeats"])[0])
	require.Equal(t, "2025-12-29T23-07-00", newest["id"])
	require.Equal(t, "wa_metrics/longrun/heartbeats/2025-12-29T23-07-00", newest["path"])
	require.Equal(t, map[string]any{"_seconds": float64(1767049650), "_nanoseconds": float64(0)}, newest["ts"])
	require.InDelta(t, 30, newest["driftSec"], 0)

	var all []string
	path := "/heartbeats?limit=7"
	for pages := 0; ; pages++ {
		require.Less(t, pages, 8)
		body := s.get(path)
		all = append(all, ids(body, "heartbeats")...)
		next, ok := body["nextCursor"].(string)
		if !ok {
			break
		}
		path = "/heartbeats?limit=7&cursor=" + next
	}
	require.Len(t, all, 43)
	require.IsDecreasing(t, all)

	part := s.get("/heartbeats?from=2025-12-29T22:30:00Z&to=2025-12-29T22:33:00Z")
	require.Equal(t, []string{"2025-12-29T22-32-00", "2025-12-29T22-31-00", "2025-12-29T22-30-00"}, ids(part, "heartbeats"))
	exact := s.get("/heartbeats?limit=43")
	require.NotContains(t, exact, "nextCursor", "there is nothing behind the last page")
}

func TestListsOfNothingAreEmptyNotNull(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, name := range []string{"heartbeats", "runs", "locks"} {
		body := s.get("/" + name)
		require.Equal(t, []any{}, body[name], name)
		require.EqualValues(t, 0, body["count"])
	}
}

func TestRunsAndLocksAreShown(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	end := s.clock.Now().UTC()
	s.put(
		store.Set(s.ledger.Key(ledger.Runs, "RUN_a"), longrun.Run{RunID: "RUN_a", TS: end, End: &end, Ended: longrun.Stopped, Lapses: []longrun.Lapse{{From: end, To: end, Cause: longrun.Stall}}}),
		store.Set(s.ledger.Key(ledger.Runs, "RUN_b"), longrun.Run{RunID: "RUN_b", TS: end.Add(time.Second)}),
		store.Set(s.ledger.LockKey(), lock.Row{HolderInstanceID: "a", Owner: "n", Epoch: 3, LeaseSec: 120, TS: end}),
	)
	runs := array(s.get("/runs")["runs"])
	require.Nil(t, object(runs[0])["end"])
	stopped := object(runs[1])
	require.Equal(t, "stopped", stopped["ended"])
	require.Equal(t, map[string]any{"_seconds": float64(end.Unix()), "_nanoseconds": float64(0)}, stopped["end"])
	require.Equal(t, "stall", object(array(stopped["lapses"])[0])["cause"])
	locks := array(s.get("/locks")["locks"])
	require.Equal(t, "heartbeat-scheduler", object(locks[0])["id"])
	require.EqualValues(t, 3, object(locks[0])["epoch"])
}

func TestAMangledDocumentIsShownAsSuch(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	s.put(store.Set(s.ledger.Key(ledger.Heartbeats, "bad"), map[string]any{"ts": s.clock.Now(), "uptimeSec": "soon", "secret": "s3cret"}))
	body := s.get("/heartbeats?limit=2")
	bad := object(array(body["heartbeats"])[0])
	require.Equal(t, map[string]any{"id": "bad", "path": "wa_metrics/longrun/heartbeats/bad", "error": "the document does not decode"}, bad)
	c := object(s.get("/coverage")["coverage"])
	require.EqualValues(t, 1, c["mangled"])
	require.EqualValues(t, 43, c["written"])
}

func TestABadValueIs400WithTheFieldsName(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for path, field := range map[string]string{
		"/heartbeats?limit=0":                              "limit",
		"/heartbeats?limit=1001":                           "limit",
		"/heartbeats?limit=-5":                             "limit",
		"/heartbeats?limit=ten":                            "limit",
		"/heartbeats?limit=1&limit=2":                      "limit",
		"/heartbeats?from=yesterday":                       "from",
		"/heartbeats?to=2025-13-01":                        "to",
		"/heartbeats?from=2025-12-30&to=2025-12-29":        "to",
		"/heartbeats?cursor=%21%21":                        "cursor",
		"/heartbeats?cursor=e30":                           "cursor",
		"/heartbeats?form=2025-12-29":                      "form",
		"/runs?type=x":                                     "type",
		"/locks?limit=1.5":                                 "limit",
		"/coverage?from=2025-12-30&to=2025-12-29":          "to",
		"/coverage?from=2010-01-01&to=2025-12-29":          "from",
		"/coverage?window=1x":                              "window",
		"/coverage?window=1h&from=2025-12-29":              "from",
		"/coverage?format=markdown":                        "format",
		"/heartbeats?window=1h&to=2025-12-29":              "to",
		"/heartbeats?window=soon":                          "window",
		"/heartbeats?format=csv":                           "format",
		"/probes?format=csv&limit=100001":                  "limit",
		"/probes?limit=1001":                               "limit",
		"/badge.svg?window=1x":                             "window",
		"/badge.svg?from=2025-12-29":                       "from",
		"/coverage?limit=3":                                "limit",
		"/status?verbose=1":                                "verbose",
		"/config?x=1":                                      "x",
		"/heartbeats?from=0000-01-01T00:00:00Z":            "from",
		"/heartbeats?to=99999-01-01T00:00:00Z":             "to",
		"/coverage?from=2025-12-29T22:14:29&to=2025-12-30": "from",
	} {
		status, body, _ := s.ask(http.MethodGet, path, "")
		require.Equal(t, http.StatusBadRequest, status, path)
		require.Equal(t, field, body["field"], path)
		require.Contains(t, body["error"], field, path)
	}
}

func TestOtherPathsAndMethodsAreToldInJSON(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	status, body, _ := s.ask(http.MethodGet, "/nothing", "")
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "no such endpoint", body["error"])
	status, _, header := s.ask(http.MethodDelete, "/config", "")
	require.Equal(t, http.StatusMethodNotAllowed, status)
	require.Equal(t, "GET, HEAD, PUT", header.Get("Allow"))
}

func TestTheTokenOpensAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	s := newStand(t, "s3cret-token-of-a-test")
	s.get("/status")
	for name, headers := range map[string][]string{
		"none":         {"Authorization", ""},
		"wrong":        {"Authorization", "Bearer wrong"},
		"prefix":       {"Authorization", "Bearer s3cret-toke"},
		"longer":       {"Authorization", "Bearer s3cret-token2"},
		"other scheme": {"Authorization", "Basic s3cret-token-of-a-test"},
		"bare":         {"Authorization", "s3cret-token-of-a-test"},
	} {
		for _, path := range []string{"/status", "/heartbeats", "/nothing", "/config?token=s3cret-token&access_token=s3cret-token-of-a-test"} {
			status, body, header := s.ask(http.MethodGet, path, "", headers...)
			require.Equal(t, http.StatusUnauthorized, status, name+path)
			require.NotEmpty(t, header.Get("WWW-Authenticate"))
			require.NotContains(t, fmt.Sprint(body), "s3cret")
		}
	}
	status, _, _ := s.ask(http.MethodGet, "/livez", "", "Authorization", "")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, s.log.String(), "s3cret", "it is never logged")
}

func TestWithoutATokenOnlyLoopbackIsAnswered(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.get("/status")
	status, _, _ := s.ask(http.MethodGet, "/status", "", "Host", "rebound.example:80")
	require.Equal(t, http.StatusForbidden, status, "a page's own name that points here")
	for _, host := range []string{"localhost:1", "127.0.0.1", "[::1]:80", "LOCALHOST."} {
		status, _, _ = s.ask(http.MethodGet, "/status", "", "Host", host)
		require.Equal(t, http.StatusOK, status, host)
	}
	// The name alone opens nothing: the address that was reached counts.
	for local, want := range map[string]int{
		"": http.StatusForbidden, "10.1.2.3:8080": http.StatusForbidden, "0.0.0.0:80": http.StatusForbidden, "[fe80::1]:80": http.StatusForbidden,
		"127.0.0.1:8080": http.StatusOK, "[::1]:8080": http.StatusOK,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost"+adminhttp.DefaultPrefix+"/status", nil)
		if local != "" {
			addr, err := net.ResolveTCPAddr("tcp", local)
			require.NoError(t, err)
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr)))
		}
		w := httptest.NewRecorder()
		s.server.Config.Handler.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, "reached at %q", local)
	}
}

func TestAStoreThatFailsIs503WithoutInternals(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	remove := s.faulty.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error {
		return errors.New("dial tcp 10.1.2.3:443: password=hunter2")
	}})
	for _, path := range []string{"/heartbeats", "/runs", "/locks", "/coverage", "/config"} {
		status, body, _ := s.ask(http.MethodGet, path, "")
		require.Equal(t, http.StatusServiceUnavailable, status, path)
		require.Equal(t, "the store does not answer", body["error"])
	}
	status, _, _ := s.ask(http.MethodPut, "/config", `{"expectedAccounts":1}`)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, s.log.String(), "hunter2", "the log says why")

	calls := s.faulty.Calls(storetest.Get) + s.faulty.Calls(storetest.Scan) + s.faulty.Calls(storetest.Commit)
	for _, path := range []string{"/status", "/livez"} {
		require.NotContains(t, fmt.Sprint(s.get(path)), "hunter2")
	}
	status, _, _ = s.ask(http.MethodGet, "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, calls, s.faulty.Calls(storetest.Get)+s.faulty.Calls(storetest.Scan)+s.faulty.Calls(storetest.Commit), "these ask the store nothing")
	remove()
}

func TestReadyIsWhoeverRunsAndReachesItsStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status monitor.Status
		code   int
	}{
		{monitor.Status{State: monitor.Leading, StoreReachable: true}, http.StatusOK},
		{monitor.Status{State: monitor.Standby, StoreReachable: true}, http.StatusOK},
		{monitor.Status{State: monitor.Leading}, http.StatusServiceUnavailable},
		{monitor.Status{State: monitor.Stopped, StoreReachable: true}, http.StatusServiceUnavailable},
		{monitor.Status{State: monitor.Standby, StoreReachable: true, StoreReadOnly: true}, http.StatusServiceUnavailable},
	} {
		w := httptest.NewRecorder()
		adminhttp.Readyz(statusOf(c.status)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		require.Equal(t, c.code, w.Code, "%+v", c.status)
	}
}

type statusOf monitor.Status

func (s statusOf) Status() monitor.Status { return monitor.Status(s) }

// strange is a store in which somebody wrote a number that is none into a beat,
// which ours refuse and Firestore's console does not.
type strange struct {
	store.Store
	id string
}

func (s strange) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for rec, err := range s.Store.Scan(ctx, q) {
			if inner := rec; rec.Key.ID == s.id {
				rec = store.NewRecord(rec.Key, rec.At, rec.Version, rec.UpdateTime, rec.ReadTime, func(v any) error {
					err := inner.Decode(v)
					if h, ok := v.(*longrun.Heartbeat); ok {
						h.DriftSec = math.NaN()
					}
					return err
				})
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func TestAValueThatJSONCannotSaySpoilsItsOwnDocumentOnly(t *testing.T) {
	t.Parallel()
	h := longrun.Beat(time.Date(2025, 12, 29, 23, 8, 20, 0, time.UTC), time.Minute)
	s := newStandOf(t, "", func(c *monitor.Config) { c.Store = strange{c.Store, h.BucketID} })
	s.night()
	s.put(s.ledger.CreateHeartbeat(h))
	body := s.get("/heartbeats?limit=2")
	require.Equal(t, map[string]any{
		"id": h.BucketID, "path": "wa_metrics/longrun/heartbeats/" + h.BucketID, "error": "the document cannot be shown as JSON",
	}, array(body["heartbeats"])[0])
	require.Equal(t, "2025-12-29T23-07-00", object(array(body["heartbeats"])[1])["bucketId"])
}

func TestWhoGoesAwayIsNoFailureOfTheStore(t *testing.T) {
	t.Parallel()
	s := newStand(t, "s3cret-token-of-a-test")
	ctx, gone := context.WithCancel(t.Context())
	s.faulty.Inject(storetest.Fault{Before: func(ctx context.Context, _ storetest.Call) error {
		gone()
		<-ctx.Done()
		return ctx.Err()
	}})
	for _, path := range []string{"/heartbeats", "/report", "/coverage", "/incidents/x"} {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, adminhttp.DefaultPrefix+path, nil)
		r.Header.Set("Authorization", "Bearer s3cret-token-of-a-test")
		s.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	require.Empty(t, s.log.String())
}
