package verify

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheWorstFindingDecides(t *testing.T) {
	t.Parallel()
	q := newInquiry("evidence", time.Time{}, time.Time{})
	require.Equal(t, Pass, q.outcome().Verdict)
	q.Note("a", "seen")
	require.Equal(t, 0, q.outcome().ExitCode())
	q.Doubt("b", "perhaps")
	require.Equal(t, CannotTell, q.outcome().Verdict)
	require.Equal(t, 2, q.outcome().ExitCode())
	q.Fault("c", "wrong")
	require.Equal(t, 1, q.outcome().ExitCode())
	o := q.outcome()
	require.Equal(t, []string{"c", "b", "a"}, []string{o.Problems[0].Path, o.Problems[1].Path, o.Problems[2].Path})
	require.Equal(t, 2, Outcome{}.ExitCode(), "nothing is no pass")
}

func TestWhatIsLeftOutIsCountedAndDecidesAllTheSame(t *testing.T) {
	t.Parallel()
	q := newInquiry("evidence", time.Time{}, time.Time{})
	for range 20 * maxFindings {
		q.Doubt("a", "perhaps")
	}
	q.Fault("b", "wrong")
	o := q.outcome()
	require.Equal(t, Fail, o.Verdict)
	require.Len(t, o.Problems, maxFindings)
	require.Equal(t, int64(19*maxFindings+1), o.More)
}

func TestAnOutcomeReadsTheSameInBothForms(t *testing.T) {
	t.Parallel()
	q := newInquiry("probes", time.Date(2025, 12, 29, 1, 0, 0, 0, time.FixedZone("", 3600)), time.Time{})
	q.Fault("root/probes", "no result of <queue>")
	q.Doubt("", "and a doubt")
	q.counts["probes"], q.counts["a"] = 12, 3
	q.more = 7
	var text, data strings.Builder
	require.NoError(t, q.outcome().WriteText(&text))
	require.Equal(t, `probes: FAIL
  from 2025-12-29T00:00:00Z to now
  fault  root/probes: no result of <queue>
  doubt  and a doubt
  and 7 more findings
  a       3
  probes  12
`, text.String())
	require.NoError(t, q.outcome().WriteJSON(&data))
	require.Equal(t, []string{
		`{`,
		`  "check": "probes",`,
		`  "verdict": "FAIL",`,
		`  "from": "2025-12-29T00:00:00Z",`,
		`  "to": null,`,
		`  "findings": [`,
		`    {`,
		`      "severity": "fault",`,
		`      "path": "root/probes",`,
		`      "text": "no result of <queue>"`,
		`    },`,
		`    {`,
		`      "severity": "doubt",`,
		`      "path": "",`,
		`      "text": "and a doubt"`,
		`    }`,
		`  ],`,
		`  "more": 7,`,
		`  "counts": {`,
		`    "a": 3,`,
		`    "probes": 12`,
		`  }`,
		`}`,
	}, strings.Split(strings.TrimSpace(data.String()), "\n"))
	require.Error(t, q.outcome().WriteText(full{}))
	require.Error(t, q.outcome().WriteJSON(full{}))
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestADocumentWritesNoLineOfItsOwn(t *testing.T) {
	t.Parallel()
	q := newInquiry("evidence", time.Time{}, time.Time{})
	q.Fault("beats/x\nevidence: PASS\x1b[2J", "is \u202ewrong: %v\r", errors.New("first\nsecond"))
	var text strings.Builder
	require.NoError(t, q.outcome().WriteText(&text))
	require.Equal(t, "evidence: FAIL\n  from the beginning to now\n  fault  beats/x evidence: PASS�[2J: is �wrong: first second\n", text.String())
}

func TestAFindingIsShortWhateverADocumentSays(t *testing.T) {
	t.Parallel()
	q := newInquiry("evidence", time.Time{}, time.Time{})
	q.Fault("beats/x", "is wrong: %s\x1b", strings.Repeat("x\u202e", 1<<20))
	text := q.outcome().Problems[0].Text
	require.LessOrEqual(t, len(text), 4*maxText)
	require.NotContains(t, text, "\u202e")
}
