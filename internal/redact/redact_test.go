package redact_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

const secret = "123456:AA/x y"

func TestTextIsOneHarmlessLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"nothing":         {"", ""},
		"a secret":        {"at /bot" + secret + "/send " + secret, "at /bot***/send ***"},
		"in a path":       {url.PathEscape(secret), "***"},
		"in a query":      {url.QueryEscape(secret), "***"},
		"a number":        {"user 4917012345678 is gone", "user 49…78 is gone"},
		"groups":          {"call +40 721\t234-567 back", "call +40…67 back"},
		"with a plus":     {"call +40721234567", "call +40…67"},
		"a status":        {"answered 502, retry after 10072", "answered 502, retry after 10072"},
		"lines":           {"a\r\n\tb\x00\x1b[2J\u202e", "a b [2J"},
		"what is no text": {"a\xff", "a\ufffd"},
		"too much":        {strings.Repeat("ж", 50), strings.Repeat("ж", 39) + "…"},
	} {
		require.Equal(t, c.want, redact.Text(c.in, 40, secret, ""), name)
	}
}

// A cut must not go through what is to be masked and leave a part that is not
// known any more.
func TestWhatACutGoesThroughIsNotShown(t *testing.T) {
	t.Parallel()
	key := "k3y-" + strings.Repeat("s", 500)
	for _, before := range []string{"x", " ", "\xff", "\u202e", "\x00", "\u00a0"} {
		for n := range 2000 {
			text := redact.Text(strings.Repeat(before, n)+key+strings.Repeat("y", 3000), 40, key)
			require.NotContains(t, text, "k3y", "%q %d", before, n)
		}
		for n := range 600 {
			text := redact.Text(strings.Repeat(before, n)+"+49 170 1234567"+strings.Repeat("y", 3000), 40)
			require.NotContains(t, text, "170", "%q %d", before, n)
		}
	}
}

func TestALongTextIsNotSearched(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	for _, s := range []string{strings.Repeat("4915", 2<<20), strings.Repeat("+4 9", 2<<20), strings.Repeat("\xff", 10<<20)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			redact.Text(s, 200, secret)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(len(s)), "a hundred times costs less than to copy it once")
	}
}

func TestAnErrorTellsNothingBelowIt(t *testing.T) {
	t.Parallel()
	require.NoError(t, redact.Error(nil))
	inner := fmt.Errorf("dial tcp: lookup api.example.org at %s: no such host", secret)
	err := redact.Error(fmt.Errorf("sending: %w", &url.Error{Op: "Post", URL: "https://api/" + secret, Err: inner}), secret)
	alerttest.LeaksNoSecret(t, []string{secret}, err)
	require.EqualError(t, err, "dial tcp: lookup api.example.org at ***: no such host")
	require.NotErrorIs(t, err, inner)

	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		err := redact.Error(&url.Error{Op: "Post", URL: secret, Err: cause}, secret)
		require.ErrorIs(t, err, cause)
		require.EqualError(t, err, cause.Error())
		alerttest.LeaksNoSecret(t, []string{secret}, err)
	}
	require.EqualError(t, redact.Error(errors.New(strings.Repeat("x", 1000))), strings.Repeat("x", 299)+"…")
}
