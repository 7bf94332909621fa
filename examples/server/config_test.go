package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/caarlos0/env/v11"
	"github.com/lmittmann/tint"
	"github.com/stretchr/testify/require"

	environ "github.com/seed-13dc028d/longwatch/examples/internal/environment"
)

// start1 runs the server in process with ctx already over, so that a start that
// works ends at once.
func start1(t *testing.T, environment map[string]string, args ...string) (code int, out string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b bytes.Buffer
	code = run(ctx, args, environment, nil, &b)
	return code, b.String()
}

func TestEveryMistakeIsNamedAndTheExitCodeIs2(t *testing.T) {
	t.Parallel()
	code, out := start1(t, map[string]string{
		"LONGRUN_STORE": "postgres:x", "LONGRUN_INTERVAL": "often", "LONGRUN_LEASE": "long", "LONGRUN_LOG_LEVEL": "loud", "LONGRUN_LOG_FORMAT": "xml", "LONGRUN_OPEN_BADGE": "perhaps", "LONGRUN_ADDR": "8080",
	})
	require.Equal(t, 2, code)
	for _, name := range []string{"LONGRUN_STORE", "LONGRUN_INTERVAL", "LONGRUN_LEASE", "LONGRUN_LOG_LEVEL", "LONGRUN_LOG_FORMAT", "LONGRUN_OPEN_BADGE", "LONGRUN_ADDR", "server --help"} {
		require.Contains(t, out, name)
	}
}

func TestMistakesOfAllPartsAreNamedAtOnceAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"one of the monitor's": {map[string]string{"LONGRUN_INTERVAL": "7s"}, []string{"LONGRUN_INTERVAL"}},
		"of each part": {map[string]string{
			"LONGRUN_INTERVAL": "7s", "LONGRUN_LEASE": "2s", "LONGRUN_ROOT": "one", "LONGRUN_INSTANCE_ID": "a/b", "LONGRUN_COMMIT": "\xff",
			"LONGRUN_JOURNAL": dir + "/none/j", "LONGRUN_ADDR": "8080", "LONGRUN_LOG_LEVEL": "loud",
		}, []string{
			"LONGRUN_INTERVAL", "LONGRUN_LEASE", "LONGRUN_ROOT", "LONGRUN_INSTANCE_ID", "LONGRUN_COMMIT",
			"LONGRUN_JOURNAL", "LONGRUN_ADDR", "LONGRUN_LOG_LEVEL",
		}},
		"no such port":         {map[string]string{"PORT": "99999", "ADMIN_TOKEN": testToken}, []string{`PORT: "99999"`}},
		"no such address":      {map[string]string{"LONGRUN_ADDR": "127.0.0.1:99999"}, []string{"LONGRUN_ADDR"}},
		"a lease below zero":   {map[string]string{"LONGRUN_LEASE": "-4s"}, []string{"LONGRUN_LEASE"}},
		"an interval below it": {map[string]string{"LONGRUN_INTERVAL": "-1m"}, []string{"LONGRUN_INTERVAL"}},
		"a secret too short, one of nothing, and a slip": {map[string]string{
			"ADMIN_TOKEN": "x", "TELEGRAM_BOT_TOKEN": " ", "LONGRUN_INTERVL": "1s", "LONGRUN_WEBHOOK_SECRET": "short",
		}, []string{"ADMIN_TOKEN has 1 characters", "TELEGRAM_BOT_TOKEN is set and has nothing", "did you mean LONGRUN_INTERVAL?", "LONGRUN_WEBHOOK_SECRET has 5", "LONGRUN_WEBHOOK_URL is not"}},
		"the store as well": {map[string]string{"LONGRUN_STORE": "postgres:x", "LONGRUN_ROOT": "one"}, []string{"LONGRUN_STORE", "LONGRUN_ROOT"}},
		"no emulator's address": {map[string]string{
			"LONGRUN_STORE": "firestore:p", "FIRESTORE_EMULATOR_HOST": "http://127.0.0.1", "LONGRUN_LEASE": "2s",
		}, []string{"FIRESTORE_EMULATOR_HOST", "LONGRUN_LEASE"}},
		"no port of an emulator": {map[string]string{"LONGRUN_STORE": "firestore:p", "FIRESTORE_EMULATOR_HOST": "127.0.0.1:99999"}, []string{"FIRESTORE_EMULATOR_HOST"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := filepath.Join(t.TempDir(), "longrun.db")
			env := map[string]string{"LONGRUN_STORE": "sqlite:" + db}
			maps.Copy(env, c.env)
			code, out := start1(t, env)
			require.Equal(t, 2, code, out)
			for _, want := range c.want {
				require.Contains(t, out, want)
			}
			require.Equal(t, len(c.want)+2, strings.Count(out, "\n"), "a line for each, and the two around them:\n%s", out)
			files, err := os.ReadDir(filepath.Dir(db))
			require.NoError(t, err)
			require.Empty(t, files)
		})
	}
}

