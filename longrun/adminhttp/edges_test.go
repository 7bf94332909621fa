package adminhttp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestWithoutATokenNobodyComesThroughAProxy(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Anything", "Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "x-client-ip"} {
		status, body, _ := s.ask(http.MethodGet, "/status", "", header, "203.0.113.9", "Host", "127.0.0.1")
		require.Equal(t, http.StatusForbidden, status, header)
		require.Contains(t, body["error"], "through a proxy", header)
	}
	for _, host := range []string{"LOCALHOST", "localhost.:80", "127.3.2.1:8080", "[::1]:8080", "[::1]"} {
		require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/status", "", "Host", host).status, host)
	}
	for _, host := range []string{"localhost.example", "10.0.0.1", "127.0.0.1.example:80", "[::2]", "0.0.0.0"} {
		require.Equal(t, http.StatusForbidden, s.do(http.MethodGet, "/status", "", "Host", host).status, host)
	}
	behind := newStand(t, "s3cret-token-of-a-test")
	require.Equal(t, http.StatusOK, behind.do(http.MethodGet, "/status", "", "X-Forwarded-For", "203.0.113.9", "Host", "ops.example").status, "the token is enough")
}

func TestOptionsThatOpenTooMuchAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options adminhttp.Options
		says    string
	}{
		"short":       {adminhttp.Options{Token: "fifteen-letters"}, "15 characters"},
		"one":         {adminhttp.Options{Token: "x"}, "1 characters"},
		"blank":       {adminhttp.Options{Token: "                    "}, "blank"},
		"a line feed": {adminhttp.Options{Token: "s3cret-token-of-a-test\n"}, "white space"},
		"no header":   {adminhttp.Options{Token: "s3cret\x00-token-of-a-test"}, "not ASCII"},
		"a prefix":    {adminhttp.Options{Prefix: "ops"}, "Prefix"},
		"a limit":     {adminhttp.Options{Limits: adminhttp.Limits{Reads: -1, BodyTime: -1}}, "Reads is below 0\nadminhttp: Limits: BodyTime"},
	} {
		err := c.options.Validate()
		if name == "a limit" {
			require.ErrorContains(t, err, "Reads is below 0")
			require.ErrorContains(t, err, "BodyTime is below 0")
		} else {
			require.ErrorContains(t, err, c.says, name)
		}
		if c.options.Token != "" && len(c.options.Token) > 1 {
			require.NotContains(t, err.Error(), strings.TrimSpace(c.options.Token)+"!", name)
			alerttest.LeaksNoSecret(t, []string{c.options.Token}, err)
		}
		var log logged
		c.options.Logger = newLogger(&log)
		server := httptest.NewServer(adminhttp.New(&told{}, c.options))
		t.Cleanup(server.Close)
		require.Contains(t, log.String(), "options are refused", name)
		prefix := adminhttp.DefaultPrefix
		if c.options.Prefix != "" {
			prefix = "/ops"
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+prefix+"/status", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+strings.Map(func(c rune) rune {
			if c < ' ' {
				return -1
			}
			return c
		}, c.options.Token))
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, name)
	}
	require.NoError(t, adminhttp.Options{Token: "sixteen-letters!"}.Validate())
	require.NoError(t, adminhttp.Options{}.Validate())
}

func TestWrongTokensMakeOneLineAMinuteAndTheRightOneAlwaysOpens(t *testing.T) {
	t.Parallel()
	s := newStand(t, "s3cret-token-of-a-test")
	lines := func() int { return strings.Count(s.log.String(), "without the token were refused") }
	refused := map[int]int{}
	for range 200 {
		refused[s.do(http.MethodGet, "/status", "", "Authorization", "Bearer guess").status]++
		require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/status", "").status, "the right one")
	}
	require.Equal(t, map[int]int{http.StatusUnauthorized: 60, http.StatusTooManyRequests: 140}, refused)
	require.Equal(t, 1, lines())
	s.clock.Add(time.Minute)
	require.Equal(t, 2, lines())
	require.Contains(t, s.log.String(), "count=199")
	require.NotContains(t, s.log.String(), "guess")
	s.clock.Add(time.Hour)
	require.Equal(t, 2, lines(), "nothing came")
	require.Equal(t, http.StatusUnauthorized, s.do(http.MethodGet, "/status", "", "Authorization", "Bearer guess").status)
	require.Equal(t, 3, lines())
	for range 60 {
		s.do(http.MethodGet, "/status", "", "Authorization", "Bearer guess")
	}
	_, _, header := s.ask(http.MethodGet, "/status", "", "Authorization", "Bearer guess")
	require.Equal(t, "60", header.Get("Retry-After"))
}

