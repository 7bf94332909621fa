package webhookalert_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
)

const secret = "s3cret-of-the-path"

// request is what a receiver got.
type request struct {
	method, path string
	header       http.Header
	body         string
}

// receiver answers what it is told, and keeps what it got.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	got     []request
	answer  func(w http.ResponseWriter, r *http.Request)
	closing chan struct{}
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	re := &receiver{answer: answer, closing: make(chan struct{})}
	re.Server = httptest.NewServer(re)
	t.Cleanup(func() {
		close(re.closing)
		re.Close()
	})
	return re
}

func (re *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	re.mu.Lock()
	re.got = append(re.got, request{r.Method, r.URL.RequestURI(), r.Header, string(body)})
	answer := re.answer
	re.mu.Unlock()
	if answer != nil {
		answer(w, r)
	}
}

func (re *receiver) requests() []request {
	re.mu.Lock()
	defer re.mu.Unlock()
	return re.got
}

func (re *receiver) then(answer func(w http.ResponseWriter, r *http.Request)) {
	re.mu.Lock()
	defer re.mu.Unlock()
	re.answer = answer
}

// address is one with a secret in all its parts.
func (re *receiver) address() string {
	return strings.Replace(re.URL, "http://", "http://user:"+secret+"@", 1) + "/hook/" + secret + "?token=" + secret
}

func status(code int, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "echo "+secret)
	}
}

func newAlerter(t *testing.T, url string, opts webhookalert.Options) *webhookalert.Alerter {
	t.Helper()
	if opts.HTTPClient == nil {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		opts.HTTPClient = &http.Client{Transport: transport}
	}
	a, err := webhookalert.New(url, &opts)
	require.NoError(t, err)
	return a
}

var began = time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)

