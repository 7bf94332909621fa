package memory_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/memory"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// Two processes that know the same of an account do not write it by turns for ever: a
// time that was read is the same, though it has no zone and no monotonic clock.
func TestWhatIsKnownAlreadyIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.json")
	now := time.Now() // with a zone and a monotonic clock
	own := map[string]tracker.Memory{"a": {
		PhoneSeen: now, Restricted: tracker.Restriction{From: now, Until: now.Add(time.Hour), Reason: "r"}, Banned: tracker.Restriction{From: now}, Learnt: now,
	}}
	memory.New(path, slog.New(slog.DiscardHandler)).Keep(own)
	next := memory.New(path, slog.New(slog.DiscardHandler))
	_, others := next.Read()
	require.True(t, others)
	require.NoError(t, os.Remove(path)) // so that a write shows
	next.Keep(own)
	require.NoFileExists(t, path)

	changed := own["a"]
	changed.Banned.Until = now.Add(time.Hour)
	next.Keep(map[string]tracker.Memory{"a": changed})
	require.FileExists(t, path)
}
