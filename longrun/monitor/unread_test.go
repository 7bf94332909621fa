package monitor_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// said is what beats say of the host: + healthy, - not, ? it is not known.
func said(beats []longrun.Heartbeat) string {
	out := make([]byte, len(beats))
	for i, h := range beats {
		switch {
		case h.Healthy:
			out[i] = '+'
		case h.HealthUnknown:
			out[i] = '?'
		default:
			out[i] = '-'
		}
	}
	return string(out)
}

// unread has nobody read the settings until it is called.
func unread(st *storetest.Faulty, key store.Key) (heal func()) {
	return st.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
		if c.Method == storetest.Get && c.Key == key {
			return storetest.Hang(ctx, c)
		}
		return nil
	}})
}

func TestNoBeatSaysThatAllIsWellBeforeItsMakerHasReadWhatIsExpected(t *testing.T) {
	sick := func(c *monitor.Config) {
		c.Status = func(context.Context) (longrun.HostStatus, error) { return longrun.HostStatus{Connected: 2}, nil }
	}
	for name, c := range map[string]struct {
		settings any // of a document; nil: none
		with     func(*monitor.Config)
		want     string
	}{
		"too few accounts":               {settings: map[string]any{"expectedAccounts": int64(3)}, want: "???---"},
		"enough accounts":                {settings: map[string]any{"expectedAccounts": int64(2)}, want: "???+++"},
		"none is expected":               {want: "???+++"},
		"a host that says it is not":     {want: "------", with: sick},
		"what is stored makes no sense":  {settings: map[string]any{"expectedAccounts": int64(-3)}, want: "??????"},
		"nor does it, and the host says": {settings: map[string]any{"expectedAccounts": "many"}, want: "------", with: sick},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				l, err := ledger.New(mem, "")
				require.NoError(t, err)
				if c.settings != nil {
					_, err = mem.Commit(t.Context(), store.Set(l.SettingsKey(), c.settings))
					require.NoError(t, err)
				}
				st := storetest.Wrap(mem)
				heal := unread(st, l.SettingsKey())
				with := c.with
				if with == nil {
					with = func(*monitor.Config) {}
				}
				n := start(t, st, "a", with)
				time.Sleep(2*time.Minute + 30*time.Second)
				require.Len(t, beats(t, mem), 3, "none waits for the settings")
				heal()
				time.Sleep(3 * time.Minute)
				n.end()
				all := beats(t, mem)
				// It is asked again once a slot, and what hangs takes some seconds of one.
				require.Regexp(t, "^["+c.want[:1]+"]{3,4}["+c.want[5:]+"]{2,3}$", said(all))
				require.Len(t, all, 6)
				for _, h := range all[1:] {
					require.Less(t, h.DriftSec, 0.1)
				}
			})
		})
	}
}

// The settings that are good are read as ever, and beats say what they did.
func TestTheFirstBeatKnowsWhatIsExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		_, err = mem.Commit(t.Context(), store.Set(l.SettingsKey(), map[string]any{"expectedAccounts": int64(3)}))
		require.NoError(t, err)
		st := storetest.Wrap(mem)
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			time.Sleep(map[string]time.Duration{storetest.Watch: 5 * time.Second, storetest.Get: 50 * time.Millisecond, storetest.Commit: 60 * time.Millisecond}[c.Method])
			return nil
		}})
		n := start(t, st, "a")
		time.Sleep(90 * time.Second)
		n.end()
		require.Equal(t, "--", said(beats(t, mem)))
	})
}

// A beat says what is known when it is written, in its slot: one that is late says what was
// known then.
func TestABeatThatIsWrittenAgainInItsSlotSaysWhatWasReadMeanwhile(t *testing.T) {
	for until, want := range map[time.Duration]string{10 * time.Second: "--", 70 * time.Second: "?-"} {
		t.Run(until.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				l, err := ledger.New(mem, "")
				require.NoError(t, err)
				_, err = mem.Commit(t.Context(), store.Set(l.SettingsKey(), map[string]any{"expectedAccounts": int64(3)}))
				require.NoError(t, err)
				st := storetest.Wrap(mem)
				began := time.Now()
				st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
					read := c.Method == storetest.Get && c.Key == l.SettingsKey()
					write := slices.ContainsFunc(c.Ops, func(op store.Op) bool { return op.Key.Collection == l.Path(ledger.Heartbeats) })
					if since := time.Since(began); read && since < 2*time.Second || write && since < until {
						return errAway
					}
					return nil
				}})
				n := start(t, st, "a")
				time.Sleep(95 * time.Second)
				n.end()
				require.Equal(t, want, said(beats(t, mem)))
			})
		})
	}
}

// What an earlier run in the same process had read may have changed long ago.
func TestARunDoesNotKnowWhatTheOneBeforeExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		st := storetest.Wrap(mem)
		n := start(t, st, "a")
		time.Sleep(90 * time.Second)
		n.end()
		_, err = mem.Commit(t.Context(), store.Set(l.SettingsKey(), map[string]any{"expectedAccounts": int64(3)}))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		heal := unread(st, l.SettingsKey())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		time.Sleep(time.Minute)
		heal()
		time.Sleep(2 * time.Minute)
		cancel()
		require.NoError(t, <-done)
		require.Regexp(t, `^\+\+\?{1,2}-{2,}$`, said(beats(t, mem)))
	})
}

// When a probe is due, and how far back its results are looked for, is in the settings.
func TestNoProbeIsMadeByAnotherScheduleThanTheStoredOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		_, err = mem.Commit(t.Context(), store.Set(l.SettingsKey(), map[string]any{"probeEverySec": map[string]any{"outbound": 7 * 86400.0}}))
		require.NoError(t, err)
		_, err = mem.Commit(t.Context(), l.CreateProbe(longrun.Probe{ProbeKey: "OUT_20000101T00", Type: longrun.Outbound, TS: time.Now(), Result: longrun.Pass, Trigger: longrun.Scheduled}))
		require.NoError(t, err)
		time.Sleep(3 * 24 * time.Hour)
		st := storetest.Wrap(mem)
		heal := unread(st, l.SettingsKey())
		p := probetest.NewScript()
		n := start(t, st, "a", func(c *monitor.Config) {
			c.Probes = []monitor.Probe{{Type: longrun.Outbound, Every: 6 * time.Hour, Prober: p}}
		})
		time.Sleep(30 * time.Minute)
		require.Zero(t, p.Calls(), "nobody knows yet when it is due")
		_, err = n.RunProbe(t.Context(), longrun.Outbound)
		require.NoError(t, err, "people need not wait")
		heal()
		time.Sleep(3 * 24 * time.Hour)
		require.Equal(t, 1, p.Calls())
		time.Sleep(24 * time.Hour)
		require.Equal(t, 2, p.Calls(), "a week is over")
		n.end()
	})
}