func firing() alert.Message {
	return alert.Message{
		Kind: alert.Firing, Rule: "logged_out", Target: "49…78", Severity: "critical", Summary: "needs a QR code <now>",
		Since: began, Instance: "api-1", Commit: "4f1c2ab", IncidentID: "x", Key: "#logged_out-1", Link: "https://ops.example.org/", Details: []string{"one"},
	}
}

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := webhookalert.Verify("shared secret", r.Header, body, time.Now()); err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var p webhookalert.Payload
		if err := json.Unmarshal(body, &p); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Println(p.Kind, p.Rule, r.Header.Get("Idempotency-Key"))
	}))
	defer server.Close()
	a, err := webhookalert.New(server.URL, &webhookalert.Options{Secret: "shared secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Key: "#logged_out-1"}))
	// Output:
	// firing logged_out logged_out-1.firing
	// <nil>
}

func ExampleNew() {
	_, err := webhookalert.New("ftp://example.org", &webhookalert.Options{Timeout: -time.Second})
	fmt.Println(err)
	// Output:
	// webhookalert: url has not the form https://host/path
	// webhookalert: Options.Timeout -1s is negative
}

// No list is null, in a message that says nothing, and in the parts of a digest.
func TestNoListIsNull(t *testing.T) {
	t.Parallel()
	re := newReceiver(t, nil)
	a := newAlerter(t, re.URL, webhookalert.Options{})
	require.NoError(t, a.Alert(t.Context(), alert.Message{Kind: alert.Digest, Parts: []alert.Message{{}, {Kind: alert.Digest, Parts: []alert.Message{{}}}}}))
	var whole map[string]any
	require.NoError(t, json.Unmarshal([]byte(re.requests()[0].body), &whole))
	var look func(of map[string]any)
	seen := 0
	look = func(of map[string]any) {
		seen++
		for f := range reflect.TypeFor[webhookalert.Payload]().Fields() {
			name := f.Tag.Get("json")
			if f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map {
				require.IsType(t, []any{}, of[name], name)
			}
		}
		parts, ok := of["parts"].([]any)
		require.True(t, ok)
		for _, part := range parts {
			fields, ok := part.(map[string]any)
			require.True(t, ok)
			look(fields)
		}
	}
	look(whole)
	require.Equal(t, 4, seen)
}

// The field names are a contract with programs that nobody here knows.
func TestTheFieldsAreStable(t *testing.T) {
	t.Parallel()
	re := newReceiver(t, nil)
	a := newAlerter(t, re.URL, webhookalert.Options{})
	resolved := firing()
	resolved.Kind, resolved.Until, resolved.Details = alert.Resolved, began.Add(time.Minute), nil
	require.NoError(t, a.Alert(t.Context(), resolved))
	got := re.requests()[0]
	require.Equal(t, `{"schema":1,"kind":"resolved","service":"","rule":"logged_out","target":"49…78","severity":"critical",`+
		`"summary":"needs a QR code <now>","since":"2025-12-29T22:35:00Z","until":"2025-12-29T22:36:00Z","lasted_sec":60,`+
		`"about":[],"cause":"","look_at":"","instance":"api-1",`+
		`"commit":"4f1c2ab","incident_id":"x","key":"#logged_out-1","link":"https://ops.example.org/","details":[],`+
		`"checkpoint":"","text":`+quoted(t, resolved.Text())+`,"parts":[]}`, got.body)
	require.Equal(t, http.MethodPost, got.method)
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
	require.Equal(t, "logged_out-1.resolved", got.header.Get("Idempotency-Key"))
	require.Empty(t, got.header.Get("Longwatch-Signature"), "without a secret")

	odd := alert.Message{Kind: alert.Digest, Key: "#ключ\r\n", Parts: []alert.Message{{Since: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}, firing()}}
	require.NoError(t, a.Alert(t.Context(), odd))
	var p webhookalert.Payload
	require.NoError(t, json.Unmarshal([]byte(re.requests()[1].body), &p))
	require.Nil(t, p.Since)
	require.Nil(t, p.Parts[0].Since, "JSON has no such year")
	require.Equal(t, "logged_out", p.Parts[1].Rule)
	require.Equal(t, "%D0%BA%D0%BB%D1%8E%D1%87%0D%0A.digest", re.requests()[1].header.Get("Idempotency-Key"))
	odd.Key = strings.Repeat("k", 1000)
	require.NoError(t, a.Alert(t.Context(), odd))
	require.Len(t, re.requests()[2].header.Get("Idempotency-Key"), 64)
	odd.Key = ""
	require.NoError(t, a.Alert(t.Context(), odd))
	require.NotContains(t, re.requests()[3].header, "Idempotency-Key")
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(s))
	return strings.TrimSpace(b.String())
}

func TestASignatureIsOfTheBodyAndTheTime(t *testing.T) {
	t.Parallel()
	clk := clock.NewMock()
	clk.Set(began)
	re := newReceiver(t, nil)
	a := newAlerter(t, re.URL, webhookalert.Options{Secret: secret, Clock: clk})
	require.NoError(t, a.Alert(t.Context(), firing()))
	got := re.requests()[0]
	header, body := got.header, []byte(got.body)
	require.Equal(t, fmt.Sprint(began.Unix()), header.Get("Longwatch-Timestamp"))
	for _, off := range []time.Duration{-5 * time.Minute, 0, 5 * time.Minute} {
		require.NoError(t, webhookalert.Verify(secret, header, body, began.Add(off)))
	}
	changed := func(name, value string) http.Header {
		h := header.Clone()
		h.Set(name, value)
		return h
	}
	for name, err := range map[string]error{
		"too old":            webhookalert.Verify(secret, header, body, began.Add(5*time.Minute+time.Second)),
		"from the future":    webhookalert.Verify(secret, header, body, began.Add(-5*time.Minute-time.Second)),
		"another secret":     webhookalert.Verify("other", header, body, began),
		"no secret":          webhookalert.Verify("", header, body, began),
		"another body":       webhookalert.Verify(secret, header, append(body, ' '), began),
		"another time":       webhookalert.Verify(secret, changed("Longwatch-Timestamp", fmt.Sprint(began.Unix()+1)), body, began),
		"no time":            webhookalert.Verify(secret, changed("Longwatch-Timestamp", ""), body, began),
		"no signature":       webhookalert.Verify(secret, changed("Longwatch-Signature", ""), body, began),
		"half a signature":   webhookalert.Verify(secret, changed("Longwatch-Signature", header.Get("Longwatch-Signature")[:40]), body, began),
		"nothing at all":     webhookalert.Verify(secret, http.Header{}, nil, began),
		"signed with no key": webhookalert.Verify("", changed("Longwatch-Signature", signedWithNoKey(header, body)), body, began),
	} {
		require.ErrorIs(t, err, webhookalert.ErrSignature, name)
		alerttest.LeaksNoSecret(t, []string{secret}, err)
	}
}

