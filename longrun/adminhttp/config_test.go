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
