package redact_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
)

func TestThePasswordOfAnAddressIsMasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres://u:pw@h/db":                               "postgres://u:***@h/db",
		`LONGRUN_STORE: "postgres://u:p/w@x@h" x`:            `LONGRUN_STORE: "postgres://u:***@h" x`,
		`LONGRUN_STORE: "postgres://u:p w@h/db": no host`:    `LONGRUN_STORE: "postgres://u:***@h/db": no host`,
		"postgres://u:p w@h/db":                              "postgres://u:***@h/db",
		"postgres://u:pw":                                    "postgres://u:***",
		`"postgres://u:p w": no host`:                        `"postgres://u:***": no host`,
		"postgres://token@h/db":                              "postgres://***@h/db",
		"sqlite:postgres://u:pw@h":                           "sqlite:***@h",
		"postgres:u:pw@h":                                    "postgres:u:***@h",
		"postgres:u:p w@h":                                   "postgres:u:***@h",
		"mysql:u:pw@tcp(h)/db":                               "mysql:u:***@tcp(h)/db",
		"u:pw@tcp(h:3306)/db":                                "u:***@tcp(h:3306)/db",
		"u:p w@x@tcp(h:3306)/db":                             "u:***@tcp(h:3306)/db",
		"host=h user=u password=pw dbname=d":                 "host=h user=u password=***",
		`"host=h password=p w": no user`:                     `"host=h password=***": no user`,
		"host=h PASSWORD = 'p w' dbname=d":                   "host=h PASSWORD = ***",
		"file.db?_auth_pass=pw&x=1":                          "file.db?_auth_pass=***",
		"https://h/?sslpassword=pw&api_key=k;z":              "https://h/?sslpassword=***",
		`Get "https://h:8443/?x=1&key=k z": EOF`:             `Get "https://h:8443/?x=1&key=***": EOF`,
		"Authorization: Bearer ab.c-d/e= x":                  "Authorization: Bearer *** x",
		"nothing: 127.0.0.1:8080 is no address":              "nothing: 127.0.0.1:8080 is no address",
		"postgres: the password has an @, written as %40":    "postgres: the password has an @, written as %40",
		"TELEGRAM_BOT_TOKEN: is not set":                     "TELEGRAM_BOT_TOKEN: is not set",
		`"postgres://u:p\"w@h"`:                              `"postgres://u:***@h"`,
		"sqlite:longrun.db":                                  "sqlite:longrun.db",
		"http://127.0.0.1:8085/a/b":                          "http://127.0.0.1:8085/a/b",
		`Post "http://[::1]:8085/a": dial tcp [::1]:8085: x`: `Post "http://[::1]:8085/a": dial tcp [::1]:8085: x`,
		"https://h: EOF\npostgres://u:pw@h\nmail: a@b":       "https://h: EOF\npostgres://u:***@h\nmail: a@b",
		"": "",
	} {
		got := redact.Addresses(in)
		require.Equal(t, want, got)
		require.Equal(t, got, redact.Addresses(got))
	}
}

// addresses are the ways to write a secret into what names a server.
func addresses(secret string) map[string]string {
	dsn := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret)
	all := map[string]string{
		"the password of a URL":        "postgres://u:" + secret + "@h:5432/db",
		"escaped in one":               "postgres://" + url.UserPassword("u", secret).String() + "@h/db?sslmode=disable",
		"of a URL with a query":        "postgres://u:" + secret + "@h/db?user=x",
		"in a query":                   "postgres://h/db?user=u&password=" + secret,
		"escaped in a query":           "https://h/a?access_token=" + url.QueryEscape(secret) + "&x=1",
		"the last in a query":          "https://h/a?x=1&key=" + secret,
		"quoted in a DSN":              "host=h password='" + dsn + "' dbname=d",
		"escaped in a DSN":             "host=h password=" + strings.ReplaceAll(dsn, " ", `\ `) + " dbname=d",
		"bare in a DSN":                "host=h password=" + secret + " dbname=d",
		"of MySQL":                     "u:" + secret + "@tcp(h:3306)/db",
		"of MySQL, with its name":      "mysql:u:" + secret + "@tcp(h:3306)/db",
		"of a URL without its slashes": "postgres:u:" + secret + "@h/db",
	}
	if !strings.Contains(secret, ":") {
		all["a user that is a token"] = "https://" + secret + "@h/a"
	}
	if !strings.Contains(secret, "@") && !regexp.MustCompile(`^(\d{1,5}(\W|$)|[/\s])`).MatchString(secret) { // which may be a host, and a port
		all["of a URL without its host"] = "postgres://u:" + secret
	}
	return all
}