func TestMistakesOfTheParts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notADatabase := filepath.Join(dir, "text.db")
	text := []byte(strings.Repeat("this is no database\n", 100))
	require.NoError(t, os.WriteFile(notADatabase, text, 0o600))
	for name, c := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"interval does not divide a day": {map[string]string{"LONGRUN_INTERVAL": "7s"}, []string{"LONGRUN_INTERVAL", "does not divide a day"}},
		"lease too short":                {map[string]string{"LONGRUN_INTERVAL": "1s", "LONGRUN_LEASE": "2s"}, []string{"LONGRUN_LEASE"}},
		"root of the wrong shape":        {map[string]string{"LONGRUN_ROOT": "one"}, []string{"LONGRUN_ROOT", "even number"}},
		"two at once":                    {map[string]string{"LONGRUN_ROOT": "one", "LONGRUN_INTERVAL": "7s"}, []string{"LONGRUN_ROOT", "LONGRUN_INTERVAL"}},
		"not a database":                 {map[string]string{"LONGRUN_STORE": "sqlite:" + notADatabase}, []string{"LONGRUN_STORE", notADatabase}},
		"a folder":                       {map[string]string{"LONGRUN_STORE": "sqlite:" + dir}, []string{"LONGRUN_STORE", dir}},
		"no such folder":                 {map[string]string{"LONGRUN_STORE": "sqlite:" + dir + "/none/x.db"}, []string{"LONGRUN_STORE", "none"}},
		"open to all without a token":    {map[string]string{"PORT": "0"}, []string{"ADMIN_TOKEN"}},
		"address and port":               {map[string]string{"PORT": "0", "LONGRUN_ADDR": "127.0.0.1:0", "ADMIN_TOKEN": testToken}, []string{"LONGRUN_ADDR", "PORT"}},
		"journal in no folder":           {map[string]string{"LONGRUN_JOURNAL": dir + "/none/j"}, []string{"LONGRUN_JOURNAL"}},
		"witness in no folder":           {map[string]string{"LONGRUN_WITNESS": dir + "/none"}, []string{"LONGRUN_WITNESS", "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"LONGRUN_STORE": "memory:"}
			if c.env["PORT"] == "" {
				env["LONGRUN_ADDR"] = "127.0.0.1:0"
			}
			maps.Copy(env, c.env)
			code, out := start1(t, env)
			require.Equal(t, 2, code, out)
			for _, want := range c.want {
				require.Contains(t, out, want)
			}
		})
	}
	after, err := os.ReadFile(notADatabase)
	require.NoError(t, err)
	require.Equal(t, text, after, "nothing is written")
}

const testToken = "sixteen-letters!"

func TestNoMistakeTellsAPassword(t *testing.T) {
	t.Parallel()
	for _, env := range []map[string]string{
		{"LONGRUN_STORE": "postgres://u:s3cr3t@h/db"},
		{"LONGRUN_STORE": "postgres:u:s3cr3t@h"},
		{"LONGRUN_STORE": "host=h password=s3cr3t"},
		{"LONGRUN_STORE": "sqlite:/none/postgres://u:s3cr3t@h"},
		{"LONGRUN_ADDR": "http://u:s3cr3t@h"},
		{"LONGRUN_STORE": "firestore:p", "FIRESTORE_EMULATOR_HOST": "u:s3cr3t@h"},
		{"LONGRUN_BASE_URL": "https://u:s3cr3t@h"},
		{"LONGRUN_PING_URL": "ftp://u:s3cr3t@h"},
		{"LONGRUN_PING_METHOD": "POST"},
		{"LONGRUN_PING_URL": "https://s3cr3t.example.org", "LONGRUN_PING_METHOD": "PUT"},
		{"LONGRUN_ANCHOR_ALERTS": "true"},
		{"LONGRUN_ZONE": "s3cr3t"},
		{"LONGRUN_INTERVL": "s3cr3t"},
		{"LONGRUN_ROOT": "x://u:s3cr3t@h"},
		{"ADMIN_TOKEN": "s3cr3t"},
		{"LONGRUN_EVIDENCE_KEY": "s3cr3t-s3cr3t-s3cr3t"},
		{"TELEGRAM_BOT_TOKEN": "s3cr3t-s3cr3t-s3cr3t", "TELEGRAM_CHAT_ID": "1"},
		{"LONGRUN_JOURNAL": "/none/u:s3cr3t@h"},
		{"LONGRUN_WITNESS": "/none/u:s3cr3t@h"},
		{"LONGRUN_INSTANCE_ID": "u:s3cr3t@/h"},
	} {
		env["LONGRUN_LOG_LEVEL"] = "loud"
		code, out := start1(t, env)
		require.Equal(t, 2, code)
		require.NotContains(t, out, "s3cr3t", "%v", env)
	}
	_, out := start1(t, nil, "--store=postgres://u:s3cr3t@h")
	require.NotContains(t, out, "s3cr3t")
}