// signedWithNoKey is what anybody can compute.
func signedWithNoKey(header http.Header, body []byte) string {
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte(header.Get("Longwatch-Timestamp") + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// The signature is computed once by hand, with
// printf '0.{}' | openssl dgst -sha256 -hmac key.
func ExampleVerify() {
	header := http.Header{}
	header.Set("Longwatch-Timestamp", "0")
	header.Set("Longwatch-Signature", "sha256=7314351dd949aa7ec06f50fc2c96e618291447672c9b7f10b49d1ce46dad00b3")
	fmt.Println(webhookalert.Verify("key", header, []byte("{}"), time.Unix(60, 0)))
	fmt.Println(webhookalert.Verify("key", header, []byte("{}"), time.Unix(3600, 0)))
	// Output:
	// <nil>
	// webhookalert: not signed as it should be: the timestamp is 1h0m0s off
}

func TestEveryStatusHasItsOutcome(t *testing.T) {
	t.Parallel()
	const (
		sent = iota
		permanent
		transient
		wait
		unknown
	)
	date := began.Format(http.TimeFormat)
	for name, c := range map[string]struct {
		answer  func(http.ResponseWriter, *http.Request)
		outcome int
		wait    time.Duration
	}{
		"200":                          {status(200), sent, 0},
		"204":                          {status(204), sent, 0},
		"299":                          {status(299), sent, 0},
		"301":                          {status(301, "Location", "http://127.0.0.1:1/"), transient, 0},
		"400":                          {status(400), permanent, 0},
		"401":                          {status(401), permanent, 0},
		"404":                          {status(404), permanent, 0},
		"410":                          {status(410, "Retry-After", "5"), permanent, 0},
		"408":                          {status(408), transient, 0},
		"425":                          {status(425), transient, 0},
		"429":                          {status(429), wait, 30 * time.Second},
		"429 and seconds":              {status(429, "Retry-After", "7"), wait, 7 * time.Second},
		"429 and a week":               {status(429, "Retry-After", "604800"), wait, 24 * time.Hour},
		"429 and for ever":             {status(429, "Retry-After", "9223372036854775807"), wait, 24 * time.Hour},
		"429 and a date":               {status(429, "Retry-After", began.Add(time.Minute).Format(http.TimeFormat), "Date", date), wait, time.Minute},
		"429 and a date that has gone": {status(429, "Retry-After", began.Add(-time.Minute).Format(http.TimeFormat), "Date", date), wait, 30 * time.Second},
		"429 and no number":            {status(429, "Retry-After", "soon"), wait, 30 * time.Second},
		"429 backwards":                {status(429, "Retry-After", "-5"), wait, 30 * time.Second},
		"504":                          {status(504), unknown, 0},
		"500":                          {status(500, "Retry-After", "5"), transient, 0},
		"502":                          {status(502), transient, 0},
		"503":                          {status(503), transient, 0},
		"503 and seconds":              {status(503, "Retry-After", "7"), wait, 7 * time.Second},
		"broken":                       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			re := newReceiver(t, c.answer)
			ping, err := webhookalert.NewPing(re.address(), nil)
			require.NoError(t, err)
			for _, err := range []error{
				newAlerter(t, re.address(), webhookalert.Options{}).Alert(t.Context(), firing()),
				newAlerter(t, re.address(), webhookalert.Options{Healthchecks: true}).Alert(t.Context(), firing()),
				ping.Beat(t.Context()),
			} {
				require.Equal(t, c.outcome == sent, err == nil, "%v", err)
				require.Equal(t, c.outcome == permanent, alert.IsPermanent(err), "%v", err)
				require.Equal(t, c.outcome == unknown, alert.IsUnknown(err), "%v", err)
				asked, ok := errors.AsType[*alert.RetryAfterError](err)
				require.Equal(t, c.outcome == wait, ok, "%v", err)
				if ok {
					require.Equal(t, c.wait, asked.After)
				}
				if err != nil {
					require.ErrorContains(t, err, "webhookalert: ")
					require.ErrorContains(t, err, strings.TrimPrefix(re.URL, "http://"), "the host helps, and is no secret")
				}
				alerttest.LeaksNoSecret(t, []string{secret}, err)
			}
			require.Len(t, re.requests(), 3, "one request each, and no redirect")
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := newReceiver(t, nil)
	re := newReceiver(t, status(307, "Location", elsewhere.URL))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	require.ErrorContains(t, newAlerter(t, re.URL, webhookalert.Options{HTTPClient: client}).Alert(t.Context(), firing()), "answered 307")
	require.Empty(t, elsewhere.requests())
	require.NoError(t, client.CheckRedirect(nil, nil), "the caller's client is as it was")
}

func TestItKeepsTheContract(t *testing.T) {
	for _, healthchecks := range []bool{false, true} {
		t.Run(fmt.Sprintf("healthchecks %v", healthchecks), func(t *testing.T) {
			alerttest.Run(t, func(t *testing.T) alerttest.Subject {
				re := newReceiver(t, nil)
				return alerttest.Subject{
					Alerter: newAlerter(t, re.address(), webhookalert.Options{Secret: "signing " + secret, Healthchecks: healthchecks}),
					Arrived: func() int { return len(re.requests()) },
					Silence: func() {
						re.then(func(_ http.ResponseWriter, r *http.Request) {
							select {
							case <-r.Context().Done():
							case <-re.closing:
							}
						})
					},
					Break:   func() { re.then(status(500)) },
					Secrets: []string{secret},
				}
			})
		})
	}
}

func TestNothingOfTheAddressIsTold(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "/" + secret, secret, "ftp://" + secret + "/", "https:///" + secret, "https://%zz/" + secret, "https://:1/" + secret,
		"http://x/\x7f" + secret,
	} {
		_, err := webhookalert.New(address, &webhookalert.Options{Timeout: -1})
		require.ErrorContains(t, err, "webhookalert: url ", "%q", address)
		require.ErrorContains(t, err, "Options.Timeout")
		alerttest.LeaksNoSecret(t, []string{secret}, err)
		_, err = webhookalert.NewPing(address, &webhookalert.PingOptions{Method: "DELETE"})
		require.ErrorContains(t, err, "webhookalert: url ", "%q", address)
		require.ErrorContains(t, err, "PingOptions.Method")
		alerttest.LeaksNoSecret(t, []string{secret}, err)
	}
	tells := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("no route to %s, %s", r.URL, r.URL.Path)
	})}
	err := newAlerter(t, "https://u:"+secret+"@hooks.example.org/a/"+secret+"/fail?token="+secret+"#"+secret, webhookalert.Options{HTTPClient: tells}).Alert(t.Context(), firing())
	require.ErrorContains(t, err, "no answer from hooks.example.org: no route")
	alerttest.LeaksNoSecret(t, []string{secret}, err)
}

// roundTripper is a function that makes requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
