package httpprobe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/httpprobe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
)

func newProber(tb testing.TB, url string, opts *httpprobe.Options) *httpprobe.Prober {
	tb.Helper()
	p, err := httpprobe.New(url, opts)
	require.NoError(tb, err)
	return p
}

func serve(t *testing.T, do http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(do)
	t.Cleanup(srv.Close)
	return srv
}

// stages are the names of a result's.
func stages(r probe.Result) string {
	names := make([]string, 0, len(r.Stages))
	for _, s := range r.Stages {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

// secrets stand in every URL and header of these tests.
var secrets = []string{"frank", "s3cret", "t0ken", "k3y", "hidden-path"}

// withSecrets puts them into the URL of a server.
func withSecrets(url string) string {
	return strings.Replace(url, "://", "://frank:s3cret@", 1) + "/hidden-path?token=t0ken"
}

func discreet(t *testing.T, r probe.Result, err error) {
	t.Helper()
	for _, secret := range secrets {
		require.NotContains(t, fmt.Sprintf("%+v %v", r, err), secret)
	}
}

func TestTheProberKeepsTheContract(t *testing.T) {
	t.Parallel()
	probetest.Run(t, func(t *testing.T) probetest.Subject {
		silent, ended := make(chan struct{}), make(chan struct{})
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-silent:
				<-ended
			default:
			}
		}))
		t.Cleanup(func() { close(ended); srv.Close() })
		p := newProber(t, withSecrets(srv.URL), &httpprobe.Options{Header: http.Header{"X-Key": {"k3y"}}})
		return probetest.Subject{Prober: p, Break: func() { close(silent) }, Secrets: secrets}
	})
}

func TestAnAnswerIsJudgedByItsStatusAndItsBody(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var code int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &code)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "all is well t0ken")
	})
	for name, test := range map[string]struct {
		path  string
		opts  httpprobe.Options
		class string
	}{
		"well":             {path: "/200"},
		"no content":       {path: "/204"},
		"missing":          {path: "/404", class: "status_404"},
		"broken":           {path: "/503", class: "status_503"},
		"not followed":     {path: "/302", class: "status_302"},
		"as asked":         {path: "/401", opts: httpprobe.Options{Status: []int{200, 401}}},
		"not as asked":     {path: "/201", opts: httpprobe.Options{Status: []int{200, 401}}, class: "status_201"},
		"head":             {path: "/200", opts: httpprobe.Options{Method: "HEAD"}},
		"matches":          {path: "/200", opts: httpprobe.Options{Match: regexp.MustCompile(`^all.*well`)}},
		"does not match":   {path: "/200", opts: httpprobe.Options{Match: regexp.MustCompile(`unwell`)}, class: "body_mismatch"},
		"behind the bound": {path: "/200", opts: httpprobe.Options{Match: regexp.MustCompile(`well`), MaxBody: 6}, class: "body_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := newProber(t, srv.URL+test.path, &test.opts).Probe(t.Context())
			require.NoError(t, err)
			require.Equal(t, test.class, r.Class)
			require.Equal(t, map[bool]probe.Status{true: probe.Pass, false: probe.Fail}[test.class == ""], r.Status)
			require.Equal(t, "connect first_byte body", stages(r))
			require.Equal(t, srv.URL, r.Target)
			require.Positive(t, r.Latency)
			var sum time.Duration
			for _, s := range r.Stages {
				sum += s.Took
			}
			require.LessOrEqual(t, sum, r.Latency, "the parts are no more than the whole")
			discreet(t, r, err)
		})
	}
}

// A server hangs in each part of its answer; the time is over when it does.
func TestWhatHangsFailsByWhereItHangs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scheme, begins, class, stages string
	}{
		"before the handshake": {"https://", "", "tls_timeout", "connect"},
		"before an answer":     {"http://", "", "no_answer", "connect"},
		"in the head":          {"http://", "HTTP/1.1 200 OK\r\nContent-", "body_timeout", "connect first_byte"},
		"in the body":          {"http://", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", "body_timeout", "connect first_byte"},
	} {
		for over, cause := range map[string]error{" too long": context.DeadlineExceeded, " until it is called off": context.Canceled} {
			t.Run(name+over, func(t *testing.T) {
				t.Parallel()
				ctx, end := context.WithCancelCause(t.Context())
				address, transport := hangs(t, test.begins, func() { end(cause) })
				r, err := newProber(t, withSecrets(test.scheme+address), &httpprobe.Options{Transport: transport}).Probe(ctx)
				discreet(t, r, err)
				if errors.Is(cause, context.Canceled) {
					require.Equal(t, probe.ClassInterrupted, probe.ClassOf(err))
					require.Zero(t, r)
					return
				}
				require.NoError(t, err)
				require.Equal(t, test.class, r.Class)
				require.Equal(t, test.stages, stages(r))
			})
		}
	}
}

// hangs is a server that reads what comes, begins an answer, and does not end it, and
// a transport to it. hung is called when the client has all there is and wants more.
func hangs(t *testing.T, begins string, hung func()) (address string, transport *http.Transport) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 4096)) // the request, or the client's hello
		if begins == "" {
			hung()
		}
		_, _ = io.WriteString(conn, begins)
		_, _ = io.Copy(io.Discard, conn) // until the client gives up
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String(), &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil && begins != "" {
			conn = &wanting{Conn: conn, left: len(begins), more: hung}
		}
		return conn, err
	}}
}

// wanting is a connection that tells when more is read than there is.
type wanting struct {
	net.Conn

	left int
	more func()
}

