package sending

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestAProbesTextIsRecognisedAndVaries(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	now := time.Date(2025, 12, 29, 22, 29, 47, 0, time.UTC)
	for range 500 {
		m := Marker{NewSeries(), 3, 5}
		text := m.Text(now)
		require.True(t, IsMarked(text), text)
		got, ok := ParseMarker("> " + text + "\nwhat is this?")
		require.True(t, ok)
		require.Equal(t, m, got)
		require.Less(t, len(text), 120)
		seen[strings.ReplaceAll(text, m.Series, "")] = true
	}
	require.Greater(t, len(seen), 40, "the words vary")
	for _, text := range []string{"", "hello", "[lw·x·1/5]", "[lw·abcdefghijklmnop·1]", "[lw·ABCDEFGHIJKLMNOP·1/5]", "lw·abcdefghijklmnop·1/5"} {
		require.False(t, IsMarked(text), text)
	}
}

func FuzzAMarkerIsFoundInAnyText(f *testing.F) {
	f.Add("before ", "after", 1, 5)
	f.Add("[lw·", "]", 10, 10)
	f.Fuzz(func(t *testing.T, before, after string, place, n int) {
		if _, there := ParseMarker(before + after); there || !utf8.ValidString(before) || strings.Contains(before, "lw·") {
			t.Skip()
		}
		m := Marker{"abcdefghijklmn27", abs(place) % 100, abs(n) % 100}
		got, ok := ParseMarker(before + m.String() + after)
		require.True(t, ok)
		require.Equal(t, m, got)
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
