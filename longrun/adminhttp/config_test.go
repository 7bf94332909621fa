package adminhttp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func TestSettingsAreReadChangedAndReadBack(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	body := s.get("/config")
	require.Equal(t, false, body["stored"])
	require.InDelta(t, 0.8, object(body["config"])["insufficientDataThreshold"], 0)
	require.Nil(t, object(body["config"])["ts"])

	status, body, header := s.ask(http.MethodPut, "/config", `{"expectedAccounts":4}`)
	require.Equal(t, http.StatusOK, status, "%v", body)
	require.Equal(t, true, body["stored"])
	etag := header.Get("ETag")
	require.NotEmpty(t, etag)
	config := object(s.get("/config")["config"])
	require.NotNil(t, config["ts"])
	require.Equal(t, config, object(body["config"]), "the reply shows what is stored")
	require.EqualValues(t, 4, config["expectedAccounts"])
	require.InDelta(t, 0.8, config["insufficientDataThreshold"], 0, "what was left out stays")
	require.Equal(t, "admin API", config["updatedBy"])
	require.EqualValues(t, 4, object(object(s.get("/status")["status"])["settings"])["expectedAccounts"])

	// What was read can be sent back.
	config["driftSec"] = 5
	back, err := json.Marshal(config)
	require.NoError(t, err)
	status, _, _ = s.ask(http.MethodPut, "/config", string(back), "If-Match", etag)
	require.Equal(t, http.StatusOK, status)
	status, _, _ = s.ask(http.MethodPut, "/config", string(back), "If-Match", etag)
	require.Equal(t, http.StatusPreconditionFailed, status)
}

func TestTheSchedulesAreReplacedNotAddedTo(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	require.Equal(t, map[string]any{}, object(s.get("/config")["config"])["probeEverySec"])
	for _, body := range []string{`{"probeEverySec":{"outbound":3600,"queue":7200}}`, `{"probeEverySec":{"queue":600}}`} {
		status, reply, _ := s.ask(http.MethodPut, "/config", body)
		require.Equal(t, http.StatusOK, status, "%v", reply)
	}
	require.Equal(t, map[string]any{"queue": 600.0}, object(s.get("/config")["config"])["probeEverySec"])
}

