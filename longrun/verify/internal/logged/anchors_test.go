package logged_test

import (
	"crypto/ed25519"
	"encoding/json"
	"html"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/logged"
)

// Whatever wrote a checkpoint and a head down, they are found in it, and are the same.
func TestAnchorsAreFoundInWhatChannelsKeep(t *testing.T) {
	t.Parallel()
	c := evidence.Checkpoint{Origin: "wa_metrics/longrun", Size: 4}
	for i := range c.Root {
		c.Root[i] = byte(0xf8 + i%8) // has + and / in base64
	}
	signed, err := c.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)))
	require.NoError(t, err)
	head := evidence.Head{ChainSeq: 42, Hash: strings.Repeat("9f", 32)}
	text := signed + "\n" + head.String() + "\n"
	quoted := func(v any) string {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return string(b)
	}
	payload := map[string]any{"a": strings.Repeat("x+", 300), "checkpoint": text, "z": "Z"}
	for name, kept := range map[string]string{
		"a file":             text,
		"a file of Windows":  strings.ReplaceAll(text, "\n", "\r\n"),
		"a chat":             "[01.01.26, 00:03] Bot: [CHECKPOINT] acme\n" + text,
		"a chat in one line": "00:03 Bot: " + text,
		"a header":           "Longwatch-Anchor: " + strings.Join(strings.Fields(text), " "),
		"an access log":      `127.0.0.1 - - [01/Jan/2026:00:03:00 +0000] "GET /ping HTTP/1.1" 200 2 "-" "` + strings.Join(strings.Fields(text), " ") + `"`,
		"JSON":               quoted(payload),
		"JSON in JSON":       quoted(map[string]string{"body": quoted(payload)}),
		"JSON of PHP":        strings.NewReplacer("/", `\/`, "+", `\u002b`, "=", `\u003d`).Replace(quoted(payload)),
		"HTML":               "<div>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</div>",
		"HTML with entities": "<p>" + strings.NewReplacer("+", "&#43;", "=", "&#61;", "\n", "<br />\n").Replace(html.EscapeString(text)) + "</p>",
		"quoted mail":        "> " + strings.ReplaceAll(text, "\n", "\n> "),
	} {
		found := logged.Anchors(kept + "\n" + kept)
		require.Len(t, found, 2, "%s: %s", name, kept)
		require.Equal(t, c.Size, found[0].Checkpoint.Size, name)
		require.Equal(t, c.Root, found[0].Checkpoint.Root, name)
		require.True(t, strings.HasSuffix(found[0].Checkpoint.Origin, c.Origin), "%s: %s", name, found[0].Checkpoint.Origin)
		require.Equal(t, head, found[1].Head, name)
	}
}
