package monitor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// deaf is a store that cannot tell of changes.
type deaf struct{ store.Store }

func TestSettingsStoredElsewhereTakeEffectHere(t *testing.T) {
	for name, c := range map[string]struct {
		wrap   func(store.Store) store.Store
		within time.Duration
	}{
		"watched: at the next slot":         {func(s store.Store) store.Store { return s }, time.Minute},
		"polled: at the tenth slot or soon": {func(s store.Store) store.Store { return deaf{s} }, 11 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				a := start(t, c.wrap(mem), "a")
				time.Sleep(time.Second)
				b := start(t, c.wrap(mem), "b")
				time.Sleep(5*time.Minute + time.Second)
				s, version, err := b.Settings(t.Context())
				require.NoError(t, err)
				s.ExpectedAccounts = 7
				_, err = b.PutSettings(t.Context(), s, version)
				require.NoError(t, err)
				time.Sleep(c.within)
				all := beats(t, mem)
				require.False(t, all[len(all)-1].Healthy)
				require.Equal(t, int64(7), a.Status().Settings.ExpectedAccounts)
				require.Equal(t, 1, a.log.count(`msg="settings changed" by="" changes="expectedAccounts 0 → 7"`), a.log)
				a.end()
				b.end()
			})
		})
	}
}

func TestAStartNeverOverwritesSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		mine := longrun.DefaultSettings(time.Minute)
		mine.ExpectedAccounts, mine.UpdatedBy = 4, "operator"
		_, err = l.PutSettings(t.Context(), mine, "")
		require.NoError(t, err)
		a := start(t, mem, "a")
		time.Sleep(10 * time.Minute)
		a.end()
		got, _, err := l.Settings(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, document.Full(mine), got)
	})
}

func TestSettingsThatMakeNoSenseChangeNothingAndAreReportedOnce(t *testing.T) {
	for name, doc := range map[string]any{
		"wrong type":  map[string]any{"driftSec": "ten"},
		"wrong value": map[string]any{"insufficientDataThreshold": 80.0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				l, err := ledger.New(mem, "")
				require.NoError(t, err)
				_, err = mem.Commit(t.Context(), store.Set(l.SettingsKey(), doc))
				require.NoError(t, err)
				a := start(t, mem, "a", func(c *monitor.Config) { c.Store = deaf{mem} })
				time.Sleep(5*time.Hour + 30*time.Second)
				require.Equal(t, longrun.DefaultSettings(time.Minute), a.Status().Settings)
				require.Equal(t, 1, a.log.count("settings make no sense"))
				require.Len(t, beats(t, mem), 301)
				a.end()
			})
		})
	}
}

func TestSettingsAreReadWhenTheStoreComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		s := longrun.DefaultSettings(time.Minute)
		s.ExpectedAccounts = 1
		_, err = l.PutSettings(t.Context(), s, "")
		require.NoError(t, err)
		own := storetest.Wrap(mem)
		heal := cut(own)
		a := start(t, own, "a")
		time.Sleep(30 * time.Minute)
		require.Equal(t, monitor.Standby, a.Status().State)
		heal()
		time.Sleep(2 * time.Minute)
		require.Equal(t, int64(1), a.Status().Settings.ExpectedAccounts)
		a.end()
		r := runs(t, mem)["a"]
		require.Len(t, r.Lapses, 1)
		require.Equal(t, longrun.StoreDown, r.Lapses[0].Cause)
	})
}

func TestOfTwoWhoChangeSettingsAtOnceOneIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		a := start(t, mem, "a")
		time.Sleep(time.Minute)
		s, version, err := a.Settings(t.Context())
		require.NoError(t, err)
		_, err = a.PutSettings(t.Context(), s, version)
		require.NoError(t, err)
		s.ExpectedAccounts = 7
		_, err = a.PutSettings(t.Context(), s, version)
		require.ErrorIs(t, err, store.ErrConflict)
		s.DriftSec = -1
		_, err = a.PutSettings(context.Background(), s, version)
		require.ErrorContains(t, err, "driftSec")
		a.end()
	})
}

// Whoever gave settings, or was given some, may do with its lists what it likes.
func TestSettingsInForceAreNobodysOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, memstore.New(nil), "a")
		time.Sleep(time.Minute)
		s, version, err := a.Settings(t.Context())
		require.NoError(t, err)
		s.Targets = []longrun.Target{{Days: 7, Percent: 99}}
		s.RulesOff = []longrun.RuleID{"queue_depth"}
		s.Maintenance = []longrun.Maintenance{{Name: "backup", Start: "03:00", Minutes: 10, Days: []string{"mon"}}}
		s.ProbeEverySec = map[string]float64{"outbound": 3600}
		s.RetentionDays = map[string]int64{"heartbeats": 40}
		_, err = a.PutSettings(t.Context(), s, version)
		require.NoError(t, err)
		want := a.Status().Settings
		for _, mine := range []longrun.Settings{s, a.Status().Settings} {
			mine.Targets[0].Percent, mine.RulesOff[0], mine.Maintenance[0].Minutes, mine.Maintenance[0].Days[0] = 1, "x", 1, "sun"
			mine.ProbeEverySec["outbound"], mine.RetentionDays["heartbeats"] = 1, 1
		}
		got := a.Status().Settings
		require.Equal(t, want.Clone(), got)
		require.InDelta(t, 99, got.Targets[0].Percent, 0)
		require.Equal(t, "mon", got.Maintenance[0].Days[0])
		a.end()
	})
}
