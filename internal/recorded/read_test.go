package recorded

import (
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// each runs a test of reading on both recordings, as they were at their end.
func each(t *testing.T, check func(t *testing.T, st store.Store, g golden)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		g, clk := readGolden(t), clock.NewMock()
		clk.Set(g.End)
		st := openFile(t, databaseFile(t), clk)
		check(t, st, g)
	})
	t.Run("firestore", func(t *testing.T) {
		t.Parallel()
		g, clk := readGolden(t), clock.NewMock()
		clk.Set(g.End)
		st, _ := openExport(t)
		w := newInWorld(t, st, g.End)
		w.clock = clk
		check(t, w, g)
	})
}

func TestTheNumbersAreThoseOfTheVersionThatWroteThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, st store.Store, g golden) {
		contains(t, "golden", plain(t, g), plain(t, take(t, st, g.End)))
	})
}

func TestTheNumbersAreTheSameWithoutTheRollups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, st store.Store, g golden) {
		l, err := ledger.New(st, "")
		require.NoError(t, err)
		delete(g.Report, "days") // which say where they were read
		contains(t, "report", g.Report, numbers(t, l, g.End, &ledger.SurveyOptions{FromBeats: true}))
	})
}

func TestNothingOfADocumentIsLostInItsType(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, st store.Store, g golden) {
		l, err := ledger.New(st, "")
		require.NoError(t, err)
		raw := documents(t, l)
		typed := map[ledger.Collection]int{
			ledger.Config:     throughType[longrun.Settings](t, l, ledger.Config, raw),
			ledger.Runs:       throughType[longrun.Run](t, l, ledger.Runs, raw),
			ledger.Heartbeats: throughType[longrun.Heartbeat](t, l, ledger.Heartbeats, raw),
			ledger.Probes:     throughType[longrun.Probe](t, l, ledger.Probes, raw),
			ledger.Incidents:  throughType[longrun.Incident](t, l, ledger.Incidents, raw),
			ledger.Rules:      throughType[rules.State](t, l, ledger.Rules, raw),
			ledger.Silences:   throughType[longrun.Silence](t, l, ledger.Silences, raw),
			ledger.Outbox:     throughType[longrun.Notice](t, l, ledger.Outbox, raw),
			ledger.Rollups:    throughType[longrun.Rollup](t, l, ledger.Rollups, raw),
			ledger.Locks:      throughType[lock.Row](t, l, ledger.Locks, raw),
		}
		for _, c := range ledger.Collections() {
			if c == ledger.Evidence || c == ledger.Restores || c == ledger.Witnessed {
				continue // which the recording version did not know
			}
			require.Equal(t, g.Counts[string(c)], typed[c], c)
			require.Positive(t, typed[c], c)
		}
		contains(t, "lock", raw[ledger.Locks][ledger.SchedulerLock], plain(t, rowOf(t, l)))
	})
}

// throughType reads a collection as its type, compares each document as JSON with
// what is stored, and returns how many there are.
func throughType[T any](t *testing.T, l *ledger.Ledger, c ledger.Collection, raw map[ledger.Collection]map[string]map[string]any) (n int) {
	t.Helper()
	for e, err := range ledger.List[T](t.Context(), l, c, ledger.Page{}) {
		require.NoError(t, err)
		contains(t, e.Path(), raw[c][e.Key.ID], plain(t, e.Value))
		n++
	}
	return n
}

// Both recordings hold the same documents, so a difference in what is read from
// them is one of the stores.
func TestBothRecordingsAreOneHistory(t *testing.T) {
	t.Parallel()
	file := openFile(t, databaseFile(t), nil)
	export, _ := openExport(t)
	a, err := ledger.New(file, "")
	require.NoError(t, err)
	b, err := ledger.New(export, "")
	require.NoError(t, err)
	require.Equal(t, documents(t, a), documents(t, b))
}
