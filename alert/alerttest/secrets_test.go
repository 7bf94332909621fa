package alerttest_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
)

const secret = `123456:AA"x/y+z`

// failing is a test that may fail.
type failing struct{ said []string }

type failNow struct{}

func (f *failing) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}
func (f *failing) FailNow() { panic(failNow{}) }

// caught returns what check failed with, if it did.
func caught(check func(t require.TestingT)) (said []string) {
	f := &failing{}
	defer func() {
		if p := recover(); p != nil && p != (failNow{}) {
			panic(p)
		}
		said = f.said
	}()
	check(f)
	return nil
}

// loud tells more with %+v than its Error does.
type loud struct{ hidden string }

func (l *loud) Error() string { return "hush" }
func (l *loud) Format(s fmt.State, verb rune) {
	_, _ = fmt.Fprint(s, "hush")
	if verb == 'v' && s.Flag('+') {
		_, _ = fmt.Fprint(s, l.hidden)
	}
}

// discreet hides what it wraps from its own text, and not from errors.Unwrap.
type discreet struct{ error }

func (discreet) Error() string   { return "hush" }
func (d discreet) Unwrap() error { return d.error }

func TestALeakIsCaught(t *testing.T) {
	t.Parallel()
	plain := errors.New("Post https://api/bot" + secret + "/sendMessage")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Warn("sending", "err", plain)
	for name, text := range map[string]any{
		"an error":            plain,
		"wrapped":             fmt.Errorf("telegramalert: %w", plain),
		"behind a quiet one":  discreet{plain},
		"behind a joined one": errors.Join(errors.New("a"), discreet{plain}),
		"in the long form":    &loud{secret},
		"in JSON":             alert.Message{Details: []string{secret}},
		"in a log":            log.String(),
		"in bytes":            []byte(secret),
		"in a path":           "https://api/" + url.PathEscape(secret),
		"in a query":          "https://api/?token=" + url.QueryEscape(secret),
		"in a header":         "Basic " + base64.StdEncoding.EncodeToString([]byte(secret)),
	} {
		said := caught(func(t require.TestingT) { alerttest.LeaksNoSecret(t, []string{"other", secret}, "fine", text) })
		require.NotEmpty(t, said, name)
		require.NotContains(t, said[0], secret, name)
	}
	require.NotEmpty(t, caught(func(t require.TestingT) { alerttest.LeaksNoSecret(t, []string{""}) }))
}

func TestATelephoneNumberIsCaught(t *testing.T) {
	t.Parallel()
	for _, text := range []any{
		"4917012345678", "4917012345678@s.whatsapp.net", "to +4917012345678", "tel:+49 170 123 45 67", "+1 (555) 010-2345",
		"account_4917012345678_x", "tel4917012345678", errors.New("no answer of 491701234567"),
		alert.Message{Target: "+49 170 1234567"},
		"a-4917012345678",
		map[string]int{"id": 4917012345678},
	} {
		require.NotEmpty(t, caught(func(t require.TestingT) { alerttest.LeaksNoSecret(t, nil, text) }), "%v", text)
	}
}

func TestWhatIsNoLeakPasses(t *testing.T) {
	t.Parallel()
	alerttest.LeaksNoSecret(t, []string{secret},
		nil,
		errors.New("telegramalert: answered 401: Unauthorized"),
		&alert.RetryAfterError{After: 10072 * time.Second},
		"49…78", "chat -1001234567890", `"chat_id":"-1001234567890"`,
		"missed_heartbeats_20251229T223500", "#missed_heartbeats-12", "2025-12-29T22:35:00.123456789Z", "2025-12-29T22-35-00",
		"550e8400-e29b-41d4-a716-446655440000", "commit 123456789abc", "0123456789012345678901234567890123456789",
		`{"_seconds":1767047700,"_nanoseconds":123456000}`, "dial tcp 149.154.167.220:443: connect: connection refused", "+00:00",
		alert.Message{Kind: alert.Firing, Since: time.Date(2025, 12, 29, 22, 35, 0, 123456789, time.UTC), Key: "#a-1"},
	)
}

func ExampleLeaksNoSecret() {
	var t *testing.T // the test's own
	_ = func() {
		token := "123456:AAfake"
		err := errors.New("telegram: 401 Unauthorized")
		alerttest.LeaksNoSecret(t, []string{token}, err)
	}
	// Output:
}
