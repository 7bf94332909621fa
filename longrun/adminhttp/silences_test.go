package adminhttp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// moment is a time in a document of a reply.
func moment(v any) time.Time {
	o := object(v)
	sec, _ := o["_seconds"].(float64)
	ns, _ := o["_nanoseconds"].(float64)
	return time.Unix(int64(sec), int64(ns)).UTC()
}

func (s *stand) silence(body string) map[string]any {
	s.t.Helper()
	status, reply, _ := s.ask(http.MethodPost, "/silences", body)
	require.Equal(s.t, http.StatusCreated, status, "%v", reply)
	return object(reply["silence"])
}

func TestASilenceLastsForMinutesOrUntilATime(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	now := s.clock.Now().UTC()
	for body, want := range map[string][2]time.Time{
		`{"minutes":90}`:                   {now, now.Add(90 * time.Minute)},
		`{"minutes":0.5}`:                  {now, now.Add(30 * time.Second)},
		`{"minutes":43200}`:                {now, now.Add(30 * 24 * time.Hour)},
		`{"until":"2025-12-30T00:00:00Z"}`: {now, time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)},
		`{"until":"2025-12-30T02:00:00+02:00","minutes":null,"rule":""}`:           {now, time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)},
		`{"from":"2025-12-31T00:00:00Z","minutes":60}`:                             {time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 31, 1, 0, 0, 0, time.UTC)},
		`{"from":"2025-12-29T22:00:00Z","until":"2025-12-29T23:30:00.123456789Z"}`: {time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC), time.Date(2025, 12, 29, 23, 30, 0, 123456000, time.UTC)},
	} {
		got := s.silence(body)
		require.Equal(t, want[0], moment(got["from"]), body)
		require.Equal(t, want[0], moment(got["ts"]), body)
		require.Equal(t, want[1], moment(got["until"]), body)
		require.Equal(t, now, moment(got["created"]), body)
		require.Equal(t, "admin API", got["by"])
		require.Equal(t, got["id"], got["silenceId"])
	}
	require.Len(t, ids(s.get("/silences?limit=100"), "silences"), 7)
}

func TestASilenceSaysForWhatAndWhy(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	got := s.silence(`{"minutes":5,"rule":"logged_out","target":"+49 151 23456789","by":"Ana, +40 721 234 567","reason":"new number 0721234567"}`)
	require.Equal(t, "logged_out", got["rule"])
	require.NotEmpty(t, got["target"])
	shown := object(array(s.get("/silences")["silences"])[0])
	require.Equal(t, got, shown, "the reply is what is stored")
	alerttest.LeaksNoSecret(t, nil, s.do(http.MethodGet, "/silences", "").body, s.log.String())
}

