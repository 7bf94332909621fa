package alert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

func TestNothingIsCoalescedOfNothing(t *testing.T) {
	t.Parallel()
	m, n := alert.Coalesce(nil)
	require.Zero(t, n)
	require.Zero(t, m)
}

func TestOneMessageStaysItself(t *testing.T) {
	t.Parallel()
	m, n := alert.Coalesce([]alert.Message{firing()})
	require.Equal(t, 1, n)
	require.Equal(t, firing(), m)
}

func TestABacklogGoesInAsFewMessagesAsHoldIt(t *testing.T) {
	t.Parallel()
	var due []alert.Message
	for i := range 100 {
		m := firing()
		m.Key = fmt.Sprintf("#missed_heartbeats-%d", i)
		due = append(due, m)
	}
	var calls int
	for rest := due; len(rest) > 0; calls++ {
		m, n := alert.Coalesce(rest)
		text := m.Text()
		for _, one := range rest[:n] {
			require.Contains(t, text, one.Summary)
			require.Contains(t, text, one.Key+"\n")
		}
		require.Equal(t, n, strings.Count(text, "coverage of the last 24 h"), "no details are lost")
		require.Equal(t, 1, strings.Count(text, "instance api-7f9c"), "what is the same is said once")
		rest = rest[n:]
	}
	require.Less(t, calls, 12)
}

func TestAMessageThatFillsATextGoesAlone(t *testing.T) {
	t.Parallel()
	big := firing()
	big.Summary = strings.Repeat("x", 2*alert.MaxText)
	m, n := alert.Coalesce([]alert.Message{big, firing()})
	require.Equal(t, 1, n)
	require.Contains(t, m.Text(), big.Key)
	m, n = alert.Coalesce([]alert.Message{firing(), big})
	require.Equal(t, 1, n)
	require.Equal(t, firing(), m)
}

func TestDigestsAreTakenApart(t *testing.T) {
	t.Parallel()
	first, _ := alert.Coalesce([]alert.Message{firing(), probeFails()})
	both, n := alert.Coalesce([]alert.Message{first, resolved()})
	require.Equal(t, 2, n)
	require.Equal(t, []alert.Message{firing(), probeFails(), resolved()}, both.Parts)
}

func TestTheSameBacklogHasTheSameKey(t *testing.T) {
	t.Parallel()
	key := func(due ...alert.Message) string {
		m, n := alert.Coalesce(due)
		require.Equal(t, len(due), n)
		return m.Key
	}
	same := key(firing(), resolved())
	later := firing()
	later.Summary = "6 of the last 60 slots are empty"
	require.Equal(t, same, key(later, resolved()), "the key is what makes a message the same")
	require.NotEqual(t, same, key(firing(), probeFails()))
	require.NotEqual(t, same, key(firing(), resolved(), probeFails()))

	nameless, other := firing(), firing()
	nameless.Key, other.Key, other.Summary = "", "", "something else"
	require.NotEqual(t, key(nameless, resolved()), key(other, resolved()))
}

func TestADigestThatDoesNotFitSaysWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	d := alert.Message{Kind: alert.Digest, Key: "#all"}
	for range 12 { // too many in full, and few enough without details
		m := firing()
		m.Details = []string{strings.Repeat("detail ", 60)}
		d.Parts = append(d.Parts, m)
	}
	require.NotContains(t, d.Text(), "detail")
	require.Equal(t, 12, strings.Count(d.Text(), firing().Summary))

	for range 500 {
		d.Parts = append(d.Parts, firing())
	}
	text := d.Text()
	shown := strings.Count(text, "[FIRING]")
	require.Contains(t, text, fmt.Sprintf("[DIGEST] %d messages: %d firing", 512, 512))
	require.Contains(t, text, fmt.Sprintf("… and %d more", 512-shown))
	require.Greater(t, shown, 20)
	require.True(t, strings.HasSuffix(text, "#all"))
}
