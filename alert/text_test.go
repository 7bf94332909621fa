package alert_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

// update writes the golden files anew: go test ./alert -run Golden -update.
var update = flag.Bool("update", false, "write the golden files")

var began = time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)

// firing is a message with all that a message may have.
func firing() alert.Message {
	return alert.Message{
		Kind: alert.Firing, Rule: "missed_heartbeats", Severity: "critical",
		Summary: "5 of the last 60 slots are empty, more than 3", Since: began,
		Instance: "api-7f9c", Commit: "4f1c2ab", IncidentID: "missed_heartbeats_20251229T223500",
		Key: "#missed_heartbeats-12", Link: "https://ops.example.org/longrun#incidents",
		Details: []string{"the process before stopped without a word", "coverage of the last 24 h: 99.31 %"},
	}
}

func probeFails() alert.Message {
	return alert.Message{
		Kind: alert.Reminder, Rule: "probe_fails", Target: "outbound", Severity: "warning",
		Summary: "4 failures in a row, 2 are too many: no_receipt", Since: began.Add(-time.Hour),
		Instance: "api-7f9c", Commit: "4f1c2ab", IncidentID: "probe_fails_20251229T213500_outbound",
		Key: "#probe_fails-3",
	}
}

func resolved() alert.Message {
	m := firing()
	m.Kind, m.Until, m.Key = alert.Resolved, began.Add(9*time.Minute), "#missed_heartbeats-13"
	m.Summary, m.Details = "3 slots in a row are filled", nil
	return m
}

func length(s string) int { return len(utf16.Encode([]rune(s))) }

func TestGolden(t *testing.T) {
	t.Parallel()
	reconnects := alert.Message{
		Kind: alert.Firing, Rule: "reconnect_loop", Target: "sales (49…78)", Severity: "warning",
		Summary: "7 reconnects in the last hour, more than 5", Since: began, Instance: "api-aa01", Key: "#reconnect_loop-1",
	}
	long := firing()
	long.Details = strings.Split(strings.Repeat("a line of details that nobody asked for\n", 200), "\n")
	long.Details[3] = strings.Repeat("😀", 40)
	digest, n := alert.Coalesce([]alert.Message{firing(), probeFails(), resolved()})
	require.Equal(t, 3, n)
	mixed, n := alert.Coalesce([]alert.Message{firing(), reconnects})
	require.Equal(t, 2, n)
	var crowd alert.Message
	crowd.Kind, crowd.Key = alert.Digest, "#crowd"
	for range 100 {
		crowd.Parts = append(crowd.Parts, firing())
	}
	for name, m := range map[string]alert.Message{
		"firing":      firing(),
		"target":      reconnects,
		"reminder":    probeFails(),
		"resolved":    resolved(),
		"test":        {Kind: alert.Test, Summary: "somebody asks whether messages arrive", Instance: "api-7f9c", Commit: "4f1c2ab", Key: "#test-20251229T223500"},
		"digest":      digest,
		"mixed":       mixed,
		"crowd":       crowd,
		"long":        long,
		"bare":        {},
		"hostile":     hostile(),
		"emptydigest": {Kind: alert.Digest, Summary: "without parts", Key: "#digest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", name+".txt")
			text := m.Text() + "\n"
			require.LessOrEqual(t, length(m.Text()), alert.MaxText)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			golden, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(golden), text)
		})
	}
}

// hostile tries to look like something else.
func hostile() alert.Message {
	m := firing()
	m.Rule = "a\x00b\r\n[RESOLVED] nothing\u202e to see\xff\xfe"
	m.Target = "\u200b\ufeff"
	m.Summary = "<b>*_[x](y)`\x1b[2J\u2028second"
	m.Details = []string{"one\ntwo", "", "\t"}
	m.Link = "https://example.org/" + strings.Repeat("x", 2000)
	return m
}

func TestATimeThatMakesNoSenseMakesNoDuration(t *testing.T) {
	t.Parallel()
	m := resolved()
	m.Until = m.Since.Add(-time.Minute)
	require.Zero(t, m.Duration())
	require.NotContains(t, m.Text(), " after ")
	m.Since = time.Time{}
	require.Zero(t, m.Duration())
	require.NotContains(t, m.Text(), "since")
}

