package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

const (
	rightToken = "the-token-of-this-one-test"
	// canary stands in every kind of document: who reads it was let in.
	canary = "canary7f3a"
)

// rooms are the addresses of whatever tells something, and of what changes something.
var rooms = []string{
	"GET /", "GET /now", "GET /history", "GET /day/2025-12-28", "GET /account/i-1", "GET /accounts", "GET /incident/i-1", "GET /settings", "GET /report", "GET /events",
	"POST /silence", "POST /settings", "POST /probe", "POST /incident/i-1/silence", "POST /logout",
	"GET /metrics",
	"GET /api/admin/longrun/", "GET /api/admin/longrun/heartbeats", "GET /api/admin/longrun/probes", "GET /api/admin/longrun/incidents", "GET /api/admin/longrun/incidents/i-1",
	"GET /api/admin/longrun/outbox", "GET /api/admin/longrun/silences", "GET /api/admin/longrun/rollups", "GET /api/admin/longrun/runs", "GET /api/admin/longrun/locks",
	"GET /api/admin/longrun/config", "GET /api/admin/longrun/coverage", "GET /api/admin/longrun/budget", "GET /api/admin/longrun/report", "GET /api/admin/longrun/badge.svg",
	"GET /api/admin/longrun/status", "POST /api/admin/longrun/probes/outbound/run", "POST /api/admin/longrun/alerts/test", "POST /api/admin/longrun/silences",
	"DELETE /api/admin/longrun/silences/i-1", "PUT /api/admin/longrun/config",
}

// keys are what is shown at a door that must not open it: lines of a header.
func keys(session string) map[string]string {
	body, _, _ := strings.Cut(session, ".")
	basic := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	return map[string]string{
		"none":                  "",
		"another token":         "Authorization: Bearer another-token-of-nobody",
		"a beginning of it":     "Authorization: Bearer " + rightToken[:len(rightToken)-1],
		"more than it":          "Authorization: Bearer " + rightToken + "x",
		"in other letters":      "Authorization: Bearer " + strings.ToUpper(rightToken),
		"no token":              "Authorization: Bearer ",
		"no scheme":             "Authorization: " + rightToken,
		"another scheme":        "Authorization: Basic " + basic("admin:"+rightToken[1:]),
		"undefined":             "Authorization: Bearer undefined\r\nX-Admin-Token: " + rightToken[1:],
		"from here, it says":    "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: ::1\r\nForwarded: for=127.0.0.1",
		"another method":        "X-HTTP-Method-Override: GET\r\nX-Original-URL: /livez\r\nX-Rewrite-URL: /livez",
		"another way":           "X-Original-URL: /api/admin/longrun/livez\r\nReferer: http://localhost/login",
		"a cookie of its own":   "Cookie: longwatch=1; session=1; admin=true",
		"a cookie that is made": "Cookie: longwatch_session=" + body + ".AAAA.AAAA; __Host-longwatch_session=99999999999.AAAA.AAAA",
		"a socket":              "Connection: Upgrade\r\nUpgrade: websocket",
	}
}

// shapes are how else an address may be written.
func shapes(path string) []string {
	return []string{
		path, "/" + path, strings.Replace(path, "/", "/./", 1), "/livez/.." + path, path + "?token=" + rightToken[1:], path + "%00", strings.Replace(path, "a", "%61", 1), path + ";.css", path + "/.", "/api/admin/longrun/livez/../.." + path,
		"http://localhost" + path,
	}
}

// Whatever somebody without the token shows, and however he writes an address, he reads
// nothing of a document and changes none.
func TestNobodyIsLetInWithoutTheToken(t *testing.T) {
	t.Parallel()
	db := t.TempDir() + "/longrun.db"
	st, err := sqlitestore.Open(t.Context(), db, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	b := openBook(t, st)
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	beat := longrun.Beat(at, time.Second)
	beat.InstanceID, beat.CommitHash = canary, canary
	_, err = st.Commit(t.Context(),
		b.CreateHeartbeat(beat),
		b.SetIncident(longrun.Incident{IncidentID: "i-1", Rule: rules.QueueDepth, TS: at, TSStart: at, Summary: canary}),
		b.SetNotice(longrun.Notice{NoticeID: "i-1", TS: at, State: longrun.Sent, Summary: canary}),
	)
	require.NoError(t, err)
	p := launch(t, canary, "LONGRUN_STORE=sqlite:"+db, "ADMIN_TOKEN="+rightToken, "LONGRUN_METRICS=token")
	p.says("leading")

	// With the token it is told, or nothing was shown by what follows.
	read := func(line, header string) (int, string) {
		t.Helper()
		method, path, _ := strings.Cut(line, " ")
		return p.asked(method, path, header)
	}
	told := 0
	for _, room := range rooms {
		if room == "GET /events" || !strings.HasPrefix(room, "GET") {
			continue
		}
		if status, body := read(room, "Authorization: Bearer "+rightToken); status == http.StatusOK && strings.Contains(body, canary) {
			told++
		}
	}
	require.GreaterOrEqual(t, told, 8)
	_, before := read("GET /api/admin/longrun/config", "Authorization: Bearer "+rightToken)

	for name, header := range keys("99999999999.AAAA") {
		for _, room := range rooms {
			method, path, _ := strings.Cut(room, " ")
			ways := shapes(path)
			if header != "" {
				ways = ways[:1]
			}
			for _, way := range ways {
				status, body := p.asked(method, way, header)
				what := fmt.Sprintf("%s %s with %s: %d\n%.300s", method, way, name, status, body)
				require.NotContains(t, body, canary, what)
				require.NotEqual(t, http.StatusInternalServerError, status, what)
				if status == http.StatusOK {
					require.True(t, open(body), what)
				}
			}
		}
	}
	_, after := read("GET /api/admin/longrun/config", "Authorization: Bearer "+rightToken)
	require.Equal(t, before, after)
}

// open reports whether an answer is of what anybody may read: that the server lives,
// and the page that asks for the token.
func open(body string) bool {
	return strings.Contains(body, `"status":"`) || strings.Contains(body, "type=\"password\"")
}

// asked is what the server answers to one request that is written as it stands.
func (p *process) asked(method, target, header string) (status int, body string) {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.addr)
	require.NoError(p.t, err)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if header != "" {
		header += "\r\n"
	}
	_, err = io.WriteString(conn, method+" "+target+" HTTP/1.1\r\nHost: localhost\r\n"+header+"Content-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
	require.NoError(p.t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(p.t, err, "%s %s %s", method, target, header)
	defer response.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20)) // a stream of events ends with the deadline
	return response.StatusCode, string(data)
}