func TestTestMessagesAreLimited(t *testing.T) {
	t.Parallel()
	channel := alerttest.NewRecorder()
	s := alerting(t, channel)
	post := func() (int, string) {
		a := s.do(http.MethodPost, "/alerts/test", "")
		return a.status, a.header.Get("Retry-After")
	}
	status, _ := post()
	require.Equal(t, http.StatusOK, status)
	for range 20 {
		status, wait := post()
		require.Equal(t, http.StatusTooManyRequests, status)
		require.Equal(t, "10", wait)
	}
	for range 9 {
		s.clock.Add(10 * time.Second)
		status, _ = post()
		require.Equal(t, http.StatusOK, status)
	}
	s.clock.Add(10 * time.Second)
	status, wait := post()
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Equal(t, fmt.Sprint(3600-100), wait)
	s.clock.Add(3500 * time.Second)
	status, _ = post()
	require.Equal(t, http.StatusOK, status)
	require.Len(t, channel.Messages(), 11)
}

func TestAFewReportsAtATimeAndTheOthersAreToldToWait(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	s.limits = adminhttp.Limits{Surveys: 2, Reads: 3}
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	s.faulty.Inject(storetest.Fault{Before: func(ctx context.Context, _ storetest.Call) error {
		asked <- struct{}{}
		select {
		case <-answer:
		case <-ctx.Done():
		}
		return nil
	}})
	m, err := monitor.New(monitor.Config{Store: s.faulty, Clock: s.clock})
	require.NoError(t, err)
	s.serve(m)
	var group sync.WaitGroup
	t.Cleanup(group.Wait)
	get := func(path string) { group.Go(func() { s.do(http.MethodGet, path, "") }) }
	get("/report?window=365d")
	get("/coverage")
	for _, path := range []string{"/heartbeats", "/rollups", "/incidents?open=true"} {
		get(path)
	}
	for range 5 {
		<-asked
	}
	for _, path := range []string{"/report", "/report?window=365d&format=html", "/coverage", "/heartbeats", "/rollups", "/rollups/2025-12-28", "/config", "/locks", "/silences"} {
		a := s.do(http.MethodGet, path, "")
		require.Equal(t, http.StatusTooManyRequests, a.status, path)
		require.Equal(t, "1", a.header.Get("Retry-After"), path)
	}
	for _, path := range []string{"/livez", "/readyz", "/status", "/", "/openapi.json"} {
		require.NotEqual(t, http.StatusTooManyRequests, s.do(http.MethodGet, path, "").status, path)
	}
	close(answer)
	group.Wait()
	require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/report", "").status, "there is room again")
}

// A host that embeds the handler may have a server without any limit.
func TestABodyThatDoesNotComeEndsWhateverTheHostsServerDoes(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.limits = adminhttp.Limits{BodyTime: 50 * time.Millisecond}
	s.serve(&told{})
	for _, request := range []string{"PUT /config", "POST /silences", "POST /alerts/test?x=1", "GET /status", "DELETE /silences/x?x=1", "GET /nothing"} {
		method, path, _ := strings.Cut(request, " ")
		conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "%s %s%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{", method, adminhttp.DefaultPrefix, path)
		require.NoError(t, err)
		text, err := io.ReadAll(conn) // ends when the server hangs up
		require.NoError(t, err, request)
		require.Regexp(t, `^HTTP/1.1 (408|400|200|404) `, string(text), request)
		if strings.HasSuffix(request, "config") || strings.HasSuffix(request, "silences") {
			require.Contains(t, string(text), "408", request)
		}
	}
}

// A server's ReadTimeout must not end what its caller has asked for whole, and a
// slow reader must not be waited for.
func TestAHandlerMayTakeLongerThanItsRequest(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	released := make(chan struct{})
	s.faulty.Inject(storetest.Fault{Before: func(ctx context.Context, _ storetest.Call) error {
		select {
		case <-released:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.ReadTimeout = 250 * time.Millisecond
	server.Config.WriteTimeout = 250 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	time.AfterFunc(500*time.Millisecond, func() { close(released) })
	response, err := server.Client().Get(server.URL + adminhttp.DefaultPrefix + "/report")
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", text)
	require.Contains(t, string(text), `"success":true`)
}

func TestWhoDoesNotTakeAReplyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	done := make(chan struct{}, 1)
	h := adminhttp.New(&told{}, adminhttp.Options{Limits: adminhttp.Limits{ReplyTime: 50 * time.Millisecond}})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		done <- struct{}{}
	}))
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
		return ctx
	}
	server.Start()
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	for range 200 { // more than any buffer between them holds
		if _, err := fmt.Fprintf(conn, "GET %s/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", adminhttp.DefaultPrefix); err != nil {
			break
		}
	}
	require.Eventually(t, func() bool { // it hangs up, with what was asked for unanswered
		_, err := conn.Write([]byte("GET / HTTP/1.1\r\n"))
		return err != nil
	}, 20*time.Second, 20*time.Millisecond)
}

