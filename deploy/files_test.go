package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert/yaml" //nolint:depguard // the reader of YAML that is there anyway; nothing is asserted with it
	"github.com/stretchr/testify/require"
)

// stopTimeout is what the server may take for its end, of which a platform has to
// know: monitor.Config's default, which the server leaves as it is.
const stopTimeout = 8 * time.Second

func TestTheServersEndIsAsLongAsItIsTakenForHere(t *testing.T) {
	t.Parallel()
	source := read(t, "../longrun/monitor/config.go")
	require.Regexp(t, `defaultStopTimeout += 8 \* time\.Second`, source)
	require.NotContains(t, read(t, "../examples/server/config.go"), "StopTimeout")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(path))
	require.NoError(t, err)
	return string(text)
}

// files are those of this folder that configure something, and the pages about them.
func files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, dir := range []string{".", "../docs/deploy"} {
		entries, err := fs.ReadDir(os.DirFS(dir), ".")
		require.NoError(t, err)
		for _, e := range entries {
			if !e.IsDir() && filepath.Ext(e.Name()) != ".go" && e.Name() != ".env" {
				all[dir+"/"+e.Name()] = read(t, dir+"/"+e.Name())
			}
		}
	}
	require.Greater(t, len(all), 6)
	return all
}

// variables are what the server says it reads.
func variables(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, source := range []string{"../examples/server/config.go", "../examples/internal/channels"} {
		paths := []string{source}
		if filepath.Ext(source) == "" {
			var err error
			paths, err = filepath.Glob(source + "/*.go")
			require.NoError(t, err)
		}
		for _, path := range paths {
			for _, line := range regexp.MustCompile("(?m)^(?:.*`)?  ([A-Z][A-Z0-9_]+) ").FindAllStringSubmatch(read(t, path), -1) {
				names = append(names, line[1])
			}
		}
	}
	require.Contains(t, names, "LONGRUN_STORE")
	require.Contains(t, names, "TELEGRAM_BOT_TOKEN")
	return names
}

// variable is how variables of the server look. Others (COMMIT, UID, POSTGRES_…) are
// those of the tools.
var variable = regexp.MustCompile(`\b(?:LONGRUN_[A-Z0-9_]+|WHATSAPP_[A-Z0-9_]+|TELEGRAM_[A-Z0-9_]+|ADMIN_TOKEN|FIRESTORE_EMULATOR_HOST)\b`)

func TestEachVariableNamedIsOneOfTheServers(t *testing.T) {
	t.Parallel()
	known := variables(t)
	named := 0
	for path, text := range files(t) {
		for _, name := range variable.FindAllString(text, -1) {
			named++
			require.Contains(t, known, name, "%s names what the server does not read", path)
		}
	}
	require.Greater(t, named, 20)
}

// address is a store's, wherever one is written down.
var address = regexp.MustCompile(`(?:LONGRUN_STORE(?:=| = "|: )|LONGRUN_STORE\n +value: )'?([^\s"'` + "`" + `]+)`)

func TestEachStoreNamedCanBeOpened(t *testing.T) {
	path, named := binary(t), map[string]string{}
	for file, text := range files(t) {
		// What compose and Railway fill in is a word.
		filled := regexp.MustCompile(`\$\{[^}]*\}+`).ReplaceAllString(text, "word")
		for _, found := range address.FindAllStringSubmatch(filled, -1) {
			named[found[1]] = file
		}
	}
	require.Greater(t, len(named), 1)
	for store, file := range named {
		check := exec.CommandContext(t.Context(), path, "-healthcheck")
		check.Env = []string{"LONGRUN_STORE=" + store, "LONGRUN_ADDR=127.0.0.1:1"}
		out, err := check.CombinedOutput()
		failed, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok)
		require.Equal(t, 1, failed.ExitCode(), "%s: %s: %s", file, store, out) // nobody is there; 2 is a wrong configuration
	}
}