func TestBadSettingsChangeNothing(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for body, field := range map[string]string{
		`{"expectedAccounts":-1}`:              "expectedAccounts",
		`{"driftSec":0}`:                       "driftSec",
		`{"driftSec":"ten"}`:                   "driftSec",
		`{"insufficientDataThreshold":80}`:     "insufficientDataThreshold",
		`{"insufficientDataThreshold":null}`:   "insufficientDataThreshold",
		`{"driftsec_":1}`:                      "driftsec_",
		`{"expectedAccounts":1,"unknown":[1]}`: "unknown",
		`{"expectedAccounts":1.5}`:             "expectedAccounts",
		`{"probeEverySec":{"outbound":5}}`:     "probeEverySec",
		`{"probeEverySec":[60]}`:               "probeEverySec",
		`[]`:                                   "",
		`{}`:                                   "",
		``:                                     "",
		`{"ts":{"_seconds":1}}`:                "",
	} {
		status, reply, _ := s.ask(http.MethodPut, "/config", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		if field != "" {
			require.Equal(t, field, reply["field"], body)
		}
	}
	status, _, _ := s.ask(http.MethodPut, "/config", `{"expectedAccounts":`+strings.Repeat(" ", 70_000)+`1}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.Equal(t, false, s.get("/config")["stored"])
}

func TestSettingsThatMakeNoSenseCanBeMended(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.put(store.Set(s.ledger.SettingsKey(), map[string]any{"driftSec": "ten"}))
	body := s.get("/config")
	require.Contains(t, body["warning"], "make no sense")
	status, _, _ := s.ask(http.MethodPut, "/config", `{"expectedAccounts":1}`)
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, s.get("/config"), "warning")
}

func TestAThresholdThatIsLeftOutStays(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	thresholds := func() map[string]any { return object(object(s.get("/config")["config"])["alertThresholds"]) }
	before := thresholds()
	require.EqualValues(t, 3, before["missedHbPerHour"])
	for _, body := range []string{`{"alertThresholds":{"missedHbPerHour":5}}`, `{"alertThresholds":{"throttleSec":7200}}`, `{"alertThresholds":{}}`} {
		status, reply, _ := s.ask(http.MethodPut, "/config", body)
		require.Equal(t, http.StatusOK, status, "%v", reply)
	}
	before["missedHbPerHour"], before["throttleSec"] = 5.0, 7200.0
	require.Equal(t, before, thresholds())
	require.Equal(t, before, object(object(object(s.get("/status")["status"])["settings"])["alertThresholds"]), "they are in force")
}

func TestMaintenanceAndRetentionAreReplacedNotAddedTo(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, body := range []string{
		`{"maintenance":[{"name":"a","zone":"Europe/Bucharest","days":["mon"],"start":"02:30","minutes":30,"rule":"queue_depth"},{"name":"b","start":"03:00","minutes":5}],"retentionDays":{"probes":40,"runs":30}}`,
		`{"maintenance":[{"name":"c","start":"04:00","minutes":10}],"retentionDays":{"heartbeats":10}}`,
	} {
		status, reply, _ := s.ask(http.MethodPut, "/config", body)
		require.Equal(t, http.StatusOK, status, "%v", reply)
	}
	config := object(s.get("/config")["config"])
	require.Equal(t, []any{map[string]any{
		"name": "c", "zone": "", "days": []any{}, "start": "04:00", "minutes": 10.0, "rule": "", "target": "",
	}}, config["maintenance"], "nothing is left of the first one")
	require.Equal(t, map[string]any{"heartbeats": 10.0}, config["retentionDays"])
	status, _, _ := s.ask(http.MethodPut, "/config", `{"maintenance":[],"retentionDays":{}}`)
	require.Equal(t, http.StatusOK, status)
	config = object(s.get("/config")["config"])
	require.Equal(t, []any{}, config["maintenance"])
	require.Equal(t, map[string]any{}, config["retentionDays"])
}

func TestWhatIsBadInNestedSettingsIsNamed(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for body, want := range map[string][2]string{
		`{"maintenance":[{"zone":"Mars/Olympus","start":"02:30","minutes":5}]}`: {"maintenance", `zone "Mars/Olympus"`},
		`{"maintenance":[{"start":"2:61","minutes":5}]}`:                        {"maintenance", "start"},
		`{"maintenance":[{"start":"02:30","minutes":0}]}`:                       {"maintenance", "minutes 0"},
		`{"maintenance":[{"start":"02:30","minutes":5,"days":["monday"]}]}`:     {"maintenance", `"monday"`},
		`{"maintenance":[{"start":"02:30","minutes":5,"until":"x"}]}`:           {"maintenance", `"until"`},
		`{"maintenance":[null]}`:                                                {"maintenance", "start"},
		`{"maintenance":{}}`:                                                    {"maintenance", "a list"},
		`{"retentionDays":{"rollups":30}}`:                                      {"retentionDays", `"rollups"`},
		`{"retentionDays":{"probes":3}}`:                                        {"retentionDays", "probes 3"},
		`{"retentionDays":{"probes":40.5}}`:                                     {"retentionDays", "whole number"},
		`{"retentionDays":{"probes":null}}`:                                     {"retentionDays", "probes is null"},
		`{"alertThresholds":{"missedHbPerHour":-1}}`:                            {"alertThresholds", "missedHbPerHour -1"},
		`{"alertThresholds":{"missedHbPerHour":null}}`:                          {"alertThresholds", "missedHbPerHour is null"},
		`{"alertThresholds":{"missedHbPerHour":"3"}}`:                           {"alertThresholds", "missedHbPerHour is a string, and should be a whole number"},
		`{"alertThresholds":{"missed":3}}`:                                      {"alertThresholds", `"missed"`},
		`{"alertThresholds":null}`:                                              {"alertThresholds", "is null"},
		`{"DriftSec":5}`:                                                        {"DriftSec", "is not known"},
		`{"TS":"2020-01-01T00:00:00Z"}`:                                         {"TS", "is not known"},
	} {
		status, reply, _ := s.ask(http.MethodPut, "/config", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Equal(t, want[0], reply["field"], body)
		require.Contains(t, reply["error"], want[1], body)
	}
	_, reply, _ := s.ask(http.MethodPut, "/config", `{"driftSec":0,"expectedAccounts":-1,"retentionDays":{"probes":3}}`)
	for _, field := range []string{"driftSec: ", "expectedAccounts: ", "retentionDays: "} {
		require.Contains(t, reply["error"], field, "all of them at once")
	}
	require.Equal(t, false, s.get("/config")["stored"])
}

func TestIfMatchAsksForAVersion(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	put := func(match string) int {
		status, _, _ := s.ask(http.MethodPut, "/config", `{"expectedAccounts":1}`, "If-Match", match)
		return status
	}
	require.Equal(t, http.StatusPreconditionFailed, put("*"), "there are none")
	require.Equal(t, http.StatusPreconditionFailed, put(`"1"`))
	require.Equal(t, http.StatusOK, put(""))
	require.Equal(t, http.StatusOK, put("*"))
	_, _, header := s.ask(http.MethodGet, "/config", "")
	require.Equal(t, http.StatusOK, put(header.Get("ETag")))
	require.Equal(t, http.StatusPreconditionFailed, put(header.Get("ETag")))
	status, body, _ := s.ask(http.MethodPut, "/config?dry=1", `{"expectedAccounts":2}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "dry", body["field"])
}
