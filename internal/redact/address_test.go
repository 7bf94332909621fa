package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/redact"
)

func TestThePasswordOfAnAddressIsMasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres://u:pw@h/db":                    "postgres://u:***@h/db",
		`LONGRUN_STORE: "postgres://u:p/w@x@h" x`: `LONGRUN_STORE: "postgres://u:***@h" x`,
		"postgres://token@h/db":                   "postgres://***@h/db",
		"sqlite:postgres://u:pw@h":                "sqlite:postgres:***@h",
		"postgres:u:pw@h":                         "postgres:u:***@h",
		"mysql:u:pw@tcp(h)/db":                    "mysql:u:***@tcp(h)/db",
		"u:pw@tcp(h:3306)/db":                     "u:***@tcp(h:3306)/db",
		"host=h user=u password=pw dbname=d":      "host=h user=u password=*** dbname=d",
		"host=h PASSWORD = 'p w' dbname=d":        "host=h PASSWORD = *** dbname=d",
		"file.db?_auth_pass=pw&x=1":               "file.db?_auth_pass=***&x=1",
		"https://h/?sslpassword=pw&api_key=k;z":   "https://h/?sslpassword=***&api_key=***;z",
		"nothing: 127.0.0.1:8080 is no address":   "nothing: 127.0.0.1:8080 is no address",
		`"postgres://u:p\"w@h"`:                   `"postgres://u:***@h"`,
		"sqlite:longrun.db":                       "sqlite:longrun.db",
		"http://127.0.0.1:8085/a/b":               "http://127.0.0.1:8085/a/b",
		"":                                        "",
	} {
		got := redact.Addresses(in)
		require.Equal(t, want, got)
		require.Equal(t, got, redact.Addresses(got))
	}
}
