package alerttest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/stretchr/testify/require"
)

// LeaksNoSecret fails t when one of texts says one of secrets, or a telephone
// number in full. A text may be an error, which is read along its whole chain,
// printed with %v and %+v; a string or bytes, such as a log; or any value,
// which is read as JSON too. A secret is also found escaped as in a URL, quoted
// as in JSON, and in base64. The failure does not repeat the secret.
//
// A telephone number is a run of 9 to 15 digits, or digits grouped behind a
// plus sign. Parts of hashes and UUIDs, fractions of seconds, seconds since 1970
// under a key that ends in "seconds", a time.Duration in whole milliseconds, and
// negative numbers, such as the IDs of Telegram's groups, are none. What is left of counts as large as that must be
// kept out of texts.
func LeaksNoSecret(t require.TestingT, secrets []string, texts ...any) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	for _, secret := range secrets {
		require.NotEmpty(t, secret, "an empty secret is in every text")
	}
	for _, text := range texts {
		for _, said := range sayings(text) {
			for _, secret := range secrets {
				for form, written := range forms(secret) {
					if strings.Contains(said, written) {
						require.FailNow(t, fmt.Sprintf("a secret, %s, in: %s", form, strings.ReplaceAll(said, written, "***")))
					}
				}
			}
			if number, ok := telephone(said); ok {
				require.FailNow(t, fmt.Sprintf("a telephone number in full, %s, in: %s", number, said))
			}
		}
	}
}

// sayings are all that can be read from a value.
func sayings(text any) []string {
	switch v := text.(type) {
	case nil:
		return nil
	case error:
		return errorSayings(v)
	case string:
		return []string{v}
	case []byte:
		return []string{string(v)}
	}
	said := []string{fmt.Sprintf("%v", text), fmt.Sprintf("%+v", text)}
	if document, err := json.Marshal(text); err == nil {
		said = append(said, string(document))
	}
	return said
}

// errorSayings walks the tree below err.
func errorSayings(err error) []string {
	said := []string{err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err)}
	if document, failed := json.Marshal(err); failed == nil {
		said = append(said, string(document))
	}
	switch e := err.(type) { //nolint:errorlint // it walks the tree by itself
	case interface{ Unwrap() error }:
		if below := e.Unwrap(); below != nil {
			said = append(said, errorSayings(below)...)
		}
	case interface{ Unwrap() []error }:
		for _, below := range e.Unwrap() {
			said = append(said, errorSayings(below)...)
		}
	}
	return said
}

// forms are the ways in which a secret gets into a text.
func forms(secret string) map[string]string {
	quoted, _ := json.Marshal(secret) // a string always is JSON
	return map[string]string{
		"as it is":           secret,
		"escaped in a path":  url.PathEscape(secret),
		"escaped in a query": url.QueryEscape(secret),
		"quoted":             strings.Trim(string(quoted), `"`),
		"in base64":          base64.RawStdEncoding.EncodeToString([]byte(secret)),
	}
}

var (
	// noTelephone are long runs of digits that are something else.
	noTelephone = regexp.MustCompile(`[[:xdigit:]]{8}(-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}` + // a UUID
		`|:\d\d\.\d{1,9}` + // a fraction of a second
		`|[sS]econds"?[:=] ?"?\d{1,10}\b` + // since 1970, or of one
		`|\d+0{6}\b`) // a time.Duration
	word    = regexp.MustCompile(`[0-9A-Za-z]+`)
	run     = regexp.MustCompile(`\d{9,15}`)
	hash    = regexp.MustCompile(`^[0-9a-f]*[a-f][0-9a-f]*$|^\d{16,}$`)
	grouped = regexp.MustCompile(`\+\d{1,3}([ ./()-]{0,2}\d){7,13}`)
)

// telephone finds a number that is not masked.
func telephone(text string) (string, bool) {
	text = noTelephone.ReplaceAllString(text, " ")
	if number := grouped.FindString(text); number != "" {
		return number, true
	}
	for _, at := range word.FindAllStringIndex(text, -1) {
		token := text[at[0]:at[1]]
		if number := run.FindString(token); number != "" && !hash.MatchString(token) && !negative(text[:at[0]]) {
			return number, true
		}
	}
	return "", false
}

// negative reports whether what stands before a number makes it less than zero.
func negative(before string) bool {
	if !strings.HasSuffix(before, "-") {
		return false
	}
	before = strings.TrimSuffix(before, "-")
	return before == "" || strings.ContainsAny(before[len(before)-1:], " \t\n\"':=([,")
}
