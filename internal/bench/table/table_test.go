package table

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACellsNumbersAreThoseOfItsTimes(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	for n := range 100 {
		took = append(took, time.Duration(100-n)*time.Millisecond) // 100 … 1
	}
	require.Equal(t, Cell{N: 100, P50: 51e6, P95: 95e6, Max: 100e6}, Times(took))
	require.Equal(t, "51 ms / 95 ms / 100 ms", Times(took).String())
	require.Equal(t, "20 ns / 2.50 µs / 3 s", Cell{N: 3, P50: 20, P95: 2500, Max: 3e9}.String())
	require.Equal(t, "0 slots", Count(0, "slots", 60).String())
	require.Equal(t, "0.833 points", Count(0.83333, "points", 1).String())
	require.Equal(t, "none", Times(nil).String())
}

func TestARowSaysWhoIsAhead(t *testing.T) {
	t.Parallel()
	us, ms := Times([]time.Duration{500 * time.Microsecond}), Times([]time.Duration{2 * time.Millisecond})
	row := Row{Part: "p", What: "w", Peer: "other v1", Ours: us, Theirs: ms}
	require.Equal(t, "ours", row.Ahead())
	require.Equal(t, "4 ×", row.Ratio())
	require.NoError(t, row.Validate())

	row.Ours, row.Theirs = ms, us
	require.Equal(t, "theirs", row.Ahead())
	require.Equal(t, "0.250 ×", row.Ratio())
	require.ErrorContains(t, row.Validate(), "Behind", "who is behind says why")
	row.Behind = "Since it is so."
	require.NoError(t, row.Validate())
	text := Table{Rows: []Row{row}}.Markdown()
	require.Contains(t, text, "- Behind in w (other v1). Since it is so.\n")

	row.Ours = us
	require.Equal(t, "even", row.Ahead())
	require.NotContains(t, Table{Rows: []Row{row}}.Markdown(), "Since it is so")
	row.Ours, row.Theirs = Count(0, "slots", 60), Count(3, "slots", 60)
	require.Equal(t, "ours", row.Ahead())
	require.Equal(t, "–", row.Ratio())
	require.ErrorContains(t, Row{}.Validate(), "Ours; Part; Peer; Theirs; What")
}

func TestKeepChangesNothingButTheTables(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "internal", "bench")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "testdata"), 0o700))
	kept := Table{Machine: "here", Rows: []Row{{Part: "p", What: "w", Peer: "q", Ours: Count(1, "x", 1), Theirs: Times([]time.Duration{1, 2, 3})}}}
	for page := range kept.pages() {
		require.NoError(t, os.WriteFile(filepath.Join(dir, page), []byte("before\n"+begin+"old\n"+end+"after\n"), 0o600))
	}
	require.NoError(t, kept.Keep(dir))
	for page, text := range kept.pages() {
		data, err := os.ReadFile(filepath.Join(dir, page))
		require.NoError(t, err)
		require.Equal(t, "before\n"+begin+text+end+"after\n", string(data))
	}
	again, err := Kept(dir)
	require.NoError(t, err)
	require.Equal(t, kept, again)
	require.Contains(t, kept.Markdown(), "| w | q | 1 x | 2 ns / 3 ns / 3 ns | 2 × | ours | 1, 3 |\n")
	require.Contains(t, kept.Brief(), "| **p** | | | | |\n| w | q | 1 x | 2 ns | 2 × |\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, readme), []byte("no marks"), 0o600))
	require.Error(t, kept.Keep(dir))
}

// The tables of the pages are the recorded one.
func TestThePagesHaveTheRecordedTable(t *testing.T) {
	t.Parallel()
	recorded, err := Kept("..")
	require.NoError(t, err)
	require.NotEmpty(t, recorded.Rows)
	for page, text := range recorded.pages() {
		data, err := os.ReadFile(filepath.Join("..", page))
		require.NoError(t, err)
		_, kept, _, err := split(string(data))
		require.NoError(t, err)
		require.Equal(t, text, kept, page)
	}
}
