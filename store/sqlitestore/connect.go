package sqlitestore

import (
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// dsn names the file as a URI, since SQLite and the driver each give some
// characters of a plain path a meaning.
func dsn(path string, busy time.Duration) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a volume, as in C:/
	}
	query := url.Values{
		"_busy_timeout": {strconv.FormatInt(max(busy.Milliseconds(), 1), 10)},
		"_synchronous":  {"FULL"},
		"_error_rc":     {"1"},
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String()
}