// documents parses YAML, of which one file may hold several.
func documents(t *testing.T, path string) (all []map[string]any) {
	t.Helper()
	for part := range strings.SplitSeq(read(t, path), "\n---\n") {
		var one map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(part), &one), path)
		require.NotEmpty(t, one, path)
		all = append(all, one)
	}
	return all
}

// text is a text at a path.
func text(t *testing.T, tree any, path ...string) string {
	t.Helper()
	s, ok := at(t, tree, path...).(string)
	require.True(t, ok, "%v", path)
	return s
}

// at walks down a tree of maps and lists.
func at(t *testing.T, tree any, path ...string) any {
	t.Helper()
	for i, key := range path {
		switch branch := tree.(type) {
		case map[string]any:
			require.Contains(t, branch, key, "%v", path[:i])
			tree = branch[key]
		case []any:
			n, err := strconv.Atoi(key)
			require.NoError(t, err)
			require.Less(t, n, len(branch), "%v", path[:i])
			tree = branch[n]
		default:
			t.Fatalf("%v leads to %T", path[:i], tree)
		}
	}
	return tree
}

func TestComposeGivesTheServerItsTime(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("compose.*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		server := at(t, documents(t, path)[0], "services", "longwatch")
		require.Equal(t, true, at(t, server, "read_only"), path)
		require.Equal(t, "SIGTERM", at(t, server, "stop_signal"), path)
		grace, err := time.ParseDuration(text(t, server, "stop_grace_period"))
		require.NoError(t, err)
		require.Greater(t, grace, stopTimeout+2*time.Second, path)
		require.FileExists(t, "../"+text(t, server, "build", "dockerfile"))
	}
}

func TestManifestsGiveTheServerItsTime(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("kubernetes*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		pods := 0
		for _, d := range documents(t, path) {
			require.NotEmpty(t, at(t, d, "apiVersion"), path)
			require.NotEmpty(t, at(t, d, "metadata", "name"), path)
			if kind := at(t, d, "kind"); kind != "StatefulSet" && kind != "Deployment" {
				continue
			}
			pods++
			require.Equal(t, at(t, d, "spec", "selector", "matchLabels"), at(t, d, "spec", "template", "metadata", "labels"))
			pod := at(t, d, "spec", "template", "spec")
			require.Greater(t, at(t, pod, "terminationGracePeriodSeconds"), int(stopTimeout.Seconds())+2)
			require.Equal(t, true, at(t, pod, "securityContext", "runAsNonRoot"))
			server := at(t, pod, "containers", "0")
			require.Equal(t, true, at(t, server, "securityContext", "readOnlyRootFilesystem"))
			probesRight(t, server)
		}
		require.Equal(t, 1, pods, path)
	}
}

// probesRight holds liveness to what no store can bring down.
func probesRight(t *testing.T, server any) {
	t.Helper()
	require.Equal(t, "/livez", at(t, server, "livenessProbe", "httpGet", "path"))
	ready := "readinessProbe"
	fields, _ := server.(map[string]any)
	if _, ok := fields[ready]; !ok {
		ready = "startupProbe"
	}
	require.Equal(t, "/readyz", at(t, server, ready, "httpGet", "path"))
}

func TestCloudRunKeepsOneInstanceAtWork(t *testing.T) {
	t.Parallel()
	template := at(t, documents(t, "cloudrun.yaml")[0], "spec", "template")
	notes := at(t, template, "metadata", "annotations")
	require.Equal(t, "1", at(t, notes, "autoscaling.knative.dev/minScale"))
	require.Equal(t, "false", at(t, notes, "run.googleapis.com/cpu-throttling"))
	probesRight(t, at(t, template, "spec", "containers", "0"))
}

