package layout_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
)

// double is markup that makes a text longer.
func double(s string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(s)
}

func TestEveryTextFitsWhateverItSays(t *testing.T) {
	t.Parallel()
	for _, measure := range []func(string) int{layout.Runes, layout.Bytes} {
		for _, limit := range []int{1, 250, 3000} {
			for _, m := range alerttest.Hostile() {
				title, body := layout.Text(m, limit, double, measure)
				require.LessOrEqual(t, measure(title+"\n"+body), limit+1)
				require.True(t, utf8.ValidString(title+body))
			}
		}
	}
}

func TestWhatIsCutIsTheDetails(t *testing.T) {
	t.Parallel()
	m := alerttest.Hostile()[0]
	title, body := layout.Text(m, 4096, double, layout.Runes)
	require.Equal(t, double(m.Text()), title+"\n"+body, "what fits stays as it is")
	m.Details = []string{strings.Repeat("😀", 3000)}
	for _, limit := range []int{300, 1024, 3000} {
		title, body = layout.Text(m, limit, double, layout.Bytes)
		require.Equal(t, "[FIRING] missed\\_heartbeats · 49…78", title)
		require.Contains(t, body, "😀…\n", "and where is shown")
		require.True(t, strings.HasSuffix(body, "\n"+m.Link))
		require.Contains(t, body, double(m.Key))
		require.Greater(t, layout.Bytes(title+"\n"+body), limit*3/4, "the room is used")
	}
}

func TestACutIsBetweenRunes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ab", layout.Cut("ab", 2, layout.Bytes))
	require.Equal(t, "äö…", layout.Cut("äöüß", 7, layout.Bytes))
	require.Equal(t, "äö…", layout.Cut("äöüß", 3, layout.Runes))
	require.Equal(t, "…", layout.Cut("äöüß", 4, layout.Bytes))
	require.Empty(t, layout.Cut("äöüß", 2, layout.Bytes), "not even the note fits")
}

func TestALinkIsWhatItSeems(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"https://ops.example.org/", "http://10.0.0.7:8080/a/incident/queue_depth_2025?x=1&y=%20#z"} {
		require.Equal(t, link, layout.Link(link))
	}
	for _, no := range []string{
		"", "ops.example.org", "javascript:alert(1)", "ftp://x/", "https://", "https://user:pw@x/", "https://bank.example.org@evil.example.org/",
		"https://x/|text", "https://x/>", "https://x/ y", "https://x/(y)", "https://x/]", "https://x/\"", "https://x/`", "https://xn--é/", "https://x/*",
		"https://x/" + strings.Repeat("y", 600),
	} {
		require.Empty(t, layout.Link(no), no)
	}
}

func TestTheToneIsThatOfWhatGoesOn(t *testing.T) {
	t.Parallel()
	began := time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)
	fires := alert.Message{Kind: alert.Firing, Rule: "a", Severity: "critical"}
	over := alert.Message{Kind: alert.Resolved, Rule: "a", Severity: "critical", Until: began}
	slow := alert.Message{Kind: alert.Reminder, Rule: "b", Severity: "warning"}
	flaps := alert.Message{Kind: alert.Flapping, Rule: "a", Severity: "critical"}
	calm := flaps
	calm.Until = began
	digest := func(parts ...alert.Message) alert.Message { return alert.Message{Kind: alert.Digest, Parts: parts} }
	for want, all := range map[layout.Tone][]alert.Message{
		layout.Critical: {fires, flaps, digest(over, fires), digest(fires, slow), digest(digest(over), digest(slow, fires))},
		layout.Warning:  {slow, {}, digest(fires, over, slow)},
		layout.Good:     {over, calm, digest(fires, over), digest(over, alert.Message{Kind: alert.Test})},
		layout.Calm:     {{Kind: alert.Test}, digest()},
	} {
		for _, m := range all {
			require.Equal(t, want, layout.ToneOf(m), "%+v", m)
		}
	}
}
