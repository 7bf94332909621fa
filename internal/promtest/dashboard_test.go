package promtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/promtest"
	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

const dashboard = "../../docs/grafana/longwatch.json"

// panel is of a dashboard what asks Prometheus.
type panel struct {
	Title   string `json:"title"`
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

func panels(t *testing.T) []panel {
	t.Helper()
	text, err := os.ReadFile(dashboard)
	require.NoError(t, err)
	var d struct {
		Panels []panel `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(text, &d))
	require.NotEmpty(t, d.Panels)
	return d.Panels
}

// server is a Prometheus that answers for the month.
type server struct {
	t           *testing.T
	base        string
	from, until time.Time
}

// serve starts a Prometheus on these blocks.
func serve(t *testing.T, blocks string) string {
	t.Helper()
	program := promtest.Program(t, "prometheus")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte("rule_files: []\n"), 0o644))
	addr, err := servertest.FreePort()
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	log := &strings.Builder{}
	cmd := exec.CommandContext(ctx, program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+blocks,
		"--storage.tsdb.retention.time=100y", "--query.lookback-delta=21m", "--web.listen-address="+addr, "--log.level=warn")
	cmd.Stderr = log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was ended
		if t.Failed() {
			t.Log(log)
		}
	})
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + addr + "/-/ready")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
	return "http://" + addr
}

// series is one of an answer: each value a time and a number as text.
type series struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values"`
}

// ask asks for all of the month, an hour apart.
func (s server) ask(query string) []series {
	s.t.Helper()
	params := url.Values{
		"query": {query}, "step": {"3600"},
		"start": {strconv.FormatInt(s.from.Unix(), 10)}, "end": {strconv.FormatInt(s.until.Unix(), 10)},
	}
	response, err := http.Get(s.base + "/api/v1/query_range?" + params.Encode())
	require.NoError(s.t, err)
	defer response.Body.Close()
	var body struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			Result []series `json:"result"`
		} `json:"data"`
	}
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&body))
	require.Equal(s.t, "success", body.Status, "%s: %s", query, body.Error)
	return body.Data.Result
}

// numbers are the values of a series that are numbers.
func numbers(t *testing.T, s series) (out []float64) {
	t.Helper()
	for _, v := range s.Values {
		f, err := strconv.ParseFloat(fmt.Sprint(v[1]), 64)
		require.NoError(t, err)
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			out = append(out, f)
		}
	}
	return out
}

func TestEachPanelIsAnsweredByARealPrometheus(t *testing.T) {
	t.Parallel()
	promtool := promtest.Program(t, "promtool")
	dir := t.TempDir()
	text, blocks := filepath.Join(dir, "month.txt"), filepath.Join(dir, "blocks")
	file, err := os.Create(text)
	require.NoError(t, err)
	from, until, last := simulate(t, file)
	require.NoError(t, file.Close())
	out, err := exec.CommandContext(t.Context(), promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=1000h", text, blocks).CombinedOutput()
	require.NoError(t, err, "%s", out)

	s := server{t: t, base: serve(t, blocks), from: from, until: until}
	for _, p := range panels(t) {
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			answer := s.ask(strings.ReplaceAll(target.Expr, "$__rate_interval", "2h"))
			require.NotEmpty(t, answer, "%s: %s", p.Title, target.Expr)
			known := 0
			for _, one := range answer {
				known += len(numbers(t, one))
			}
			require.Positive(t, known, "%s: %s is never a number", p.Title, target.Expr)
		}
	}

	// What Prometheus says at the end is what the monitor said.
	for _, w := range last.Coverage {
		answer := s.ask(fmt.Sprintf(`longrun_coverage_ratio{window=%q}`, w.Name))
		require.Len(t, answer, 1)
		values := numbers(t, answer[0])
		require.InDelta(t, w.Ratio(), values[len(values)-1], 0.001, w.Name)
	}
	// And the story shows.
	for query, what := range map[string]string{
		`longrun_alarms{rule="probe_fails"} > 0`:          "the probes that failed",
		`longrun_store_up == 0`:                           "the store that was away",
		`longrun_heartbeats_waiting > 0`:                  "the beats that waited for it",
		`longrun_account_state{state="needs_qr"}`:         "the account that was out",
		`longrun_outbox_undelivered > 0`:                  "the messages that nobody took",
		`longrun_gaps{cause="deploy"} == 1`:               "the deploy",
		`longrun_build_info{commit="c2"}`:                 "its build",
		`longrun_channel_failing_since_timestamp_seconds`: "the channel that was broken",
	} {
		require.NotEmpty(t, s.ask(query), what)
	}
}
