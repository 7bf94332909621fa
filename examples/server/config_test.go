package main

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start1 runs the server in process with ctx already over, so that a start that
// works ends at once.
func start1(t *testing.T, environment map[string]string, args ...string) (code int, out string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b bytes.Buffer
	code = run(ctx, args, environment, &b)
	return code, b.String()
}

func TestEveryMistakeIsNamedAndTheExitCodeIs2(t *testing.T) {
	t.Parallel()
	code, out := start1(t, map[string]string{
		"LONGRUN_STORE": "postgres:x", "LONGRUN_INTERVAL": "often", "LONGRUN_LEASE": "long", "LONGRUN_LOG_LEVEL": "loud", "LONGRUN_ADDR": "8080",
	})
	require.Equal(t, 2, code)
	for _, name := range []string{"LONGRUN_STORE", "LONGRUN_INTERVAL", "LONGRUN_LEASE", "LONGRUN_LOG_LEVEL", "LONGRUN_ADDR", "server --help"} {
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
		"no such port":         {map[string]string{"PORT": "99999", "ADMIN_TOKEN": "x"}, []string{`PORT: "99999"`}},
		"no such address":      {map[string]string{"LONGRUN_ADDR": "127.0.0.1:99999"}, []string{"LONGRUN_ADDR"}},
		"a lease below zero":   {map[string]string{"LONGRUN_LEASE": "-4s"}, []string{"LONGRUN_LEASE"}},
		"an interval below it": {map[string]string{"LONGRUN_INTERVAL": "-1m"}, []string{"LONGRUN_INTERVAL"}},
		"the store as well":    {map[string]string{"LONGRUN_STORE": "postgres:x", "LONGRUN_ROOT": "one"}, []string{"LONGRUN_STORE", "LONGRUN_ROOT"}},
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
		"address and port":               {map[string]string{"PORT": "0", "LONGRUN_ADDR": "127.0.0.1:0", "ADMIN_TOKEN": "x"}, []string{"LONGRUN_ADDR", "PORT"}},
		"journal in no folder":           {map[string]string{"LONGRUN_JOURNAL": dir + "/none/j"}, []string{"LONGRUN_JOURNAL"}},
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

func TestHelpAndUnknownArguments(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "--help", "help"} {
		code, out := start1(t, nil, arg)
		require.Zero(t, code)
		require.Contains(t, out, "LONGRUN_STORE")
	}
	code, out := start1(t, nil, "--store=x")
	require.Equal(t, 2, code)
	require.Contains(t, out, `unknown argument "--store=x"`)
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
	c, err = readConfig(map[string]string{"PORT": "9000", "ADMIN_TOKEN": "t", "LONGRUN_INTERVAL": "1s", "LONGRUN_LEASE": "4s"}, false)
	require.NoError(t, err)
	require.Equal(t, ":9000", c.Addr)
	require.Equal(t, 4*time.Second, c.Lease)
}
