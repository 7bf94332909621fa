package live

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// DoorFlags say whom to ask.
type DoorFlags struct {
	Server  string        `placeholder:"URL" help:"Ask a running server instead of a store."`
	Token   string        `env:"ADMIN_TOKEN" placeholder:"TOKEN" help:"The server's admin token, better given in ADMIN_TOKEN."`
	Timeout time.Duration `default:"2m" help:"How long to wait for it."`

	Store    string `env:"LONGRUN_STORE" default:"sqlite:longrun.db" placeholder:"URL" help:"sqlite:FILE, firestore:PROJECT or postgres://USER:PASSWORD@HOST/DATABASE; sqlite:longrun.db unless given."`
	Root     string `env:"LONGRUN_ROOT" placeholder:"PATH" help:"The document all collections lie under; wa_metrics/longrun unless given."`
	Emulator string `env:"FIRESTORE_EMULATOR_HOST" hidden:""`
}

// door answers requests of the admin API.
type door struct {
	base  *url.URL // up to the API's prefix
	token string
	send  func(*http.Request) (*http.Response, error)
	end   func()
}

// open opens the door. Nothing of a store is changed unless writes says so.
func (f DoorFlags) open(ctx context.Context, writes bool) (*door, error) {
	if f.Timeout <= 0 {
		return nil, exit.Usage(fmt.Errorf("--timeout: %v is not above 0", f.Timeout))
	}
	if f.Server != "" {
		return f.openServer()
	}
	return f.openStore(ctx, writes)
}

func (f DoorFlags) openServer() (*door, error) {
	base, err := url.Parse(strings.TrimRight(f.Server, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, exit.Usage(errors.New("--server: is no URL such as http://127.0.0.1:8080"))
	}
	if !strings.HasSuffix(base.Path, adminhttp.DefaultPrefix) {
		base = base.JoinPath(adminhttp.DefaultPrefix)
	}
	// A redirect would take the token along.
	client := &http.Client{Timeout: f.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &door{base: base, token: f.Token, end: client.CloseIdleConnections, send: func(r *http.Request) (*http.Response, error) {
		answer, err := client.Do(r)
		if err != nil {
			return nil, fmt.Errorf("--server: no answer: %w", redact.Error(err, f.Token))
		}
		return answer, nil
	}}, nil
}

func (f DoorFlags) openStore(ctx context.Context, writes bool) (*door, error) {
	open := stores.OpenToRead
	if writes {
		open = stores.OpenExisting
	}
	st, end, err := open(ctx, f.Store, f.Emulator)
	if err != nil {
		return nil, exit.Usage(fmt.Errorf("--store: %w", err))
	}
	l, err := ledger.New(st, f.Root)
	if err != nil {
		end()
		return nil, exit.Usage(fmt.Errorf("--root: %w", err))
	}
	interval, err := l.Interval(ctx)
	if err != nil {
		end()
		return nil, err
	}
	m, err := monitor.New(monitor.Config{Store: st, Root: f.Root, Interval: interval, InstanceID: "longctl"})
	if err != nil {
		end()
		return nil, err
	}
	token := rand.Text()
	api := adminhttp.New(m, adminhttp.Options{Token: token})
	return &door{base: &url.URL{Scheme: "http", Host: "localhost", Path: adminhttp.DefaultPrefix}, token: token, end: end, send: func(r *http.Request) (*http.Response, error) {
		w := &recorder{header: http.Header{}, code: http.StatusOK}
		api.ServeHTTP(w, r)
		return &http.Response{StatusCode: w.code, Status: fmt.Sprint(w.code, " ", http.StatusText(w.code)), Header: w.header, Body: io.NopCloser(&w.body)}, nil
	}}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header              { return w.header }
func (w *recorder) Write(data []byte) (int, error)   { return w.body.Write(data) }
func (w *recorder) WriteHeader(code int)             { w.code = code }
func (w *recorder) SetReadDeadline(time.Time) error  { return nil }
func (w *recorder) SetWriteDeadline(time.Time) error { return nil }

const (
	maxAnswer = 64 << 20
	maxSaid   = 1000 // of what somebody else says
)

// ask makes one request and reads its answer as JSON into out. A refusal is an error:
// one of usage where what was asked is at fault.
func (d *door) ask(ctx context.Context, method, path string, query url.Values, body, out any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	at := d.base.JoinPath(path)
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, at.String(), sent)
	if err != nil {
		return exit.Usage(errors.New("--server: is no URL such as http://127.0.0.1:8080"))
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	answer, err := d.send(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return redact.Error(err, d.token)
	}
	return d.read(answer, data, out)
}

// refusal is what the API says where it does not do what was asked.
type refusal struct {
	Success *bool  `json:"success"`
	Error   string `json:"error"`
	Field   string `json:"field"`
	// Channel is why a message was not sent.
	Channel struct {
		LastError string `json:"lastError"`
	} `json:"channel"`
}

func (d *door) read(answer *http.Response, data []byte, out any) error {
	var r refusal
	if json.Unmarshal(data, &r) != nil || r.Success == nil {
		return fmt.Errorf("the server answered %s, and not as a longwatch server does", answer.Status)
	}
	if *r.Success {
		data, err := plain(data)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, out)
	}
	why := r.Error
	if r.Channel.LastError != "" {
		why += ": " + r.Channel.LastError
	}
	said := errors.New(visible.Line(redact.Text(why, maxSaid, d.token), maxSaid))
	if answer.StatusCode == http.StatusBadRequest || answer.StatusCode == http.StatusUnprocessableEntity {
		return exit.Usage(said)
	}
	if answer.StatusCode == http.StatusUnauthorized {
		return exit.Usage(fmt.Errorf("%w; set ADMIN_TOKEN", said))
	}
	return said
}
