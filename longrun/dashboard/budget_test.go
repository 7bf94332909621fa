package dashboard_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Now and History tell what was missed of what may be, what of it was planned, and when
// nothing is left.
func TestWhatWasMissedIsSaidOfWhatMayBe(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		time.Sleep(20 * time.Hour)
		s.stopMonitor()
		began := time.Now()
		time.Sleep(10 * time.Minute)
		m, stop := s.run("wa-2")
		defer stop()
		s.monitor = m
		s.pages = newPages(s, s.monitor)
		s.signIn()
		time.Sleep(3 * time.Hour)
		settings, version, err := s.monitor.Settings(s.Context())
		require.NoError(t, err)
		settings.Targets = []longrun.Target{{Days: 1, Percent: 98}, {Days: 28, Percent: 95}}
		version, err = s.monitor.PutSettings(s.Context(), settings, version)
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		page := s.page("/")
		says(t, page, " min missed</b> in 28 d, of 69 allowed so far</a>")
		require.NotContains(t, page, "planned")
		require.NotContains(t, page, "nothing left", "the burn is under 1")
		settings.Targets[1].Percent = 99
		settings.Maintenance = []longrun.Maintenance{{Start: began.UTC().Format("15:04"), Minutes: 4}}
		version, err = s.monitor.PutSettings(s.Context(), settings, version)
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		page = s.page("/")
		require.Regexp(t, `in 28 d, of 13 allowed so far, [345] of them planned`, page)
		settings.Maintenance = nil
		_, err = s.monitor.PutSettings(s.Context(), settings, version)
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		page = s.page("/")
		require.Regexp(t, `<b>nothing left \d\d? \w+ [\d: ]+</b> at the pace of the last 6 h</a>`, page)
		require.Regexp(t, `<dt>Left</dt><dd>\d min<small>burn 0 over 1 h, [23]\.?\d? over 6 h, [\d.]+ over 3 d; nothing left .* at the burn of 6 h`, s.page("/history?window=30d"))
	})
}
