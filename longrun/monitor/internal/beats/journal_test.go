package beats_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/beats"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// open returns the room, with a journal at path.
func open(t *testing.T, path string) (*beats.Beats, *leadtest.Lines, error) {
	t.Helper()
	d, lines := leadtest.Deps(t, memstore.New(nil), nil)
	b, err := beats.New(d, beats.Options{
		Status:       hostcall.NewStatus(nil, time.Second, d.Clock),
		Backlog:      10,
		Journal:      path,
		ProcessStart: time.Now(),
		Answers:      func(context.Context) bool { return true },
		Made:         func(longrun.Heartbeat, longrun.HostStatus) {},
		Stored:       func(context.Context, longrun.Heartbeat) {},
		StoredLate:   func([]longrun.Heartbeat) {},
		Lapse:        func(longrun.Lapse) {},
		EachSlot:     func(context.Context) {},
	})
	return b, lines, err
}

func TestWhatIsNoJournalIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, syscall.Mkfifo(in("fifo"), 0o600))
	require.NoError(t, os.Symlink(in("fifo"), in("link")))
	st, err := sqlitestore.Open(t.Context(), in("longrun.db"), nil)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	for name, text := range map[string]string{
		"text": "a line\n", "json": `{"name": "another's"}`, "array": `[{"bucketId":"x"}]`,
		"space": "\n", "brace": "{\n", "zero": strings.Repeat("\x00", 100),
	} {
		require.NoError(t, os.WriteFile(in(name), []byte(text), 0o600))
	}
	before := files(t, dir)
	for _, path := range []string{in("fifo"), in("link"), "/dev/null", "/dev/zero", dir, in("longrun.db"), in("text"), in("json"), in("array"), in("space"), in("brace"), in("zero"), in("none/journal"), in("text/journal")} {
		_, _, err := open(t, path)
		require.Error(t, err, path)
	}
	require.Equal(t, before, files(t, dir))
}

// files are what the regular files of a folder hold.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		out[e.Name()] = e.Type().String()
		if e.Type().IsRegular() {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			require.NoError(t, err)
			out[e.Name()] += string(data)
		}
	}
	return out
}

func TestAJournalThatIsNotThereIsNotMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	b, _, err := open(t, path)
	require.NoError(t, err)
	b.Begin(t.Context())
	b.Recorded()
	b.Close(t.Context())
	require.Empty(t, b.LeftBehind())
	require.NoFileExists(t, path)
}

func TestAnEarlierProcessIsHeardOnceItIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "journal")
		from := time.Now()
		var text []byte
		for n := range 3 {
			line, err := json.Marshal(longrun.Beat(from.Add(time.Duration(n)*time.Minute), time.Minute))
			require.NoError(t, err)
			text = append(append(text, line...), '\n')
		}
		strange := longrun.Beat(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Minute)
		line, err := json.Marshal(strange)
		require.NoError(t, err)
		text = append(append(append(text, line...), '\n'), `{"bucketId":"torn`...)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		time.Sleep(time.Hour)

		b, lines, err := open(t, path)
		require.NoError(t, err)
		for range 2 {
			b.Begin(t.Context())
			require.Equal(t, []longrun.Lapse{{From: from.UTC(), To: from.Add(3 * time.Minute).UTC(), Cause: longrun.StoreDown}}, b.LeftBehind())
		}
		synctest.Wait()
		require.Equal(t, 1, lines.Count("make no sense"), "said once")
		require.Equal(t, 1, lines.Count("lines=2"))
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(text), string(left), "nothing is taken away before it is recorded")

		b.Recorded()
		b.Close(t.Context())
		left, err = os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}