func TestSecretsAreTrimmed(t *testing.T) {
	t.Parallel()
	c, err := readConfig(map[string]string{"ADMIN_TOKEN": testToken + "\n", "LONGRUN_WEBHOOK_URL": "https://h/x\n", "LONGRUN_WEBHOOK_SECRET": " " + testToken}, false)
	require.NoError(t, err)
	require.Equal(t, testToken, c.Token)
	require.Equal(t, "https://h/x", c.Alerts.Webhook)
	require.Equal(t, testToken, c.Alerts.WebhookSecret)
	_, err = readConfig(map[string]string{"ADMIN_TOKEN": "sixteen\x00letters!!"}, false)
	require.ErrorContains(t, err, "ADMIN_TOKEN has a character")
}

func TestEveryVariableIsKnownAndInTheHelp(t *testing.T) {
	t.Parallel()
	fields, err := env.GetFieldParams(new(config))
	require.NoError(t, err)
	for _, f := range fields {
		require.Contains(t, usage, f.Key)
		if strings.HasPrefix(f.Key, "LONGRUN_") {
			require.True(t, environ.Known(f.Key), f.Key)
		}
	}
}

func TestEverySpellingOfLoopbackIsTaken(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"LOCALHOST:8080", "localhost.:8080", "127.9.9.9:8080", "[::1]:8080", "127.0.0.1:8080"} {
		_, err := readConfig(map[string]string{"LONGRUN_ADDR": addr}, false)
		require.NoError(t, err, addr)
	}
	for _, addr := range []string{":8080", "0.0.0.0:8080", "[::]:8080", "10.0.0.1:8080", "localhost.example:8080"} {
		_, err := readConfig(map[string]string{"LONGRUN_ADDR": addr}, false)
		require.ErrorContains(t, err, "ADMIN_TOKEN is required", addr)
	}
	code, out := start1(t, map[string]string{"LONGRUN_STORE": "memory:", "LONGRUN_ADDR": "LOCALHOST:0"})
	require.Zero(t, code, out)
}

func TestTheLogShowsNothingThatATerminalObeys(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	logger := slog.New(tint.NewTextHandler(&b, &tint.Options{NoColor: true, ReplaceAttr: shown}))
	hostile := "a\x1b[2J\u202e\u009b\nb postgres://u:s3cr3t@h " + strings.Repeat("x", 10<<20)
	logger.Warn("m", "text", hostile, "error", errors.New(hostile), "n", 3)
	require.Less(t, b.Len(), 3000)
	require.NotContains(t, b.String(), "s3cr3t")
	require.Equal(t, 1, strings.Count(b.String(), "\n"))
	for _, r := range strings.TrimSpace(b.String()) {
		require.True(t, unicode.IsPrint(r), "%q", r)
	}
}

func TestHelpAndUnknownArguments(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "--help", "help"} {
		code, out := start1(t, nil, arg)
		require.Zero(t, code)
		require.Contains(t, out, "LONGRUN_STORE")
	}
	code, out := start1(t, nil, "--version")
	require.Zero(t, code)
	require.Regexp(t, `^server .*go1`, out)
	code, out = start1(t, nil, "--store=x")
	require.Equal(t, 2, code)
	require.Equal(t, "unknown argument \"--store=x\" (server --help says what there is)\n", out)
}

func TestATakenAddressIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	p := launch(t, "one", "LONGRUN_STORE=memory:")
	p.says("leading")
	code, out := start1(t, map[string]string{"LONGRUN_STORE": "memory:", "LONGRUN_ADDR": p.addr})
	require.Equal(t, 1, code)
	require.Contains(t, out, "LONGRUN_ADDR")
}

func TestEveryDefaultIsValid(t *testing.T) {
	t.Parallel()
	c, err := readConfig(map[string]string{}, false)
	require.NoError(t, err)
	require.Equal(t, "sqlite:longrun.db", c.Store)
	require.Equal(t, "127.0.0.1:8080", c.Addr)
	for _, interval := range []string{"1s", "10s", "1m", "1h", "24h"} {
		code, out := start1(t, map[string]string{"LONGRUN_STORE": "memory:", "LONGRUN_ADDR": "127.0.0.1:0", "LONGRUN_INTERVAL": interval})
		require.Zero(t, code, out)
	}
	c, err = readConfig(map[string]string{"PORT": "9000", "ADMIN_TOKEN": testToken, "LONGRUN_INTERVAL": "1s", "LONGRUN_LEASE": "4s"}, false)
	require.NoError(t, err)
	require.Equal(t, ":9000", c.Addr)
	require.Equal(t, 4*time.Second, c.Lease)
}
