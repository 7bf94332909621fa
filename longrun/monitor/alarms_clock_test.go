package monitor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// However the clock is set, what happens afterwards is told once and its end is
// told, and nobody is flooded.
func TestAClockThatIsSetMakesNeitherAFloodNorASilence(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{
		"an hour ahead": time.Hour, "a day ahead": 24 * time.Hour, "a year ahead": 365 * 24 * time.Hour,
		"ten minutes back": -10 * time.Minute, "a day back": -24 * time.Hour, "a year back": -365 * 24 * time.Hour,
	} {
		for _, again := range []bool{false, true} {
			if again {
				name += " and mended"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					st, rec, host := memstore.New(nil), newTelling(), calm()
					clk := &freezer{Clock: clock.New()}
					n := start(t, st, "a", alertingBy(rec), hosted(host), withClock(clk))
					time.Sleep(3*time.Hour + time.Second)
					logOut(host) // fires while the clock is set
					time.Sleep(5 * time.Minute)
					clk.ahead.Store(int64(jump))
					time.Sleep(90 * time.Minute)
					if again {
						clk.ahead.Store(0)
						time.Sleep(90 * time.Minute)
					}
					logIn(host)
					time.Sleep(10 * time.Minute)
					before := count(titles(rec.Messages()), "resolved logged_out ops")
					require.Equal(t, 1, before)
					require.LessOrEqual(t, len(flat(rec.Messages())), 12, "%v", titles(rec.Messages()))

					time.Sleep(2 * time.Hour) // the throttle is over
					host.queue(tooDeep)
					time.Sleep(5 * time.Minute)
					require.Equal(t, 1, count(titles(rec.Messages()), "firing queue_depth"), "%v", titles(rec.Messages()))
					host.queue(0)
					time.Sleep(5 * time.Minute)
					require.Equal(t, 1, count(titles(rec.Messages()), "resolved queue_depth"))
					n.end()
					for _, one := range notices(t, st) {
						require.NotEqual(t, longrun.Waiting, one.State)
					}
					for _, i := range incidentsOf(t, st) {
						if i.TSEnd != nil {
							require.False(t, i.TSEnd.Before(i.TSStart), "%+v", i)
							require.GreaterOrEqual(t, *i.MTTRSec, 0.0)
						}
					}
				})
			})
		}
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}