func TestABrowserIsToldOnAPageWhatIsPossible(t *testing.T) {
	t.Parallel()
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	s := newStand(t, "")
	for path, status := range map[string]int{
		"/report?window=1x": 400, "/heartbeats?limit=x": 400, "/nothing": 404, "/incidents/none": 404, "/coverage?<script>=\u202e": 400,
	} {
		a := s.do(http.MethodGet, path, "", "Accept", browser)
		require.Equal(t, status, a.status)
		require.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"), path)
		require.Contains(t, a.header.Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, string(a.body), "<script")
		links := regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(string(a.body), -1)
		require.NotEmpty(t, links)
		if strings.HasPrefix(path, "/report") {
			require.Contains(t, string(a.body), "such as 1h, 36h, 7d or 1d12h")
			require.Contains(t, string(a.body), `<a href="?window=7d">7d</a>`)
		}
		for _, link := range links { // each leads somewhere, also under a proxy's path
			base, err := url.Parse(s.server.URL + "/under" + adminhttp.DefaultPrefix + path)
			require.NoError(t, err)
			to, err := base.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
			require.NoError(t, err)
			rest, ok := strings.CutPrefix(to.RequestURI(), "/under"+adminhttp.DefaultPrefix)
			require.True(t, ok, "%s", to)
			if rest != "/readyz" {
				require.Equal(t, http.StatusOK, s.do(http.MethodGet, rest, "").status, rest)
			}
		}
	}
	for _, accept := range []string{"", "*/*", "application/json", "application/json, text/html"} {
		status, _, _ := s.ask(http.MethodGet, "/report?window=1x", "", "Accept", accept)
		require.Equal(t, http.StatusBadRequest, status)
	}
}

func TestAPlusThatIsNotEscapedIsTakenForOne(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	for _, at := range []string{"2025-12-29T22:00:00+02:00", "2025-12-29T22:00:00.5+02:00"} {
		want := object(s.get("/coverage?from=" + url.QueryEscape(at))["coverage"])
		require.Equal(t, want, object(s.get("/coverage?from=" + at)["coverage"]), at)
	}
	status, _, _ := s.ask(http.MethodGet, "/coverage?from=2025-12-29+22:00", "")
	require.Equal(t, http.StatusBadRequest, status, "that is no offset")
}

func TestNoRedirectLeavesThePathOfAProxy(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	client := *s.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for from, to := range map[string]string{"": "/", "//status": "/status", "/incidents//x": "/incidents/x"} {
		response, err := client.Get(s.server.URL + adminhttp.DefaultPrefix + from)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Contains(t, []int{http.StatusFound, http.StatusTemporaryRedirect}, response.StatusCode, from)
		base, err := url.Parse("https://host/ops" + adminhttp.DefaultPrefix + from)
		require.NoError(t, err)
		where, err := base.Parse(response.Header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "https://host/ops"+adminhttp.DefaultPrefix+to, where.String(), from)
	}
}

// heldOpen is a connection that says something and no more.
func heldOpen(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, _ = io.WriteString(conn, text) // it may be closed already: that is what is tested
	return conn
}

func TestAServerHearsANewCallerWhateverTheOthersHold(t *testing.T) { //nolint:tparallel // one after the other, on one server
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("GET /livez", adminhttp.Livez())
	mux.Handle("/", adminhttp.New(&told{}, adminhttp.Options{}))
	server := adminhttp.Server("127.0.0.1:0", mux, adminhttp.Limits{Connections: 50})
	listener, err := net.Listen("tcp", server.Addr)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	addr := listener.Addr().String()
	livez := func() {
		t.Helper()
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
	}
	for name, text := range map[string]string{
		"nothing":       "",
		"half a header": "GET /livez HTTP/1.1\r\nHost: local",
		"half a body":   "PUT " + adminhttp.DefaultPrefix + "/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
		"an idle one":   "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"no reader":     strings.Repeat("GET "+adminhttp.DefaultPrefix+"/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", 100),
	} {
		t.Run(name, func(t *testing.T) {
			var all []net.Conn
			for i := range 300 {
				all = append(all, heldOpen(t, addr, text))
				if i%50 == 0 {
					livez()
				}
			}
			livez()
			for _, conn := range all[:100] { // the oldest were closed
				_, err := io.Copy(io.Discard, conn)
				_ = err // by a reset, or at an end
			}
		})
	}
}

func TestAServerTakesNoHugeHeaders(t *testing.T) {
	t.Parallel()
	server := adminhttp.Server("127.0.0.1:0", adminhttp.Livez(), adminhttp.Limits{})
	listener, err := net.Listen("tcp", server.Addr)
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	for size, want := range map[int]int{8 << 10: http.StatusOK, 30 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		conn := heldOpen(t, listener.Addr().String(), "GET / HTTP/1.1\r\nHost: localhost\r\nX-Much: "+strings.Repeat("x", size)+"\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode, size)
	}
}

// A monitor that is nil, as beside an error that nobody looked at, answers nothing, and no
// request makes the handler panic.
func TestANilMonitorAnswersNothing(t *testing.T) {
	t.Parallel()
	for _, m := range []adminhttp.Monitor{nil, (*monitor.Monitor)(nil)} {
		var log logged
		h := adminhttp.New(m, adminhttp.Options{Logger: newLogger(&log), Clock: (*clock.Mock)(nil), OpenBadge: true})
		require.Contains(t, log.String(), "the Monitor is nil")
		for _, path := range []string{"/status", "/livez", "/readyz", "/badge.svg", "/openapi.json", "/report", "/"} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1"+adminhttp.DefaultPrefix+path, nil)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				require.GreaterOrEqual(t, w.Code, 400, path)
			}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+adminhttp.DefaultPrefix+"/livez", nil))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
	}
}
