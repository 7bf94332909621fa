package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// recordedStore is a file that an older version wrote, of November 2026.
func recordedStore(t *testing.T) (path string) {
	t.Helper()
	packed, err := os.Open(filepath.Join("..", "..", "internal", "recorded", "testdata", "longrun.db.gz"))
	require.NoError(t, err)
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "longrun.db")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// lately matches what the time of the test makes.
var lately = []struct {
	what *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`\d{8}T\d{6}_[0-9a-f]{8}`), "ID"},
	{regexp.MustCompile(`\(commit [^)]*\)|\(go1[^)]*\)`), "(BUILD)"},
	{regexp.MustCompile(`longctl v\d[^ ]* `), "longctl (devel) "},
	{regexp.MustCompile(`restore_\d{8}T\d{6}`), "restore_NOW"},
	{regexp.MustCompile(`"longctl [^" ]+"`), `"longctl HOST"`},
	{regexp.MustCompile(`for \d+h\d+m\d+s`), "for LONG"},
	{regexp.MustCompile(`(?m)(\\n|^|"root": ")[A-Za-z0-9+/]{43}=`), "${1}HASH"},
	{regexp.MustCompile(`written, \d+ bytes`), "written, N bytes"},
	{regexp.MustCompile(`"nextCursor": "[^"]+"`), `"nextCursor": "CURSOR"`},
	{regexp.MustCompile(`Made \| [^|]* \|`), "Made | NOW |"},
	{regexp.MustCompile(`from 20\S*Z to 20\S*Z`), "from THEN to NOW"},
}

// settled is what was said, without what another day, place or build would say.
func settled(text, dir string) string {
	text = strings.ReplaceAll(text, dir+string(filepath.Separator), "")
	for _, l := range lately {
		text = l.what.ReplaceAllString(text, l.is)
	}
	return moments.ReplaceAllStringFunc(text, func(moment string) string {
		if moment < recordingEnd {
			return moment
		}
		return "NOW"
	})
}

var moments = regexp.MustCompile(`20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z`)

// recordingEnd is behind all that is recorded.
const recordingEnd = "2026-11-27"

// typed is a line of a transcript as a shell takes it apart, as far as these need it.
func typed(line string) []string {
	var words []string
	for _, w := range regexp.MustCompile(`'[^']*'|[^\s']+`).FindAllString(line, -1) {
		words = append(words, strings.Trim(w, "'"))
	}
	return words
}

// Each file of testdata is what somebody typed, and what was said. go test -update writes
// them anew.
func TestTheTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			path := recordedStore(t)
			dir := filepath.Dir(path)
			server := ""
			var got strings.Builder
			for line := range strings.Lines(string(want)) {
				command, ok := strings.CutPrefix(line, "$ longctl ")
				if strings.HasPrefix(line, "% ") {
					got.WriteString(line)
				}
				if !ok {
					continue
				}
				if strings.Contains(command, "SERVER") && server == "" {
					server = serving(t, path)
				}
				args := typed(command)
				for i, arg := range args {
					args[i] = strings.ReplaceAll(strings.ReplaceAll(arg, "sqlite:", "sqlite:"+dir+"/"), "SERVER", server)
					args[i] = strings.ReplaceAll(args[i], "OUT/", dir+"/")
				}
				var out, said bytes.Buffer
				code := run(t.Context(), args, surroundings{out: io.MultiWriter(&out, &said), err: &out})
				if asksForJSON(args) && said.Len() > 0 {
					requireOneObject(t, said.String())
				}
				fmt.Fprintf(&got, "$ longctl %s\n%s", strings.TrimSpace(command), settled(out.String(), dir))
				if code != 0 {
					fmt.Fprintf(&got, "exit code %d\n", code)
				}
			}
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got.String()), 0o600))
			}
			require.Equal(t, string(want), got.String())
		})
	}
}

// asksForJSON reports whether the words ask for JSON.
func asksForJSON(args []string) bool {
	at := slices.Index(args, "--format")
	return at >= 0 && at+1 < len(args) && args[at+1] == "json" || slices.Contains(args, "--format=json")
}

func requireOneObject(t *testing.T, text string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	var object map[string]any
	require.NoError(t, d.Decode(&object), text)
	require.ErrorIs(t, d.Decode(&object), io.EOF, "one object a run: %s", text)
}

// serving is the admin API of a server that leads nothing, over the file.
func serving(t *testing.T, path string) string {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	m, err := monitor.New(monitor.Config{
		Store: st, Interval: 10 * time.Minute, InstanceID: "gamma",
		Probes: []monitor.Probe{{Type: "http", Prober: probetest.NewScript(probetest.Step{Result: probe.Result{Status: probe.Pass, Latency: time.Millisecond}})}},
	})
	require.NoError(t, err)
	srv := httptest.NewServer(adminhttp.New(m, adminhttp.Options{Token: "a-token-of-some-length"}))
	t.Cleanup(func() { srv.Close(); require.NoError(t, st.Close()) })
	return srv.URL
}

// No command is without one, but for those that need a telephone.
func TestEveryCommandIsInATranscript(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(new(commandLine), kong.Name("longctl"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		if leaf.Name == "pair" {
			continue
		}
		require.Contains(t, all.String(), "$ "+leaf.FullPath(), leaf.Name)
		if leaf.Name != "completion" {
			require.Regexp(t, `(?m)^\$ `+leaf.FullPath()+` .*--format json`, all.String())
		}
	}
}

// Whatever a command says, programs can read and a file can hold, and its window is
// asked for by the same flags. Which is otherwise, says so in its help.
func TestEveryCommandSpeaksBothWays(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(new(commandLine), kong.Name("longctl"))
	require.NoError(t, err)
	for _, leaf := range parser.Model.Leaves(true) {
		flags := map[string]*kong.Flag{}
		for _, group := range leaf.AllFlags(true) {
			for _, f := range group {
				flags[f.Name] = f
			}
		}
		for _, name := range []string{"format", "out"} {
			if flags[name] == nil {
				require.Contains(t, leaf.Detail, "--"+name, "%s has no --%s, and does not say so", leaf.FullPath(), name)
			}
		}
		if f := flags["format"]; f != nil {
			require.Subset(t, f.EnumSlice(), []string{"text", "json"}, leaf.FullPath())
		}
		if flags["window"] != nil || flags["from"] != nil && leaf.Name != "add" { // that of a silence is when it begins
			for _, name := range []string{"window", "from", "to"} {
				require.Contains(t, flags, name, leaf.FullPath())
			}
		}
	}
}
