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

// FuzzFile: whatever a file holds, it is read or put aside, and the next one is
// written and read again.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		"", "null", "{}", "[]", `{"a":null}`, `{"a":{"phoneSeen":"x"}}`, `{"a":{"PhoneSeen":"9999-12-31T23:59:59Z","Restricted":{"Reason":7}}}`, "{\"a\":{}}\x00", "{\"\xff\":{}}",
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "accounts.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		require.NoError(t, os.WriteFile(path, text, 0o600))
		_ = os.Remove(path + ".broken")
		file := memory.New(path, slog.New(slog.DiscardHandler))
		known, others := file.Read()
		if others {
			require.NotNil(t, known)
		} else {
			broken, err := os.ReadFile(path + ".broken")
			require.NoError(t, err, "put aside")
			require.Equal(t, text, broken)
		}
		seen := time.Unix(1767049620, 0).UTC()
		file.Keep(map[string]tracker.Memory{"a": {PhoneSeen: seen}})
		known, _ = memory.New(path, slog.New(slog.DiscardHandler)).Read()
		require.Len(t, known, 1)
		require.True(t, known["a"].PhoneSeen.Equal(seen))
	})
}
