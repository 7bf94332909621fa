package telegramalert_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
)

// roundTripper is a function that makes requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	const token = "123456:AAsecretsecretsecretsecret"
	_, err := telegramalert.New(token+" ", token, &telegramalert.Options{
		TopicID: -1, Timeout: -time.Second, APIURL: "https://api.telegram.org/bot" + token,
	})
	for _, field := range []string{"token", "chatID", "Options.TopicID", "Options.Timeout", "Options.APIURL"} {
		require.ErrorContains(t, err, "telegramalert: "+field+" ")
	}
	alerttest.LeaksNoSecret(t, []string{token, "AAsecretsecretsecretsecret"}, err)

	for _, address := range []string{"api.telegram.org", "ftp://x", "https://", "https://u:p@x", "https://x?token=1", "https://x#y", "http://%zz", "https://x/bot1:a"} {
		_, err := telegramalert.New(token, "1", &telegramalert.Options{APIURL: address})
		require.ErrorContains(t, err, "Options.APIURL", address)
	}
	for _, chat := range []string{"", "0", "chat", "-", "+49170", "12 3", "@a", "@with-dash", "1e5", "4917012345678901234567"} {
		_, err := telegramalert.New(token, chat, nil)
		require.ErrorContains(t, err, "chatID", "%q", chat)
		alerttest.LeaksNoSecret(t, nil, err)
	}
	for _, bad := range []string{"", "123456", "AAA:AAAAAAAAAAAAAAAAAAAAAAAA", "123456:short", token + "\n", token + "/x"} {
		_, err := telegramalert.New(bad, "1", nil)
		require.ErrorContains(t, err, "token", "%q", bad)
	}
	for _, chat := range []string{"1", "-1001234567890", "@alerts_of_ours"} {
		_, err := telegramalert.New(token, chat, &telegramalert.Options{APIURL: "http://127.0.0.1:1/path/"})
		require.NoError(t, err, "%q; and nobody was called", chat)
	}
}

func TestAServerThatEchoesTheTokenTellsNobody(t *testing.T) {
	t.Parallel()
	server := alerttest.NewTelegram()
	defer server.Close()
	token := server.Token()
	_, half, _ := strings.Cut(token, ":")
	for _, echo := range []string{token, half, "/bot" + token + "/sendMessage", "user 4917012345678", strings.Repeat(token, 50), "a\nb\x1b[2J"} {
		for _, status := range []int{400, 401, 403, 409, 429, 500} {
			p := newPair(t, telegramalert.Options{}, alerttest.Refusal(status, "Bad Request: "+echo))
			err := p.Alert(t.Context(), firing())
			require.ErrorContains(t, err, fmt.Sprint(status))
			require.NotContains(t, err.Error(), "\n")
			require.Less(t, len(err.Error()), 400)
			p.leaksNothing(t, err)
		}
		for _, status := range []int{200, 404, 502} {
			p := newPair(t, telegramalert.Options{}, alerttest.Body(status, "text/html", "<html>"+echo+"</html>"))
			p.leaksNothing(t, p.Alert(t.Context(), firing()))
		}
	}
}

func TestATransportThatTellsAddressesTellsNobody(t *testing.T) {
	t.Parallel()
	for name, trip := range map[string]roundTripper{
		"in its text": func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("no route to %s", r.URL) },
		"escaped": func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("no route to %q", r.URL.EscapedPath())
		},
		"in its chain": func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("no route: %w", fmt.Errorf("to %s: %w", r.URL.Path, context.DeadlineExceeded))
		},
	} {
		p := newPair(t, telegramalert.Options{HTTPClient: &http.Client{Transport: trip}})
		err := p.Alert(t.Context(), firing())
		require.ErrorContains(t, err, "telegramalert: no answer: no route", name)
		require.False(t, alert.IsPermanent(err), name)
		p.leaksNothing(t, err)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	p := newPair(t, telegramalert.Options{})
	p.server.Close()
	err := p.Alert(t.Context(), firing())
	require.ErrorContains(t, err, "connection refused")
	require.False(t, alert.IsPermanent(err))
	p.leaksNothing(t, err)
}

func TestAHangEndsWithTheTimeout(t *testing.T) {
	t.Parallel()
	p := newPair(t, telegramalert.Options{Timeout: 50 * time.Millisecond}, alerttest.HangAnswer())
	err := p.Alert(t.Context(), firing())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, alert.IsPermanent(err))
	p.leaksNothing(t, err)
}

func TestTheTokenFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := newPair(t, telegramalert.Options{})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	p := newPair(t, telegramalert.Options{HTTPClient: client}, alerttest.Redirect(elsewhere.server.URL()))
	err := p.Alert(t.Context(), firing())
	require.ErrorContains(t, err, "answered 307")
	require.Empty(t, elsewhere.server.Requests())
	require.NoError(t, client.CheckRedirect(nil, nil), "the caller's client is as it was")
	p.leaksNothing(t, err)
}