func TestEachBadFieldOfASilenceIsNamed(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	long := strings.Repeat("x", 201)
	for body, field := range map[string]string{
		`{}`:                 "until",
		`{"minutes":null}`:   "until",
		`{"minutes":0}`:      "minutes",
		`{"minutes":-5}`:     "minutes",
		`{"minutes":43201}`:  "minutes",
		`{"minutes":1e300}`:  "minutes",
		`{"minutes":1e-9}`:   "minutes",
		`{"minutes":"five"}`: "minutes",
		`{"minutes":[5]}`:    "minutes",
		`{"minutes":5,"until":"2025-12-30T00:00:00Z"}`:                   "minutes",
		`{"minutes":5,"from":"2025-12-29T20:00:00Z"}`:                    "minutes",
		`{"until":"2025-12-29T23:00:00Z"}`:                               "until",
		`{"until":"2025-12-29T23:08:20Z"}`:                               "until",
		`{"until":"2026-02-01T00:00:00Z"}`:                               "until",
		`{"until":"tomorrow"}`:                                           "until",
		`{"until":1767049650}`:                                           "until",
		`{"until":"2025-12-30"}`:                                         "until",
		`{"until":"0001-01-01T00:00:00Z"}`:                               "until",
		`{"from":"2025-12-31T00:00:00Z","until":"2025-12-30T00:00:00Z"}`: "until",
		`{"from":"yesterday","minutes":5}`:                               "from",
		`{"from":"9999-12-31T23:59:59Z","minutes":43200}`:                "from",
		`{"minutes":5,"rule":"nonsense"}`:                                "rule",
		`{"minutes":5,"rule":7}`:                                         "rule",
		`{"minutes":5,"target":"` + long + `"}`:                          "target",
		`{"minutes":5,"by":"` + long + `"}`:                              "by",
		`{"minutes":5,"reason":"` + long + `"}`:                          "reason",
		`{"minutes":5,"reason":{}}`:                                      "reason",
		`{"minutes":5,"for":"all"}`:                                      "for",
		`{"Minutes":5}`:                                                  "Minutes",
		`{"minutes":5,"silenceId":"mine"}`:                               "silenceId",
	} {
		status, reply, _ := s.ask(http.MethodPost, "/silences", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Equal(t, field, reply["field"], "%s: %v", body, reply["error"])
		require.True(t, strings.HasPrefix(fmt.Sprint(reply["error"]), field+": "), "%s: %v", body, reply["error"])
		require.NotContains(t, reply["error"], "Go ", "%s: the words are JSON's", body)
	}
	_, reply, _ := s.ask(http.MethodPost, "/silences", `{"minutes":"five","rule":[],"for":1}`)
	for _, field := range []string{"minutes: ", "rule: ", "for: "} {
		require.Contains(t, reply["error"], field, "all of them at once")
	}
	status, reply, _ := s.ask(http.MethodPost, "/silences?minutes=5", `{}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "minutes", reply["field"], "a parameter is no field")
	require.Empty(t, ids(s.get("/silences"), "silences"))
	require.Zero(t, s.faulty.Calls("Commit"))
}

func TestABodyThatIsNoObjectIsRefused(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, target := range []string{"POST /silences", "PUT /config"} {
		method, path, _ := strings.Cut(target, " ")
		for body, why := range map[string]string{
			"":               "is empty",
			" \n":            "is empty",
			"minutes=5":      "no JSON object",
			"[]":             "no JSON object",
			"null":           "no JSON object",
			`"x"`:            "no JSON object",
			`{"minutes":5`:   "no JSON object",
			`{"minutes":5}{`: "no JSON object",
			"\xff":           "no JSON object",
		} {
			status, reply, _ := s.ask(method, path, body)
			require.Equal(t, http.StatusBadRequest, status, "%s %q", target, body)
			require.Contains(t, reply["error"], why, "%s %q", target, body)
		}
		status, _, _ := s.ask(method, path, `{"minutes":5`+strings.Repeat(" ", 65<<10)+`}`)
		require.Equal(t, http.StatusRequestEntityTooLarge, status, target)
	}
	require.Zero(t, s.faulty.Calls("Commit"))
}

func TestSilencesAreListedByWhetherTheyHold(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	over := fmt.Sprint(s.silence(`{"minutes":10}`)["id"])
	s.clock.Add(10 * time.Minute)
	holds := fmt.Sprint(s.silence(`{"minutes":10}`)["id"])
	later := fmt.Sprint(s.silence(`{"from":"2025-12-31T00:00:00Z","minutes":10}`)["id"])
	require.Equal(t, []string{later, holds, over}, ids(s.get("/silences"), "silences"))
	require.Equal(t, []string{later, holds}, ids(s.get("/silences?active=true"), "silences"))
	require.Equal(t, []string{over}, ids(s.get("/silences?active=false"), "silences"))
	status, body, _ := s.ask(http.MethodGet, "/silences?active=now", "")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "active", body["field"])
}

func TestASilenceIsEndedOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	id := fmt.Sprint(s.silence(`{"minutes":60}`)["id"])
	s.clock.Add(10 * time.Minute)
	end := func() time.Time {
		status, body, _ := s.ask(http.MethodDelete, "/silences/"+id, "")
		require.Equal(t, http.StatusOK, status)
		return moment(object(body["silence"])["until"])
	}
	first := end()
	require.Equal(t, s.clock.Now().UTC(), first)
	require.Empty(t, ids(s.get("/silences?active=true"), "silences"))
	s.clock.Add(time.Minute)
	require.Equal(t, first, end(), "it had ended")
	require.Equal(t, []string{id}, ids(s.get("/silences"), "silences"), "its document stays")

	later := s.silence(`{"from":"2025-12-31T00:00:00Z","minutes":10}`)
	status, _, _ := s.ask(http.MethodDelete, "/silences/"+fmt.Sprint(later["id"]), "")
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, ids(s.get("/silences?active=true"), "silences"), "one that has not begun never does")
}

func TestASilenceThatIsNotThereCannotBeEnded(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, id := range []string{"nothing", "%FF", "a%2Fb", strings.Repeat("x", 501)} {
		status, body, _ := s.ask(http.MethodDelete, "/silences/"+id, "")
		require.Equal(t, http.StatusNotFound, status, id)
		require.Equal(t, "id", body["field"])
		require.Equal(t, "no such silence", strings.TrimPrefix(fmt.Sprint(body["error"]), "id: "))
	}
	s.put(store.Set(s.ledger.Key(ledger.Silences, "a/b"), longrun.Silence{SilenceID: "a/b", TS: s.clock.Now(), From: s.clock.Now(), Until: s.clock.Now().Add(time.Hour)}))
	status, _, _ := s.ask(http.MethodDelete, "/silences/"+url.PathEscape("a/b"), "")
	require.Equal(t, http.StatusOK, status)
	s.put(store.Set(s.ledger.Key(ledger.Silences, "bad"), map[string]any{"ts": s.clock.Now(), "until": "soon"}))
	status, body, _ := s.ask(http.MethodDelete, "/silences/bad", "")
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, "the document does not decode", body["error"])
	status, _, _ = s.ask(http.MethodDelete, "/silences/bad?now=1", "")
	require.Equal(t, http.StatusBadRequest, status)
}
