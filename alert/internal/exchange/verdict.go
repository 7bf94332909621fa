package exchange

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
)

// MaxWait is the longest that a service which asks to be left alone is believed.
// Hours have been seen.
const MaxWait = 24 * time.Hour

// verdict is the outcome by the status.
func (t *Target) verdict(response *http.Response) error {
	code := response.StatusCode
	err := fmt.Errorf("%s: %s answered %d", t.channel, t.url.Host, code)
	after, asked := retryAfter(response.Header)
	switch {
	case code >= 200 && code < 300:
		return nil
	case asked && (code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable):
		return &alert.RetryAfterError{After: after, Err: err}
	case code == http.StatusTooManyRequests:
		return err
	case Final(code):
		return alert.Permanent(err)
	}
	return err
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

// retryAfter reads the header, in seconds or as a date by the server's own
// clock.
func retryAfter(header http.Header) (after time.Duration, ok bool) {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		after = Seconds(seconds)
		return after, after > 0
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0, false
	}
	after = min(until.Sub(now), MaxWait)
	return after, after > 0
}

// Seconds are so many seconds, as far as they are believed.
func Seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(MaxWait/time.Second))) * time.Second
}
