package monitor_test

import (
	"crypto/ed25519"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func TestEveryMistakeIsNamedAtOnceAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	journal := filepath.Join(t.TempDir(), "none", "journal")
	_, err := monitor.New(monitor.Config{
		Root:          "one_segment",
		Interval:      7 * time.Second,
		Lease:         time.Second,
		InstanceID:    "a/b",
		StatusTimeout: time.Hour,
		Backlog:       -1,
		SettingsEvery: -1,
		Journal:       journal,
	})
	for _, field := range []string{"Store:", "Root:", "Interval:", "Lease:", "InstanceID:", "StatusTimeout:", "Backlog:", "SettingsEvery:", "Journal:"} {
		require.ErrorContains(t, err, field)
	}
	require.NoFileExists(t, journal)
	require.Equal(t, 1, strings.Count(err.Error(), "monitor: invalid configuration"))
}

// What a constructor returns beside an error is a nil pointer, which an interface does
// not show as nil.
func TestAPartThatIsANilPointerIsAMistakeOfItsField(t *testing.T) {
	t.Parallel()
	var (
		st      *memstore.Store
		alerter *alerttest.Recorder
		prober  *probetest.Script
		lives   *lock.NoWitness
		adder   witness.AdderFunc
	)
	known, err := witness.NewKey("watch.example.org/witness", make(ed25519.PublicKey, ed25519.PublicKeySize))
	require.NoError(t, err)
	_, err = monitor.New(monitor.Config{
		Store: st, Alerter: alerter, Witness: lives, Probes: []monitor.Probe{{Type: longrun.Outbound, Prober: prober}},
		EvidenceKey: make(ed25519.PrivateKey, ed25519.PrivateKeySize), Cosigners: []monitor.Cosigner{{Key: known, Adder: adder}},
	})
	wrong, ok := errors.AsType[*monitor.ConfigError](err)
	require.True(t, ok, "%v", err)
	var said []string
	for _, f := range wrong.Fields {
		said = append(said, f.Field+": "+f.Err.Error())
	}
	const why = ": what makes one failed, or was not called"
	require.Equal(t, []string{
		"Store: is a nil *memstore.Store" + why, "Witness: is a nil *lock.NoWitness" + why, "Alerter: is a nil *alerttest.Recorder" + why,
		"Probes[0].Prober: is a nil *probetest.Script" + why, "Cosigners[0]: has no Adder",
	}, said)
}

func TestProbesThatTakeLongerThanTheirPauseAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []monitor.Probe{
		{Deadline: 20 * time.Minute, Confirm: 20 * time.Minute},
		{Deadline: math.MaxInt64},
		{Deadline: math.MaxInt64/2 + 1},
		{Confirm: math.MaxInt64},
	} {
		p.Type = longrun.Outbound
		_, err := monitor.New(monitor.Config{Store: memstore.New(nil), Probes: []monitor.Probe{p}})
		require.ErrorContains(t, err, "Probes[0]: retry 1h0m0s is not longer than two attempts", "%v and %v", p.Deadline, p.Confirm)
	}
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  monitor.Config
		want string // empty: valid
	}{
		"all defaults":           {monitor.Config{}, ""},
		"fast":                   {monitor.Config{Interval: time.Second, Lease: 4 * time.Second}, ""},
		"fast, default lease":    {monitor.Config{Interval: time.Second}, ""},
		"a day":                  {monitor.Config{Interval: 24 * time.Hour, Lease: 10 * time.Minute}, ""},
		"lease under interval":   {monitor.Config{Interval: time.Hour, Lease: 2 * time.Minute}, ""},
		"lease too short":        {monitor.Config{Interval: time.Second, Lease: 2 * time.Second}, "Lease"},
		"does not divide a day":  {monitor.Config{Interval: 7 * time.Second}, "does not divide a day"},
		"fraction of a second":   {monitor.Config{Interval: 1500 * time.Millisecond}, "not whole seconds"},
		"under a second":         {monitor.Config{Interval: 100 * time.Millisecond}, "under one second"},
		"negative interval":      {monitor.Config{Interval: -time.Minute}, "Interval"},
		"more than a day":        {monitor.Config{Interval: 48 * time.Hour}, "does not divide a day"},
		"odd root":               {monitor.Config{Root: "a/b/c"}, "even number"},
		"empty segment":          {monitor.Config{Root: "a//b/c"}, "empty segment"},
		"reserved segment":       {monitor.Config{Root: "a/__b__"}, "reserved"},
		"control in instance":    {monitor.Config{InstanceID: "a\nb"}, "InstanceID"},
		"delete in instance":     {monitor.Config{InstanceID: "a\x7f"}, "InstanceID"},
		"slash in instance":      {monitor.Config{InstanceID: "a/b"}, "slash"},
		"instance is not UTF-8":  {monitor.Config{InstanceID: "a\xff"}, "InstanceID: \"a\\xff\" is not UTF-8"},
		"long instance":          {monitor.Config{InstanceID: strings.Repeat("a", 129)}, "InstanceID"},
		"commit is not UTF-8":    {monitor.Config{CommitHash: "\xfe"}, "CommitHash"},
		"control in commit":      {monitor.Config{CommitHash: "a\x00"}, "CommitHash"},
		"long commit":            {monitor.Config{CommitHash: strings.Repeat("a", 129)}, "CommitHash"},
		"version is not UTF-8":   {monitor.Config{Version: "1\xff"}, "Version"},
		"two lines of version":   {monitor.Config{Version: "1\n2"}, "Version"},
		"long version":           {monitor.Config{Version: strings.Repeat("1", 129)}, "Version"},
		"names of all languages": {monitor.Config{InstanceID: "écran-α", CommitHash: strings.Repeat("a", 128), Version: "1.0 β"}, ""},
		"journal is a directory": {monitor.Config{Journal: os.TempDir()}, "Journal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.cfg.Store = memstore.New(nil)
			_, err := monitor.New(c.cfg)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestEachMonitorHasAnInstanceIDOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 20 {
		m, err := monitor.New(monitor.Config{Store: memstore.New(nil)})
		require.NoError(t, err)
		seen[m.Status().InstanceID] = true
	}
	require.Len(t, seen, 20)
}

func TestRunRunsOnceAtATime(t *testing.T) {
	t.Parallel()
	mem := memstore.New(nil)
	n := start(t, mem, "a")
	n.log.await(t, "leading")
	require.ErrorIs(t, n.Run(t.Context()), monitor.ErrRunning)
	n.end()
}
