package postgresstore

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzEscape: an ID comes back as it was, has no character that Postgres cannot
// keep, and is ordered as it was.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "a", "\x00", "\x01", "\x01\x01", "\x01\x02", "\x02", "a\x00b", "\x00\x01", "ü"} {
		f.Add(seed, "a\x01")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		require.Equal(t, a, unescape(escape(a)))
		require.NotContains(t, escape(a), "\x00")
		require.Equal(t, strings.Compare(a, b), strings.Compare(escape(a), escape(b)))
	})
}

// FuzzNumbers: a notification says what was put into it, and anything else is none
// of ours.
func FuzzNumbers(f *testing.F) {
	f.Add(int32(0), int32(-1), "")
	f.Add(int32(1<<31-1), int32(-1<<31), "x y")
	f.Fuzz(func(t *testing.T, a, b int32, text string) {
		got, ok := numbersIn(payloadOf([]int32{a, b}))
		require.True(t, ok)
		require.Equal(t, []int32{a, b}, got)
		if got, ok := numbersIn(text); ok {
			require.NotEmpty(t, got)
		}
	})
}

func TestAVersionIsOneWayToWriteAUUID(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		v := newVersion()
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, v)
		require.True(t, isVersion(v))
		require.False(t, seen[v])
		seen[v] = true
	}
	v := newVersion()
	for _, other := range []string{"", "1", strings.ToUpper("a" + v[1:]), "{" + v + "}", strings.ReplaceAll(v, "-", ""), v[:35] + "g", v[:8] + "0" + v[9:], v + " "} {
		require.False(t, isVersion(other), other)
	}
}
