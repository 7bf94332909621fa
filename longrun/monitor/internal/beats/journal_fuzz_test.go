package beats_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// FuzzJournal: whatever a file holds behind a line of a journal, what is made of it are
// times in which a process may have lived.
func FuzzJournal(f *testing.F) {
	line := func(at time.Time) string {
		text, _ := json.Marshal(longrun.Beat(at, time.Minute)) // which it always can
		return string(text) + "\n"
	}
	now := time.Now()
	f.Add(line(now.Add(-time.Hour)) + line(now.Add(-59*time.Minute)))
	f.Add(line(now.Add(-time.Hour)) + line(now.Add(-time.Hour)) + line(now.Add(-30*time.Minute)))
	f.Add(line(now.Add(240*time.Hour)) + "{\"ts\":\"0001-01-01T00:00:00Z\"}\n{\"ts\":null}\n{\"ts\":\"2026-")
	f.Add("null\n[]\n{\n\x00")
	path := filepath.Join(f.TempDir(), "journal")
	f.Fuzz(func(t *testing.T, rest string) {
		require.NoError(t, os.WriteFile(path, []byte(line(time.Now())+rest), 0o600))
		b, _, err := open(t, path)
		if err != nil {
			return // no journal
		}
		now := time.Now()
		lapses := b.LeftBehind()
		require.LessOrEqual(t, len(lapses), longrun.MaxLapses)
		for i, l := range lapses {
			require.True(t, l.From.Before(l.To), "%v", l)
			require.False(t, l.To.After(now.Add(2*time.Minute+time.Second)), "%v", l)
			require.False(t, l.From.Before(now.AddDate(0, 0, -401)), "%v", l)
			require.Equal(t, longrun.StoreDown, l.Cause)
			require.True(t, i == 0 || lapses[i-1].To.Before(l.From), "%v", lapses)
		}
	})
}