func (w *wanting) Read(to []byte) (int, error) {
	if w.left == 0 {
		w.more()
	}
	n, err := w.Conn.Read(to)
	w.left -= n
	return n, err
}

func TestWhatIsNotThereFailsByItsClass(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := l.Addr().String()
	require.NoError(t, l.Close())

	for name, test := range map[string]struct{ url, class string }{
		"nobody listens": {"http://" + closed, "connect_refused"},
		"hangs up":       {"http://" + answers(t, ""), "connection_lost"},
		"no HTTP":        {"http://" + answers(t, "220 mail.example frank s3cret t0ken\r\n\r\n"), "malformed_answer"},
		"breaks off":     {"http://" + answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"), "body_cut"},
		"no TLS":         {"https://" + answers(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "tls_failed"},
		"no TLS at all":  {"https://" + answers(t, "220 mail.example\r\n"), "tls_failed"},
		"endless head":   {"http://" + answers(t, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("t0ken", 1<<19)), "malformed_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := newProber(t, withSecrets(test.url), nil).Probe(t.Context())
			require.NoError(t, err)
			require.Equal(t, probe.Fail, r.Status)
			require.Equal(t, test.class, r.Class)
			require.NotEmpty(t, r.Detail)
			discreet(t, r, err)
		})
	}
}

// answers is a server that says text to everybody and hangs up.
func answers(t *testing.T, text string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// A name is looked up by a resolver that says what it is told to.
func TestANameThatIsNotKnownFailsAndAResolverThatIsAwayDoesNot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err         net.DNSError
		fail, class string
	}{
		{net.DNSError{Err: "no such host", IsNotFound: true}, "dns_not_found", ""},
		{net.DNSError{Err: "server misbehaving", IsTemporary: true}, "", "dns_unavailable"},
	} {
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &test.err}
		}}
		r, err := newProber(t, "http://frank.example", &httpprobe.Options{Transport: transport, Target: "the shop"}).Probe(t.Context())
		require.Equal(t, test.fail, r.Class)
		require.Equal(t, test.class, probe.ClassOf(err))
		discreet(t, r, err)
	}
}

func TestABodyWithoutAnEndIsReadToItsBound(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	r, err := newProber(t, srv.URL, nil).Probe(t.Context())
	require.NoError(t, err)
	require.Equal(t, probe.Pass, r.Status, r.Detail)
}

func TestARedirectIsFollowedWhereThatIsAskedForAndTellsNobodyASecret(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { seen <- r.Header.Clone() })
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hidden-path":
			http.Redirect(w, r, "/second", http.StatusFound)
		case "/second":
			if r.Header.Get("X-Key") != "k3y" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			http.Redirect(w, r, other.URL, http.StatusFound)
		default:
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}
	})
	header := http.Header{"X-Key": {"k3y"}}
	r, err := newProber(t, withSecrets(srv.URL), &httpprobe.Options{Redirects: 2, Header: header}).Probe(t.Context())
	require.NoError(t, err)
	require.Equal(t, probe.Pass, r.Status, r.Detail)
	require.Equal(t, "connect first_byte body", stages(r))
	got := <-seen
	require.Empty(t, got.Get("X-Key"))
	require.Empty(t, got.Get("Authorization"))
	require.Empty(t, got.Get("Referer"))

	for url, redirects := range map[string]int{withSecrets(srv.URL): 1, srv.URL + "/round": 10} {
		r, err = newProber(t, url, &httpprobe.Options{Redirects: redirects, Header: header}).Probe(t.Context())
		require.NoError(t, err)
		require.Equal(t, "redirect_refused", r.Class)
		discreet(t, r, err)
	}
}

func TestARedirectAwayFromHTTPSIsRefused(t *testing.T) {
	t.Parallel()
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	srv := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	t.Cleanup(srv.Close)
	r, err := newProber(t, srv.URL, &httpprobe.Options{Redirects: 3, Transport: trusting(srv)}).Probe(t.Context())
	require.NoError(t, err)
	require.Equal(t, "redirect_refused", r.Class)
}

func TestEachMistakeIsNamedAndNoSecret(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "frank:s3cret@host", "ftp://frank:s3cret@host/t0ken", "https://", "http://frank:s3cret@:80/", "http://h\x00/t0ken"} {
		_, err := httpprobe.New(url, nil)
		require.ErrorContains(t, err, "url", url)
		discreet(t, probe.Result{}, err)
	}
	_, err := httpprobe.New("http://h", &httpprobe.Options{
		Method: "POST", Status: []int{99}, MaxBody: -1, CertificateLeft: -1, Redirects: -1,
	})
	for _, field := range []string{"Method", "Status", "MaxBody", "CertificateLeft", "Redirects"} {
		require.ErrorContains(t, err, "httpprobe: Options."+field)
	}
	_, err = httpprobe.New("http://h", &httpprobe.Options{Method: "HEAD", Match: regexp.MustCompile("x")})
	require.ErrorContains(t, err, "Match")
}

// What is given is copied: whoever changes it later changes no probe.
func TestTheOptionsAreCopied(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "k3y" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	opts := &httpprobe.Options{Header: http.Header{"X-Key": {"k3y"}}, Status: []int{200}}
	p := newProber(t, srv.URL, opts)
	opts.Header["X-Key"][0], opts.Status[0] = "another", 500
	opts.Header.Set("X-Key", "another")
	r, err := p.Probe(t.Context())
	require.NoError(t, err)
	require.Equal(t, probe.Pass, r.Status, r.Detail)
}
