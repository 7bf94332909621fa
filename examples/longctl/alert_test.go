package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
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
		"refused":          {http.StatusUnauthorized, `{"success":false,"error":"no token"}`, 2, "no token; set ADMIN_TOKEN"},
		"not sent":         {http.StatusBadGateway, `{"success":false,"error":"not sent","channel":{"lastError":"chat not found"}}`, 1, "not sent: chat not found"},
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

// The token stays with the server that it is for, whichever command has it.
func TestNoTokenGoesOnWithARedirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was followed, with %q", r.URL, r.Header["Authorization"])
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, status)
		}))
		defer server.Close()
		parser, err := kong.New(new(commandLine), kong.Name("longctl"))
		require.NoError(t, err)
		asked := 0
		for _, leaf := range parser.Model.Leaves(true) {
			if !slices.ContainsFunc(leaf.Flags, func(f *kong.Flag) bool { return f.Name == "server" }) {
				continue
			}
			asked++
			args := strings.Fields(leaf.FullPath())[1:]
			for _, p := range leaf.Positional {
				if p.Required {
					args = append(args, "a=b")
				}
			}
			if leaf.FullPath() == "longctl silence add" {
				args = append(args, "--for=1h")
			}
			got := ctl(t, append(args, "--server="+server.URL, "--token=secret")...)
			require.Equal(t, 1, got.code, "%v: %v", args, got)
			require.Contains(t, got.err, fmt.Sprint(status))
		}
		require.Greater(t, asked, 8)
	}
}