func TestRailwayGivesTheServerItsTime(t *testing.T) {
	t.Parallel()
	var file any
	decoder := json.NewDecoder(bytes.NewBufferString(read(t, "railway.json")))
	require.NoError(t, decoder.Decode(&file))
	require.Greater(t, at(t, file, "deploy", "drainingSeconds"), stopTimeout.Seconds()+2)
	require.Equal(t, "/readyz", at(t, file, "deploy", "healthcheckPath"))
	require.FileExists(t, "../"+text(t, file, "build", "dockerfilePath"))
}

func TestFlyGivesTheServerItsTime(t *testing.T) {
	t.Parallel()
	text := read(t, "fly.toml")
	require.Contains(t, text, "\nkill_signal = \"SIGTERM\"\n")
	timeout := regexp.MustCompile(`(?m)^kill_timeout = "(.*)"$`).FindStringSubmatch(text)
	require.NotNil(t, timeout)
	wait, err := time.ParseDuration(timeout[1])
	require.NoError(t, err)
	require.Greater(t, wait, stopTimeout+2*time.Second)
	require.Contains(t, text, "auto_stop_machines = \"off\"")
	require.FileExists(t, regexp.MustCompile(`(?m)^ *dockerfile = "(.*)"$`).FindStringSubmatch(text)[1], "beside fly.toml")
}

func TestTheDockerfileEndsAsTheServerDoes(t *testing.T) {
	t.Parallel()
	text := read(t, "Dockerfile")
	for _, line := range []string{"STOPSIGNAL SIGTERM", "FROM scratch AS base", "USER ${UID}", "VOLUME /data", `ENTRYPOINT ["/server"]`} {
		require.Contains(t, "\n"+text, "\n"+line+"\n")
	}
	require.Contains(t, text, `CMD ["/server", "-healthcheck"]`, "there is no shell")
	require.True(t, strings.HasSuffix(text, "ENTRYPOINT [\"/server\"]\n"), "the server is what is built where nothing is said")
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))
	require.NotNil(t, version)
	require.Contains(t, text, "FROM golang:"+version[1]+"-")
}

// settings are the lines of a unit's section [Service].
func settings(unit string) map[string][]string {
	all := map[string][]string{}
	_, service, _ := strings.Cut(unit, "\n[Service]\n")
	service, _, _ = strings.Cut(service, "\n[")
	for line := range strings.Lines(service) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			all[name] = append(all[name], value)
		}
	}
	return all
}

func TestTheUnitGivesTheServerItsTime(t *testing.T) {
	t.Parallel()
	unit := settings(read(t, "longwatch.service"))
	require.Equal(t, []string{"SIGTERM"}, unit["KillSignal"])
	seconds, err := strconv.Atoi(unit["TimeoutStopSec"][0])
	require.NoError(t, err)
	require.Greater(t, time.Duration(seconds)*time.Second, stopTimeout+2*time.Second)
	require.Equal(t, []string{"exec"}, unit["Type"], "the server notifies nobody")
	require.Equal(t, []string{"2"}, unit["RestartPreventExitStatus"], "the exit code of a wrong configuration")
	require.True(t, slices.Contains(unit["Environment"], "LONGRUN_STORE=sqlite:/var/lib/"+unit["StateDirectory"][0]+"/longrun.db"))
}

func TestSystemdHasNothingToSayAgainstTheUnit(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here: the package systemd has it")
	}
	// It asks for the program that is started; this test's own will do.
	self, err := os.Executable()
	require.NoError(t, err)
	unit := filepath.Join(t.TempDir(), "longwatch.service")
	text := strings.Replace(read(t, "longwatch.service"), "ExecStart=/usr/local/bin/longwatch-server", "ExecStart="+self, 1)
	require.NoError(t, os.WriteFile(unit, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))

	const medium = "20" // of 100: systemd's own word for up to there is OK
	out, err = exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--threshold="+medium, "--no-pager", unit).CombinedOutput()
	if err != nil && strings.Contains(string(out), "unrecognized option") {
		t.Skip("this systemd-analyze cannot judge a file")
	}
	require.NoError(t, err, "%s", out)
}
