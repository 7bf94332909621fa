package monitor_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func openLedger(t *testing.T, st store.Store) *ledger.Ledger {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	return l
}

// requireRolledUp holds each rollup against the beats of its day, and the
// evidence against itself.
func requireRolledUp(t *testing.T, st store.Store, days int, keys ...ed25519.PublicKey) []longrun.Rollup {
	t.Helper()
	rollups := documents[longrun.Rollup](t, st, ledger.Rollups)
	require.Len(t, rollups, days)
	all := beats(t, st)
	for _, r := range rollups {
		require.NoError(t, coverage.Check(r))
		want := coverage.Of(all, longrun.Window{From: r.From, To: r.To}, time.Minute, time.Now(), allRuns(t, st)...)
		require.Equal(t, want.Written, int(r.WrittenHb), r.Date)
		require.Equal(t, want.Missed, int(r.MissedHb), r.Date)
		require.Equal(t, want.Gaps, r.Gaps, r.Date)
		require.Positive(t, r.Batch, r.Date)
		require.Nil(t, r.Seal, r.Date)
	}
	o, err := verify.Evidence(t.Context(), openLedger(t, st), verify.EvidenceOptions{Keys: keys})
	require.NoError(t, err)
	require.Equal(t, verify.Pass, o.Verdict, o)
	return rollups
}

func TestEachDayIsRolledUpAndSealedSoonAfterMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		public, private, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		signed := func(c *monitor.Config) { c.EvidenceKey = private }
		time.Sleep(7*time.Hour + 13*time.Second) // the first day is not whole
		a := start(t, st, "a", signed)
		time.Sleep(2*24*time.Hour - 7*time.Hour + 10*time.Minute)
		synctest.Wait()
		require.Len(t, documents[longrun.Rollup](t, st, ledger.Rollups), 2)
		a.end()
		time.Sleep(30 * time.Hour) // nobody is there over midnight
		a = start(t, st, "a", signed)
		time.Sleep(time.Hour)
		requireRolledUp(t, st, 3, public)
		time.Sleep(24 * time.Hour)
		rollups := requireRolledUp(t, st, 4, public)
		require.Equal(t, int64(17*60), rollups[0].ExpectedHb)
		require.Equal(t, int64(1), rollups[1].Revision)
		require.NotEmpty(t, rollups[3].ComputedBy)
		a.end()
	})
}

func TestLateBeatsOfYesterdayRollItUpAgainAndLeaveItsSeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		a := start(t, st, "a")
		time.Sleep(23*time.Hour + 30*time.Minute)
		heal := cut(st)
		time.Sleep(20 * time.Minute)
		heal()
		time.Sleep(time.Hour) // the outage was over before midnight
		requireRolledUp(t, mem, 1)
		heal = cut(st)
		time.Sleep(24 * time.Hour)
		heal()
		time.Sleep(30 * time.Minute)
		rollups := requireRolledUp(t, mem, 2)
		require.Equal(t, int64(1440), rollups[1].WrittenHb)
		require.Positive(t, rollups[1].LateHb)
		a.end()
	})
}

// seldom is an interval for a test that lives through many days.
const seldom = 5 * time.Minute

func beatSeldom(c *monitor.Config) { c.Interval = seldom }

func TestRetentionDeletesWholeDaysThatAreRolledUpAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		l := openLedger(t, st)
		settings := longrun.DefaultSettings(seldom)
		settings.RetentionDays = map[string]int64{"heartbeats": 4, "runs": 8}
		_, err := l.PutSettings(t.Context(), settings, "")
		require.NoError(t, err)
		a := start(t, st, "a", beatSeldom)
		time.Sleep(10*24*time.Hour + 2*time.Hour)
		all := documents[longrun.Heartbeat](t, st, ledger.Heartbeats)
		require.Equal(t, longrun.DayOf(time.Now()).From.AddDate(0, 0, -4), all[0].TS.Truncate(time.Minute))
		require.Len(t, documents[longrun.Rollup](t, st, ledger.Rollups), 10)
		o, err := verify.Evidence(t.Context(), l, verify.EvidenceOptions{})
		require.NoError(t, err)
		require.Equal(t, verify.Pass, o.Verdict, o)
		require.Len(t, allRuns(t, st), 1, "its run goes on")
		a.end()
	})
}

// Beats that were made before midnight and written after it are logged with their own
// day, and go with it, though the chain goes on through them.
func TestLateBeatsGoWithTheirDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st, l := storetest.Wrap(mem), openLedger(t, mem)
		settings := longrun.DefaultSettings(seldom)
		settings.RetentionDays = map[string]int64{"heartbeats": 4}
		_, err := l.PutSettings(t.Context(), settings, "")
		require.NoError(t, err)
		a := start(t, st, "a", beatSeldom)
		time.Sleep(23 * time.Hour)
		heal := cut(st)
		time.Sleep(3 * time.Hour)
		heal()
		first := longrun.DayOf(time.Now()).From.AddDate(0, 0, -1)
		passes := func() (ofFirst int) {
			o, err := verify.Evidence(t.Context(), l, verify.EvidenceOptions{})
			require.NoError(t, err)
			require.Equal(t, verify.Pass, o.Verdict, o)
			for _, h := range documents[longrun.Heartbeat](t, mem, ledger.Heartbeats) {
				if h.TS.Before(first.AddDate(0, 0, 1)) {
					ofFirst++
				}
			}
			return ofFirst
		}
		time.Sleep(4*24*time.Hour - 3*time.Hour)
		require.Equal(t, int(24*time.Hour/seldom), passes(), "four whole days, and today")
		time.Sleep(24 * time.Hour)
		require.Zero(t, passes(), "the late ones too")
		a.end()
	})
}
