package exchange

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

const (
	// MaxWait is the longest that a service which asks to be left alone is believed.
	// Hours have been seen.
	MaxWait = 24 * time.Hour
	// DefaultWait is for a service that asks for it and does not say how long.
	DefaultWait = 30 * time.Second
	// maxWords is how much of a service's words an error repeats, in runes.
	maxWords = 200
)

// Dialect is what the answers of one service mean, beyond their status.
type Dialect struct {
	// Taken reports whether a 2xx with this body is the service's yes: a 200 is also
	// what the page of a hotel's network has. Default: every 2xx is, whatever its
	// body.
	Taken func(Answer) bool
	// Words are what the service says of an error, in its own form; none where the
	// answer has another one. They are made safe before they are repeated. Default:
	// none.
	Words func(Answer) string
	// Wait is how long the service asks to be left alone, where it says so in a form of
	// its own; 0 where it does not, and the header counts. Default: the header.
	Wait func(Answer) time.Duration
}

// verdict is the outcome by an answer, which broke off where broken is not nil.
func (t *Target) verdict(a Answer, broken error) error {
	ok := Done(a.Status)
	switch {
	case ok && t.dialect.Taken == nil: // the status has said it all
		return nil
	case ok && broken != nil:
		return alert.Unknown(fmt.Errorf("%s: %s answered %d, and then: %w", t.channel, t.url.Host, a.Status, redact.Error(broken, t.secrets...)))
	case ok && t.dialect.Taken(a):
		return nil
	case ok:
		return alert.Unknown(fmt.Errorf("%s: %s answered %d, and not as the service does", t.channel, t.url.Host, a.Status))
	}
	err := t.refusal(a)
	after, asked := t.wait(a)
	switch {
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable && asked:
		return &alert.RetryAfterError{After: after, Err: err}
	case a.Status == http.StatusGatewayTimeout:
		return alert.Unknown(err)
	case Final(a.Status):
		return alert.Permanent(err)
	}
	return err
}

// refusal is the status, and the service's own words as far as they can be
// repeated.
func (t *Target) refusal(a Answer) error {
	words := ""
	if t.dialect.Words != nil {
		words = redact.Text(t.dialect.Words(a), maxWords, t.secrets...)
	}
	if words != "" {
		words = ": " + words
	}
	return fmt.Errorf("%s: %s answered %d%s", t.channel, t.url.Host, a.Status, words)
}

// wait is how long the service is to be left alone, and whether it said that.
func (t *Target) wait(a Answer) (after time.Duration, asked bool) {
	if t.dialect.Wait != nil {
		after = min(t.dialect.Wait(a), MaxWait)
	}
	if after <= 0 {
		after = RetryAfter(a.Header)
	}
	if after <= 0 {
		return DefaultWait, false
	}
	return after, true
}

// Final reports whether a status means that only a person can help: all refusals
// but those that are about time.
func Final(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return code >= 400 && code < 500
}

// Done reports whether a status says that what was asked for is done, or will be.
func Done(code int) bool { return code >= 200 && code < 300 }

// RetryAfter reads the header, in seconds or as a date by the server's own
// clock; 0 where it has neither, or a time that is over.
func RetryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return Seconds(seconds) // the largest or smallest that there is, where it is beyond
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return Until(header, until)
}

// Until is how long it is until then by the clock of the server that sent header,
// as far as that is believed; 0 where it has none.
func Until(header http.Header, then time.Time) time.Duration {
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return max(min(then.Sub(now), MaxWait), 0)
}

// Seconds are so many seconds, as far as they are believed; 0 of less than none.
func Seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), int64(MaxWait/time.Second))) * time.Second
}
