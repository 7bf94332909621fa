package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// slotLength is the length of a slot in these histories.
const slotLength = 5 * time.Minute

// aged is a SQLite file with the beats of the last whole days and of today so
// far. On the second day an hour is missing.
func aged(t *testing.T, days int) (path string, first time.Time) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "longrun.db")
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	first = longrun.DayOf(time.Now()).From.AddDate(0, 0, -days)
	ops := []store.Op{store.Create(l.Key(ledger.Runs, "RUN_a"), longrun.Run{RunID: "RUN_a", TS: first, InstanceID: "a", IntervalSec: 300})}
	var head evidence.Head
	for at := first; at.Before(time.Now()); at = at.Add(slotLength) {
		if since := at.Sub(first); since >= 30*time.Hour && since < 31*time.Hour {
			continue
		}
		h := longrun.Beat(at.Add(time.Second), slotLength)
		h.InstanceID, h.CommitHash, h.Epoch, h.Healthy = "a", "c1", 1, true
		h, head = head.Next(h)
		ops = append(ops, l.CreateHeartbeat(h))
		if len(ops) == 300 {
			_, err := st.Commit(t.Context(), ops...)
			require.NoError(t, err)
			ops = nil
		}
	}
	if len(ops) > 0 {
		_, err = st.Commit(t.Context(), ops...)
		require.NoError(t, err)
	}
	return path, first
}

func TestADayIsRolledUpByHandOnceAndReported(t *testing.T) {
	t.Parallel()
	path, first := aged(t, 3)
	at := "--store=sqlite:" + path
	day := func(i int) string { return longrun.RollupID(first.AddDate(0, 0, i)) }

	got := ctl(t, "rollup", at, "--missing", "--dry-run")
	require.Zero(t, got.code, got)
	require.Equal(t, 3, strings.Count(got.out, "would be written"))
	got = ctl(t, "rollup", at, "--missing")
	require.Zero(t, got.code, got)
	require.Contains(t, got.out, day(1)+"  expected 288, written 276, missed 12, 95.83 %  written\n")
	require.Contains(t, ctl(t, "rollup", at, "--missing").out, "no day lacks its rollup")
	require.Contains(t, ctl(t, "rollup", at, "--day="+day(1)).out, "unchanged")

	window := "--window=" + day(0) + "/" + day(3)
	got = ctl(t, "report", at, window)
	require.Zero(t, got.code, got)
	require.Contains(t, got.out, "864")
	require.Contains(t, got.out, "98.6")
	got = ctl(t, "report", at, window, "--format=json", "--strict")
	var r report.Report
	require.NoError(t, json.Unmarshal([]byte(got.out), &r))
	require.Equal(t, []int{864, 852, 12}, []int{r.Coverage.Expected, r.Coverage.Written, r.Coverage.Missed})
	require.Equal(t, report.Pass, r.Judgement.Outcome, "98.6 %% of three days are held to the threshold")
	require.Zero(t, got.code)
	again := ctl(t, "report", at, window, "--format=json", "--from-beats")
	var fromBeats report.Report
	require.NoError(t, json.Unmarshal([]byte(again.out), &fromBeats))
	require.Equal(t, r.Coverage, fromBeats.Coverage)
	require.Equal(t, r.Gaps, fromBeats.Gaps)

	file := filepath.Join(t.TempDir(), "report.html")
	got = ctl(t, "report", at, "--format=html", "--out="+file)
	require.Zero(t, got.code, got)
	require.Empty(t, got.out)
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(page), "<!doctype html>"), string(page[:60]))

	// A week of which two hours are missing is under its 99 %.
	require.Equal(t, 1, ctl(t, "report", at, "--window=7d", "--strict").code)
	require.Equal(t, 2, ctl(t, "report", at, "--window=2001-01-01/2001-01-02", "--strict").code, "no data")
}

func TestWhereNothingIsStoredNoRollupIsSaidToBeThere(t *testing.T) {
	t.Parallel()
	path, _ := aged(t, 1)
	got := ctl(t, "rollup", "--store=sqlite:"+path, "--root=other/place", "--missing")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "nothing is stored here")
	require.Empty(t, got.out)
}

func TestADayIsWholeOnlyWithoutAnyMissedSlot(t *testing.T) {
	t.Parallel()
	require.Equal(t, "99.99 %", hundredths(86_399, 86_400))
	require.Equal(t, "100.00 %", hundredths(86_400, 86_400))
	require.Equal(t, "95.83 %", hundredths(276, 288))
	require.Equal(t, "0.00 %", hundredths(0, 288))
	require.Equal(t, "no slot", hundredths(0, 0))
}

func TestWhatIsNoLongerKeptIsCountedThenDeleted(t *testing.T) {
	t.Parallel()
	path, first := aged(t, 7)
	at := "--store=sqlite:" + path
	require.Contains(t, ctl(t, "prune", at).out, "everything is kept")
	keep := []string{"prune", at, "--keep=heartbeats=4"}
	got := ctl(t, keep...)
	require.Zero(t, got.code, got)
	require.Contains(t, got.out, "0 deleted; the rest is kept: the day "+longrun.RollupID(first)+" has no sound rollup")
	require.Zero(t, ctl(t, "rollup", at, "--missing").code)
	got = ctl(t, append(keep, "--dry-run")...)
	require.Contains(t, got.out, "852 would be deleted\n", "three days, less an hour")
	require.Equal(t, got.out, ctl(t, append(keep, "-n")...).out, "nothing was")
	require.Contains(t, ctl(t, keep...).out, "852 deleted\n")
	require.Contains(t, ctl(t, keep...).out, "0 deleted\n")
	require.Contains(t, ctl(t, "rollup", at, "--day="+longrun.RollupID(first)).out, "kept: documents that it counted are gone")
	got = ctl(t, "report", at, "--window="+longrun.RollupID(first)+"/"+longrun.RollupID(first.AddDate(0, 0, 3)), "--format=json")
	var r report.Report
	require.NoError(t, json.Unmarshal([]byte(got.out), &r))
	require.Equal(t, 852, r.Coverage.Written, "from the rollups")
}

func TestReportRollupAndPruneRefuseWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	path, _ := aged(t, 1)
	at := "--store=sqlite:" + path
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"report", at, "--window=8 days"}, `--window: "8 days" is neither a length such as 1h, 36h, 7d`},
		{[]string{"report", at, "--window=2999-01-01/"}, "future"},
		{[]string{"report", at, "--window=2025-02-01/2025-01-01"}, "before from"},
		{[]string{"report", at, "--window=1h", "--from=2025-01-01"}, "--from: does not go with window"},
		{[]string{"report", at, "--to=soon"}, "--to: \"soon\" is neither"},
		{[]string{"export", at, "gaps", "--window=1x"}, "--window"},
		{[]string{"export", at, "beats"}, "beats"},
		{[]string{"report", at, "--out=" + filepath.Join(t.TempDir(), "no", "such", "folder")}, "--out"},
		{[]string{"report", at, "--out=" + t.TempDir()}, "is a folder"},
		{[]string{"report", at, "--interval=7m"}, "--interval 7m0s"},
		{[]string{"report", at, "--format=pdf"}, "--format"},
		{[]string{"report", "--store=sqlite:" + path + "x"}, "does not exist"},
		{[]string{"rollup", at}, "--missing"},
		{[]string{"rollup", at, "--missing", "--day=2025-01-01"}, "--missing"},
		{[]string{"rollup", at, "--day=" + longrun.RollupID(time.Now())}, "is not over"},
		{[]string{"rollup", at, "--missing", "--key=hello"}, "LONGRUN_EVIDENCE_KEY"},
		{[]string{"prune", at, "--keep=heartbeats=1"}, "--keep: retentionDays heartbeats 1"},
		{[]string{"prune", at, "--keep=config=10"}, "config"},
	} {
		got := ctl(t, c.args...)
		require.Equal(t, 2, got.code, "%v: %v", c.args, got)
		require.Contains(t, got.err, c.says, "%v", c.args)
		require.NotContains(t, got.err, "hello")
	}
}

func TestAnAlertIsTested(t *testing.T) {
	t.Parallel()
	tg := alerttest.NewTelegram()
	t.Cleanup(tg.Close)
	tg.Serve("42")
	args := []string{"alert", "test", "--telegram-token=" + tg.Token(), "--telegram-api=" + tg.URL()}
	got := ctl(t, append(args, "--telegram-chat=42")...)
	require.Zero(t, got.code, got)
	require.Equal(t, "sent to Telegram chat 42\n", got.out)
	require.Len(t, tg.Messages(), 1)
	require.True(t, strings.HasPrefix(tg.Messages()[0].Text, "[TEST]"))
	got = ctl(t, append(args, "--telegram-chat=43")...)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "no use to try again")
	require.Contains(t, got.err, "chat not found")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"alert", "test"}, "no channel is configured"},
		{[]string{"alert", "test", "--telegram-chat=1"}, "TELEGRAM_BOT_TOKEN is not set"},
		{append(args, "--telegram-chat=x"), "chatID"},
		{append(args, "--telegram-chat=1", "--telegram-topic=x"), "TELEGRAM_TOPIC_ID"},
		{[]string{"alert", "test", "--webhook-secret=s"}, "LONGRUN_WEBHOOK_URL is not"},
		{[]string{"alert", "test", "--server=nowhere"}, "--server"},
		{[]string{"alert", "test", "--server=http://127.0.0.1:1", "--timeout=-1s"}, "--timeout"},
	} {
		got := ctl(t, c.args...)
		require.Equal(t, 2, got.code, "%v: %v", c.args, got)
		require.Contains(t, got.err, c.says)
		require.NotContains(t, got.err, tg.Token())
	}
	require.Equal(t, 1, ctl(t, "alert", "test", "--server=http://127.0.0.1:1").code)
}

func TestListsAreExportedForSpreadsheets(t *testing.T) {
	t.Parallel()
	path, first := aged(t, 3)
	at := "--store=sqlite:" + path
	got := ctl(t, "export", "gaps", at, "--from="+longrun.RollupID(first))
	require.Zero(t, got.code, got)
	gap := first.Add(30 * time.Hour)
	require.Equal(t, "from,to,missed,seconds,cause,before,after\n"+longrun.ISO(gap)+","+longrun.ISO(gap.Add(time.Hour))+",12,3600,stall,a,a\n", got.out)
	file := filepath.Join(t.TempDir(), "probes.csv")
	require.Zero(t, ctl(t, "export", "probes", at, "--out="+file).code)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "probeKey,type,name,ts,result,latencyMs,errorClass,trigger,instanceId,commitHash\n", string(data))
	require.Contains(t, ctl(t, "export", "incidents", at, "--window=36h").out, "incidentId,rule")
}

func TestADashIsStandardOutput(t *testing.T) {
	t.Parallel()
	path, _ := aged(t, 1)
	got := ctl(t, "report", "--store=sqlite:"+path, "--out=-")
	require.Equal(t, 0, got.code, got.err)
	require.Contains(t, got.out, "# Longrun report")
}
