package exchange_test

import (
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
)

// A service may ask for any number of seconds, of which none becomes another time by
// being too large for one.
func TestHowLongAServiceIsLeftAlone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "30": 30 * time.Second, "86400": exchange.MaxWait, "86401": exchange.MaxWait, "soon": 0, "1.5": 0,
		"-1": 0, "-9223372037": 0, "9223372037": exchange.MaxWait, "99999999999999999999": exchange.MaxWait, "-99999999999999999999": 0,
		strconv.FormatInt(math.MinInt64, 10): 0, strconv.FormatInt(math.MaxInt64, 10): exchange.MaxWait,
		"Tue, 30 Dec 2025 10:00:00 GMT": time.Hour, "Tue, 30 Dec 9999 10:00:00 GMT": exchange.MaxWait, "Tue, 30 Dec 0001 10:00:00 GMT": 0,
	} {
		header := http.Header{"Retry-After": {text}, "Date": {"Tue, 30 Dec 2025 09:00:00 GMT"}}
		require.Equal(t, want, exchange.RetryAfter(header), text)
	}
	for n := int64(1); n > 0; n *= 3 {
		require.Equal(t, min(n, int64(exchange.MaxWait/time.Second)), int64(exchange.Seconds(n)/time.Second))
		require.Zero(t, exchange.Seconds(-n))
	}
}
