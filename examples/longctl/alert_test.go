package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAServerIsAskedToSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		answer string
		code   int
		says   string
	}{
		"sent":             {http.StatusOK, `{"success":true,"channel":{"lastError":""}}`, 0, "sent by the server, to the channels it has"},
		"refused":          {http.StatusUnauthorized, `{"success":false,"error":"no token"}`, 1, "answered 401 Unauthorized: no token"},
		"not sent":         {http.StatusBadGateway, `{"success":false,"error":"not sent","channel":{"lastError":"chat not found"}}`, 1, "502 Bad Gateway: not sent: chat not found"},
		"another program":  {http.StatusOK, `<html>`, 1, "not as a longwatch server does"},
		"nothing in it":    {http.StatusOK, `{}`, 1, "answered 200 OK"},
		"a different page": {http.StatusNotFound, `[]`, 1, "404 Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/api/admin/longrun/alerts/test" || r.Header.Get("Authorization") != "Bearer secret" {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer server.Close()
			for _, at := range []string{server.URL, server.URL + "/api/admin/longrun/"} {
				got := ctl(t, "alert", "test", "--server="+at, "--token=secret")
				require.Equal(t, c.code, got.code, "%v", got)
				require.Contains(t, got.out+got.err, c.says)
				require.NotContains(t, got.out+got.err, "secret")
			}
		})
	}
}
