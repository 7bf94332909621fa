package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// ctl runs the program without WhatsApp.
func ctl(t *testing.T, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, surroundings{out: &out, err: &errs})
	return ran{code: code, out: out.String(), err: errs.String()}
}

// watched is a SQLite file in which a monitor wrote a few beats.
func watched(t *testing.T) (path string, change func(do func(st store.Store, l *ledger.Ledger))) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "longrun.db")
	change = func(do func(st store.Store, l *ledger.Ledger)) {
		st, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		l, err := ledger.New(st, "")
		require.NoError(t, err)
		do(st, l)
		require.NoError(t, st.Close())
	}
	change(func(st store.Store, _ *ledger.Ledger) {
		ctx, stop := context.WithCancel(t.Context())
		beats := 0
		m, err := monitor.New(monitor.Config{Store: st, Interval: time.Second, InstanceID: "a", AfterBeat: func(context.Context, longrun.Heartbeat) {
			if beats++; beats == 3 {
				stop()
			}
		}})
		require.NoError(t, err)
		require.NoError(t, m.Run(ctx))
		stop()
	})
	return path, change
}

func TestVerifyEndsWithTheVerdict(t *testing.T) {
	t.Parallel()
	path, change := watched(t)
	at := "--store=sqlite:" + path

	for _, check := range []string{"evidence", "restart-safe"} {
		got := ctl(t, "verify", check, at)
		require.Equal(t, 0, got.code, "%v", got)
		require.True(t, strings.HasPrefix(got.out, check+": PASS\n"), got.out)
		require.Empty(t, got.err, "no progress where there is no terminal")
	}
	got := ctl(t, "verify", "evidence", at, "--format=json", "--window=1d")
	require.Equal(t, 0, got.code, "%v", got)
	var o verify.Outcome
	require.NoError(t, json.Unmarshal([]byte(got.out), &o))
	require.Equal(t, verify.Pass, o.Verdict)
	require.Positive(t, o.Counts["beats"])
	require.NotNil(t, o.From)

	got = ctl(t, "verify", "probes", at)
	require.Equal(t, 1, got.code, "no probe at all")
	require.Contains(t, got.out, "no result of outbound")
	got = ctl(t, "verify", "evidence", at, "--to=2020-01-01")
	require.Equal(t, 2, got.code, "nothing in the window")
	require.Contains(t, got.out, "CANNOT TELL")
	require.Equal(t, 2, ctl(t, "verify", "evidence", at, "--root=other/place").code)

	edited := ""
	change(func(st store.Store, l *ledger.Ledger) {
		e, ok, err := ledger.First[longrun.Heartbeat](t.Context(), l, ledger.Heartbeats, ledger.Page{})
		require.NoError(t, err)
		require.True(t, ok)
		e.Value.Healthy = true
		_, err = st.Commit(t.Context(), store.Set(e.Key, e.Value))
		require.NoError(t, err)
		edited = e.Path()
	})
	got = ctl(t, "verify", "evidence", at)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "fault  "+edited+": was edited")
}

func TestVerifyRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	path, _ := watched(t)
	at := "--store=sqlite:" + path
	dir := t.TempDir()
	missing, empty := filepath.Join(dir, "missing.db"), filepath.Join(dir, "empty.db")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	key := filepath.Join(dir, "key")
	secret := base64.StdEncoding.EncodeToString(make([]byte, 64))
	require.NoError(t, os.WriteFile(key, []byte(secret), 0o600))
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"evidence", "--store=sqlite:" + missing}, "--store: " + missing + " does not exist"},
		{[]string{"evidence", "--store=sqlite:" + empty}, "is empty"},
		{[]string{"evidence", "--store=memory:"}, "has nothing in it"},
		{[]string{"evidence", "--store=redis:x"}, "is none of"},
		{[]string{"evidence", at, "--root=odd"}, "--root"},
		{[]string{"evidence", at, "--from=yesterday"}, "--from: \"yesterday\" is neither a day"},
		{[]string{"evidence", at, "--window=0d"}, "--window: \"0d\" is neither a length"},
		{[]string{"evidence", at, "--window=1d", "--from=2025-12-29"}, "--from: does not go with window"},
		{[]string{"evidence", at, "--from=2025-12-29", "--to=2025-12-29"}, "the window is empty"},
		{[]string{"evidence", at, "--from=2999-01-01"}, "in the future"},
		{[]string{"probes", at, "--window=soon"}, "--window: \"soon\" is neither a length"},
		{[]string{"evidence", at, "--keep-days=-1"}, "--keep-days"},
		{[]string{"evidence", at, "--public-key=" + key}, "--public-key: " + key + " is no Ed25519 public key"},
		{[]string{"evidence", at, "--format=yaml"}, "--format"},
		{[]string{"probes", at, "--type=A"}, "--type"},
		{[]string{"probes", at, "--every=queue=soon"}, "--every: queue"},
		{[]string{"probes", at, "--min-pass-rate=queue=2"}, "--min-pass-rate: queue"},
		{[]string{"restart-safe", at, "--drill", "--drill-lease=1s"}, "Lease"},
		{[]string{"nothing"}, "unexpected"},
	} {
		got := ctl(t, append([]string{"verify"}, c.args...)...)
		require.Equal(t, 2, got.code, "%v: %v", c.args, got)
		require.Contains(t, got.err, c.says, "%v", c.args)
		require.NotContains(t, got.err+got.out, secret[:20])
	}
	_, err := os.Stat(missing)
	require.ErrorIs(t, err, os.ErrNotExist, "whoever only reads makes no file")
}

