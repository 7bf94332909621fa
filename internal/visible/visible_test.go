package visible_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

func TestWhatIsSeenStaysAndWhatIsNotIsMarkedOrLeftOut(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][2]string{
		"as it is":                {"as it is", "as it is"},
		"":                        {"", ""},
		"  much \t\r\n room  ":    {"much room", "much room"},
		"a\x1b[2Jb":               {"a\ufffd[2Jb", "a [2Jb"},
		"a\x07\x00\x7fb":          {"a\ufffd\ufffd\ufffdb", "a b"},
		"a\u0085b\u009b31m":       {"a b\ufffd31m", "a b 31m"}, // next line is white space
		"one\u2028two\u2029three": {"one two three", "one two three"},
		"gnp.\u202eexe":           {"gnp.\ufffdexe", "gnp.exe"},
		"a\u2066b\u2069c\u200ed":  {"a\ufffdb\ufffdc\ufffdd", "abcd"},
		"a\u061cb":                {"a\ufffdb", "ab"},
		"a\u200bb\ufeffc\u2060d":  {"a\ufffdb\ufffdc\ufffdd", "abcd"},
		"a\u200db":                {"a\ufffdb", "ab"}, // joins nothing
		"👩\u200d💻 ❤\ufe0f":        {"👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f"},
		"a\ufe0fb":                {"a\ufffdb", "ab"},
		"a\U000e0041b\U000e0101c": {"a\ufffdb\ufffdc", "abc"}, // a tag, and a selector: both carry what nobody sees
		"a\u3164b\u2800c\u115fd":  {"a\ufffdb\ufffdc\ufffdd", "abcd"},
		"a\ue000b":                {"a\ufffdb", "ab"},
		"a\xff\xfeb":              {"a\ufffdb", "a\ufffdb"},
		"Grüße, 你好, Здравствуй, مرحبا": {"Grüße, 你好, Здравствуй, مرحبا", "Grüße, 你好, Здравствуй, مرحبا"},
	} {
		require.Equal(t, want[0], visible.Line(s, 100), "%q", s)
		require.Equal(t, want[1], visible.Quiet(s, 100), "%q", s)
	}
}

func TestWhatIsLongIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	require.Equal(t, "abcd…", visible.Line("abcdefgh", 5))
	require.Equal(t, "abcde", visible.Line("abcde", 5))
	require.Equal(t, "üöä…", visible.Line("üöäüöä", 4))
	require.Equal(t, "a…", visible.Line("a bcd", 3))
	require.Empty(t, visible.Line("abc", 0))
	require.Equal(t, "ü…", visible.Head("üö", 3))
	require.Equal(t, "…", visible.Head("ü", 1))
	require.Equal(t, "one\ntwo", visible.Lines("one\n\n two \n", 5, 10))
	require.Equal(t, "one\n…", visible.Lines("one\ntwo\nthree", 1, 10))
}

// Ten megabytes cost what a screenful does: what is not shown is not looked at.
func TestWhatIsCutIsNotLookedAt(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	for name, s := range map[string]string{
		"plain": strings.Repeat("word ", 2<<20), "hidden": strings.Repeat("\u202e", 3<<20), "broken": strings.Repeat("\xff", 10<<20), "digits": strings.Repeat("4915", 2<<20),
	} {
		for _, f := range []func(string, int) string{visible.Line, visible.Quiet} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 100 {
				f(s, 200)
			}
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(len(s)), name)
		}
	}
}

func TestJSONSaysTheSameAndHidesNothing(t *testing.T) {
	t.Parallel()
	in := map[string]any{"a\u202e": "\x1b\u009b\x7f\u200b\U000e0041\u2028 ü 👩\u200d💻", "n": 1.5, "l": []any{nil, true, "<&>"}}
	data, err := json.MarshalIndent(in, "", "  ")
	require.NoError(t, err)
	text := visible.JSON(data)
	var out map[string]any
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in, out)
	require.Contains(t, string(text), `"a\u202e"`)
	require.Contains(t, string(text), `\udb40\udc41`)
	requireHarmless(t, string(text))
	plain := []byte("{\n  \"a\": \"ü\"\n}\n")
	require.Equal(t, &plain[0], &visible.JSON(plain)[0], "what needs nothing is not copied")
}

func requireHarmless(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		require.True(t, r == '\n' || r == utf8.RuneError || unicode.IsPrint(r), "%q in %.200q", r, s)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\x1b[31m\u202eb", 5)
	f.Add("👩\u200d💻\ufe0f", 2)
	f.Add("👩\u200d💻\ufe0f", 3)
	f.Add("\xf0\x7f\xa9\u200d\xf00", 5)
	f.Add("\xff\n\u3164", 40)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 0), 1000)
		for _, line := range []string{visible.Line(s, limit), visible.Quiet(s, limit)} {
			require.True(t, utf8.ValidString(line))
			require.LessOrEqual(t, utf8.RuneCountInString(line), limit)
			before := rune(0)
			for _, r := range line {
				picture := (r == '\u200d' || r == '\ufe0f') && (before > 0xff || before == '#' || before == '*')
				require.True(t, picture || !visible.Hidden(r), "%q of %q", r, s)
				require.False(t, unicode.IsControl(r))
				require.False(t, r == ' ' && (before == ' ' || before == 0), "%q", line)
				before = r
			}
			require.Equal(t, line, visible.Line(visible.Line(line, limit), limit), "what was cleaned is clean")
		}
		quoted, err := json.Marshal(map[string]string{"s": s})
		require.NoError(t, err)
		var want, got map[string]string
		require.NoError(t, json.Unmarshal(quoted, &want))
		text := visible.JSON(quoted)
		require.NoError(t, json.Unmarshal(text, &got))
		require.Equal(t, want, got)
		for _, r := range string(text) {
			require.False(t, visible.Hidden(r), "%q in %q", r, text)
		}
	})
}