// texts are what is said of an address.
func texts(address string) []string {
	return []string{
		address,
		"--store: " + address,
		"--store: " + address + ": no such host",
		fmt.Sprintf("LONGRUN_STORE: %q is none of sqlite:FILE and memory:", address),
		fmt.Sprintf("serving http://127.0.0.1:8080\nstore %s\nmail ops", address),
	}
}

func requireHidden(t *testing.T, secret string) {
	t.Helper()
	const least = 4
	runes := []rune(secret)
	for how, address := range addresses(secret) {
		frames := texts(addresses("")[how])
		for i, text := range texts(address) {
			got := redact.Addresses(text)
			shown := strings.ReplaceAll(got, "***", "\x00") // of which a secret may have stars
			for at := 0; at+least <= len(runes); at++ {
				part := string(runes[at : at+least])
				if strings.TrimSpace(part) == "" {
					continue
				}
				for _, form := range []string{part, strings.Trim(fmt.Sprintf("%q", part), `"`)} {
					if strings.Contains(shown, form) && !strings.Contains(frames[i], form) {
						t.Fatalf("%s: %q of %q is left of %s: %s", how, form, secret, text, got)
					}
				}
			}
			if again := redact.Addresses(got); again != got {
				t.Fatalf("%s: once more: %s becomes %s", how, got, again)
			}
		}
	}
}

// Of a secret no four characters are left, however it is written and whatever it has.
func TestNothingOfASecretIsLeft(t *testing.T) {
	t.Parallel()
	alphabet := []rune(`abcXYZ0189 @:/?#&=%'"\` + "`" + `,;.+-_*()[]ü→`)
	for seed := range seedtest.Histories(300) {
		r := rand.New(rand.NewPCG(uint64(seed), 1)) //nolint:gosec // a history of its own
		secret := make([]rune, 4+r.IntN(16))
		for i := range secret {
			secret[i] = alphabet[r.IntN(len(alphabet))]
		}
		requireHidden(t, string(secret))
	}
}

func FuzzNothingOfASecretIsLeft(f *testing.F) {
	for _, secret := range []string{"hunter22", "a b@c d", `p'a"s\s`, "://x:y@", "//x:y@", "password=abcd", "1234 5678"} {
		f.Add(secret)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		if len(secret) > 40 || strings.TrimSpace(secret) == "" {
			return
		}
		for _, r := range secret {
			if r < ' ' || r == 0x7f || r == '\u2028' || r == '\ufffd' {
				return // no line of text
			}
		}
		requireHidden(t, secret)
	})
}

// What is shown is cut after it is masked: the end of a password would not be known for
// one.
func TestACutLeavesNothingOfASecret(t *testing.T) {
	t.Parallel()
	for n := range 300 {
		secret := strings.Repeat("s3cr", n)
		for _, address := range []string{"https://" + secret + "@h/a", "postgres://u:" + secret + "@h", "host=h password='" + secret + "'"} {
			text := redact.Line(strings.Repeat("x", n)+" "+address+" "+strings.Repeat("y", 500), 100)
			require.NotContains(t, text, "s3cr", "%d", n)
		}
	}
}