func TestVerifyDrills(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	path, change := watched(t)
	got := ctl(t, "verify", "restart-safe", "--store=sqlite:"+path, "--drill", "--format=json")
	requireOneObject(t, got.out)
	var both struct {
		verify.Outcome

		Drill verify.Outcome `json:"drill"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &both))
	require.Empty(t, both.Problems)
	require.Equal(t, "drill", both.Drill.Check)
	require.Equal(t, both.Drill.Verdict, both.Verdict)
	require.Equal(t, both.Verdict == verify.Pass, got.code == 0, "%v", got)
	for _, p := range both.Drill.Problems {
		if p.Weight == verify.Fault { // a busy machine is late; nothing else may be wrong
			require.Regexp(t, `more than 1\.05 × 4s|slots? before it are empty`, p.Text)
		}
	}
	change(func(_ store.Store, l *ledger.Ledger) {
		n := 0
		for _, err := range l.Heartbeats(t.Context(), ledger.Page{}) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 3, n, "the drill touches nothing that is in use")
	})
}

func TestACheckWithItsDrillIsAsBadAsTheWorseOfBoth(t *testing.T) {
	t.Parallel()
	badness := map[verify.Verdict]int{verify.Pass: 0, verify.CannotTell: 1, verify.Fail: 2}
	for stored, worse := range badness {
		for drill, bad := range badness {
			both := withDrill(verify.Outcome{Check: "restart-safe", Verdict: stored}, verify.Outcome{Check: "drill", Verdict: drill})
			require.Equal(t, max(worse, bad), badness[both.Verdict], "%s, %s", stored, drill)
			var text, object bytes.Buffer
			require.NoError(t, both.WriteText(&text))
			require.Regexp(t, "(?s)^restart-safe: "+string(stored)+"\n.*\ndrill: "+string(drill)+"\n", text.String())
			require.NoError(t, output.JSON(&object, both))
			requireOneObject(t, object.String())
			require.Contains(t, object.String(), `"drill": {`)
		}
	}
}

func TestVerifyHelps(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"evidence", "restart-safe", "probes"} {
		got := ctl(t, "verify", command, "--help")
		require.Equal(t, 0, got.code)
		require.Contains(t, got.out, "Examples:")
		require.Contains(t, got.out, "Exit codes: 0 pass, 1 fail, 2 cannot tell")
		require.Contains(t, got.out, "longctl verify "+command)
	}
}

// Whoever checks evidence leaves it as it was, byte by byte, with nothing beside
// it: it may lie where nothing can be written.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	path, _ := watched(t)
	at := "--store=sqlite:" + path
	files := func() map[string]string {
		found := map[string]string{}
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		for _, entry := range entries {
			data, err := os.ReadFile(filepath.Join(filepath.Dir(path), entry.Name()))
			require.NoError(t, err)
			found[entry.Name()] = string(data)
		}
		return found
	}
	before := files()
	for _, args := range [][]string{
		{"verify", "evidence", at},
		{"verify", "restart-safe", at},
		{"verify", "probes", at},
		{"report", at, "--interval=1s"},
		{"rollup", at, "--missing", "--dry-run", "--interval=1s"},
		{"prune", at, "--dry-run"},
	} {
		got := ctl(t, args...)
		require.NotContains(t, got.err, "sqlitestore", "%v", args)
		require.NotEmpty(t, got.out, "%v: %s", args, got.err)
		require.Equal(t, before, files(), "%v", args)
	}
}
