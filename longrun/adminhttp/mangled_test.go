package adminhttp_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// specimens are one sound document of each collection, by its ID.
func specimens(now time.Time) map[ledger.Collection]struct {
	id    string
	value any
} {
	type specimen = struct {
		id    string
		value any
	}
	began := now.Add(-30 * time.Minute)
	incident := longrun.Incident{IncidentID: rules.IncidentID(rules.QueueDepth, "x", began), Rule: rules.QueueDepth, Target: "x", TS: began, TSStart: began, Summary: "s"}
	beat := longrun.Beat(began, time.Minute)
	return map[ledger.Collection]specimen{
		ledger.Config:     {"current", longrun.DefaultSettings(time.Minute)},
		ledger.Locks:      {ledger.SchedulerLock, lock.Row{Epoch: 1, TS: now}},
		ledger.Runs:       {"RUN_one", longrun.Run{RunID: "RUN_one", InstanceID: "one", TS: began, IntervalSec: 60}},
		ledger.Heartbeats: {beat.BucketID, beat},
		ledger.Probes:     {"OUT_1", longrun.Probe{ProbeKey: "OUT_1", Type: longrun.Outbound, TS: began, Result: longrun.Pass}},
		ledger.Incidents:  {incident.IncidentID, incident},
		ledger.Rules:      {"queue_depth_x", rules.State{Rule: rules.QueueDepth, Target: "x", TS: began}},
		ledger.Silences:   {"s1", longrun.Silence{SilenceID: "s1", TS: began, From: began, Until: now.Add(time.Hour)}},
		ledger.Outbox:     {"n1", longrun.Notice{NoticeID: "n1", TS: began, Created: began}},
		ledger.Rollups:    {"2025-12-28", longrun.Rollup{Date: "2025-12-28", TS: longrun.DayOf(now).From.AddDate(0, 0, -1)}},
	}
}

// mangle returns what may have become of a document: each field left out, or of
// another kind, or of a foolish value.
func mangle(t *testing.T, value any) map[string]map[string]any {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	whole := func() map[string]any {
		var fields map[string]any
		require.NoError(t, json.Unmarshal(text, &fields))
		return fields
	}
	out := map[string]map[string]any{"empty": {}}
	for _, name := range slices.Sorted(maps.Keys(whole())) {
		without := whole()
		delete(without, name)
		out["without "+name] = without
		for what, instead := range map[string]any{
			"null": nil, "a number": -7.5, "much": 9e18, "a text": "\x1b[2J\u202e/../a/b\n", "empty": "", "long": strings.Repeat("x", 3000),
			"a list": []any{1.0, "a"}, "an object": map[string]any{"a": 1.0}, "the last moment": "9999-12-31T23:59:59Z", "the first": "0001-01-01T00:00:01Z",
		} {
			other := whole()
			other[name] = instead
			out[name+" is "+what] = other
		}
	}
	return out
}

func TestNoDocumentTakesTheNumbersOrTheListsAway(t *testing.T) {
	t.Parallel()
	for collection, good := range specimens(time.Date(2025, 12, 29, 23, 8, 20, 0, time.UTC)) {
		t.Run(string(collection), func(t *testing.T) {
			t.Parallel()
			s := newStand(t, "")
			s.night()
			now := s.clock.Now()
			written := object(s.get("/coverage")["coverage"])["written"]
			reports := []string{"/report?window=7d", "/report?window=24h&format=html", "/report?format=markdown"}
			tried := 0
			mangled := mangle(t, good.value)
			for n, what := range slices.Sorted(maps.Keys(mangled)) {
				if seedtest.Skips(n) {
					continue
				}
				tried++
				fields := mangled[what]
				fields["ts"] = now.Add(-30 * time.Minute) // else it is in no list
				key := s.ledger.Key(collection, good.id)
				s.put(store.Set(key, fields))
				for _, path := range []string{
					"/heartbeats", "/probes", "/incidents?rule=queue_depth", "/incidents", "/outbox", "/silences?active=true", "/silences",
					"/rollups", "/runs", "/locks", "/config", "/coverage", reports[tried%len(reports)], // the forms differ in how they are written
				} {
					a := s.do(http.MethodGet, path, "")
					require.Equal(t, http.StatusOK, a.status, "%s, GET %s: %s", what, path, a.body)
				}
				if collection == ledger.Incidents || collection == ledger.Rollups {
					a := s.do(http.MethodGet, fmt.Sprintf("/%s/%s", collection, good.id), "")
					require.NotEqual(t, http.StatusServiceUnavailable, a.status, "%s: %s", what, a.body)
				}
				if collection != ledger.Heartbeats { // one more beat fills a slot
					require.Equal(t, written, object(s.get("/coverage")["coverage"])["written"], what)
				}
				s.put(store.Delete(key))
			}
		})
	}
}

func TestADocumentWithoutItsNameIsShownAsUnreadable(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	at := s.clock.Now().Add(-30 * time.Minute)
	for _, c := range []ledger.Collection{ledger.Incidents, ledger.Runs, ledger.Silences} {
		s.put(store.Set(s.ledger.Key(c, "nameless"), map[string]any{"ts": at, "tsStart": at}))
		body := s.get("/" + string(c))
		require.Equal(t, map[string]any{
			"id": "nameless", "path": "wa_metrics/longrun/" + string(c) + "/nameless", "error": "the document does not decode",
		}, array(body[string(c)])[0])
	}
	require.EqualValues(t, 43, object(s.get("/coverage?to=2025-12-29T23:08:20Z")["coverage"])["written"])
	require.Contains(t, string(s.do(http.MethodGet, "/report?format=markdown", "").body), "incidents/nameless does not decode")
}