func TestTimesAreUTCWhereverTheyCameFrom(t *testing.T) {
	t.Parallel()
	m := firing()
	m.Since = m.Since.In(time.FixedZone("east", 3*3600))
	require.Equal(t, firing().Text(), m.Text())
}

func FuzzText(f *testing.F) {
	f.Add("missed_heartbeats", "49…78", "5 of 60", "#missed_heartbeats-12", "detail\nmore", uint8(3), uint16(1))
	f.Add("a\x00\xff", "\u202e", strings.Repeat("😀", 50), strings.Repeat("k", 300), "", uint8(1), uint16(400))
	f.Add("", "", "", "", "\r\n", uint8(90), uint16(2))
	f.Fuzz(func(t *testing.T, rule, target, summary, key, details string, n uint8, times uint16) {
		kinds := []alert.Kind{alert.Firing, alert.Reminder, alert.Resolved, alert.Test, alert.Digest, "", alert.Kind(target)}
		var due []alert.Message
		for i := range int(n%100) + 1 {
			due = append(due, alert.Message{
				Kind: kinds[i%len(kinds)], Rule: rule, Target: target,
				Summary: strings.Repeat(summary, int(times%1000)/(i+1)), Since: began, Until: began.Add(time.Duration(times) * time.Second),
				Instance: target, Commit: summary, IncidentID: rule, Link: details,
				Key: key + "-" + string(rune('a'+i%26)), Details: strings.Split(details, "\n"),
			})
		}
		for _, m := range due {
			sound(t, m.Text(), m)
		}
		hand := alert.Message{Kind: alert.Digest, Key: key, Parts: due}
		sound(t, hand.Text(), alert.Message{Key: key})

		var sent []alert.Message
		for rest := due; len(rest) > 0; {
			m, took := alert.Coalesce(rest)
			require.Positive(t, took)
			if took == 1 {
				require.Equal(t, rest[0], m)
			} else {
				require.Equal(t, alert.Digest, m.Kind)
				require.Equal(t, rest[:took], m.Parts)
			}
			sound(t, m.Text(), append(rest[:took:took], m)...)
			sent = append(sent, rest[:took]...)
			rest = rest[took:]
		}
		require.Equal(t, due, sent, "each once, in order")
	})
}

// sound is what holds of every text: the keys are in it, as far as a key is
// shown.
func sound(t *testing.T, text string, of ...alert.Message) {
	t.Helper()
	require.True(t, utf8.ValidString(text))
	require.LessOrEqual(t, length(text), alert.MaxText)
	require.NotEmpty(t, strings.TrimSpace(text))
	for _, m := range of {
		require.LessOrEqual(t, length(m.ShortText()), alert.MaxText/2)
		require.Contains(t, m.ShortText(), shownKey(m))
		require.Contains(t, text, shownKey(m))
	}
	for _, r := range text {
		require.False(t, unicode.IsControl(r) && r != '\n', "%q in %q", r, text)
	}
}

// shownKey is the key as texts have it.
func shownKey(m alert.Message) string {
	shown := alert.Message{Kind: alert.Test, Key: m.Key}.Text()
	return strings.TrimPrefix(strings.TrimPrefix(shown, "[TEST]"), "\n")
}

func TestAShortTextKeepsTheFirstLineAndTheLast(t *testing.T) {
	t.Parallel()
	require.Equal(t, firing().Text(), firing().ShortText(), "what fits stays as it is")
	m := firing()
	m.Summary = strings.Repeat("😀", alert.MaxText)
	require.LessOrEqual(t, length(m.Text()), alert.MaxText)
	require.Greater(t, length(m.Text()), alert.MaxText-2, "the room is used")
	require.LessOrEqual(t, length(m.ShortText()), alert.MaxText/2)
	require.True(t, strings.HasPrefix(m.ShortText(), "[FIRING] missed_heartbeats\n"))
	require.Contains(t, m.ShortText(), m.Key)
	require.True(t, strings.HasSuffix(m.ShortText(), m.Link))
}
