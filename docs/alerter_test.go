package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
)

// Pager sends messages to a gateway over HTTP.
type Pager struct{ URL, Token string }

var _ alert.Alerter = Pager{}

// Alert sends once. Whoever calls it owns when to try again.
func (p Pager) Alert(ctx context.Context, m alert.Message) error {
	body, err := json.Marshal(map[string]string{"text": m.Text(), "key": m.Key})
	if err != nil {
		return alert.Permanent(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(body))
	if err != nil {
		return alert.Permanent(errors.New("pager: the address is none"))
	}
	request.Header.Set("Authorization", "Bearer "+p.Token)
	response, err := http.DefaultClient.Do(request)
	if wrong, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("pager: %w", wrong.Err) // without the address, which may be a secret
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	return p.verdict(response)
}

// verdict says what an answer means: taken, later, or never.
func (p Pager) verdict(response *http.Response) error {
	err := fmt.Errorf("pager: answers %d", response.StatusCode)
	switch code := response.StatusCode; {
	case code < 300:
		return nil
	case code == http.StatusTooManyRequests:
		after, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return &alert.RetryAfterError{After: time.Duration(after) * time.Second, Err: err}
	case code < 500:
		return alert.Permanent(err) // until a person mends it
	default:
		return err
	}
}

// gateway takes pages, until it is told to hang or to fail.
type gateway struct {
	*httptest.Server

	arrived, mode atomic.Int64
}

const (
	hangs int64 = iota + 1
	fails
)

func newGateway(t *testing.T) *gateway {
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch g.mode.Load() {
		case hangs:
			<-r.Context().Done()
		case fails:
			w.WriteHeader(http.StatusInternalServerError)
		default:
			g.arrived.Add(1)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func TestPager(t *testing.T) {
	alerttest.Run(t, func(t *testing.T) alerttest.Subject {
		g := newGateway(t)
		const token = "pager-0123456789abcdef"
		return alerttest.Subject{
			Alerter: Pager{g.URL, token},
			Arrived: func() int { return int(g.arrived.Load()) },
			Silence: func() { g.mode.Store(hangs) },
			Break:   func() { g.mode.Store(fails) },
			Secrets: []string{token, g.URL},
		}
	})
}

// A token that is wrong is not mended by another try.
func ExamplePager() {
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer closed.Close()
	err := Pager{closed.URL, "wrong"}.Alert(context.Background(), alert.Message{Kind: alert.Test, Summary: "a test"})
	fmt.Println(err, alert.IsPermanent(err))
	// Output: pager: answers 401 true
}
