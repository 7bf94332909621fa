package whatsappprobe

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
		m := marker{newSeries(), 3, 5}
		text := m.text(now)
		require.True(t, IsProbe(text), text)
		got, ok := parseMarker("> " + text + "\nwhat is this?")
		require.True(t, ok)
		require.Equal(t, m, got)
		require.Less(t, len(text), 120)
		seen[strings.ReplaceAll(text, m.series, "")] = true
	}
	require.Greater(t, len(seen), 40, "the words vary")
	for _, text := range []string{"", "hello", "[lw·x·1/5]", "[lw·abcdefghijklmnop·1]", "[lw·ABCDEFGHIJKLMNOP·1/5]", "lw·abcdefghijklmnop·1/5"} {
		require.False(t, IsProbe(text), text)
	}
}

func FuzzAMarkerIsFoundInAnyText(f *testing.F) {
	f.Add("before ", "after", 1, 5)
	f.Add("[lw·", "]", 10, 10)
	f.Fuzz(func(t *testing.T, before, after string, place, n int) {
		if _, there := parseMarker(before + after); there || !utf8.ValidString(before) || strings.Contains(before, "lw·") {
			t.Skip()
		}
		m := marker{"abcdefghijklmn27", abs(place) % 100, abs(n) % 100}
		got, ok := parseMarker(before + m.String() + after)
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

func TestNumbersAreMasked(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"4917012345678": "49*********78", "+4917012345678": "49*********78", "1234567": "12***67", "123456": "******", "": "",
	} {
		require.Equal(t, want, Mask(number))
	}
}

func TestTheAllowanceIsABurstAndThenARate(t *testing.T) {
	t.Parallel()
	a := allowance{burst: 12}
	now := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	require.True(t, a.take(12, now))
	require.False(t, a.take(1, now))
	require.False(t, a.take(1, now.Add(29*time.Second)))
	require.True(t, a.take(1, now.Add(30*time.Second)))
	require.False(t, a.take(2, now.Add(60*time.Second)), "all or none")
	require.True(t, a.take(1, now.Add(60*time.Second)))
	require.True(t, a.take(12, now.Add(24*time.Hour)), "a pause saves up no more than the burst")
	require.False(t, a.take(1, now.Add(24*time.Hour)))
}
