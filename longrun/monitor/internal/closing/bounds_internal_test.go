package closing

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A year in which days are marked at random, and each commit of one in three days
// fails or is refused: what is remembered stays within its bounds, and passes go
// on.
func TestAYearOfChurnIsRememberedWithinBounds(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
		st := memstore.New(nil)
		d, lines := leadtest.Deps(t, st, nil)
		c := New(d, Options{Trusted: func() (time.Time, error) { return time.Now(), nil }})
		began := time.Now().UTC()
		beat := func() {
			_, err := st.Commit(t.Context(), d.Ledger.CreateHeartbeat(longrun.Beat(time.Now(), time.Minute)))
			require.NoError(t, err)
		}
		beat()
		lead := &leadtest.Lead{Store: st, Clock: d.Clock, Fault: func(_ context.Context, ops []store.Op) error {
			switch ops[0].Key.ID[9] { // the last digit of the day
			case '1', '4':
				return errors.New("away")
			case '7':
				return store.ErrInvalid
			}
			return nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		p := newProgress(lead, c.log(lead), c.Clock)
		mostDirty, mostFailed, mostDone := 0, 0, 0
		for range 365 {
			time.Sleep(24 * time.Hour)
			beat()
			for range 50 {
				c.Changed(began.AddDate(0, 0, rng.IntN(365)))
			}
			for range 20 { // passes as they would be made, and no day's pause is over before
				if more, err := c.pass(ctx, p); err == nil && !more {
					break
				}
				time.Sleep(2 * time.Minute)
			}
			mostDirty, mostFailed, mostDone = max(mostDirty, len(c.dirty.days)), max(mostFailed, len(p.failed)), max(mostDone, len(p.done))
		}
		cancel()
		require.LessOrEqual(t, mostDirty, 365)
		require.LessOrEqual(t, mostFailed, maxAside)
		require.LessOrEqual(t, len(p.refused), maxAside)
		require.LessOrEqual(t, mostDone, 400)
		require.LessOrEqual(t, lines.Count("cannot be stored"), 37, "each day once")

		for i := range 3 * maxDirty {
			c.Changed(began.AddDate(0, 0, i))
			c.Late([]longrun.Heartbeat{{TS: began.AddDate(0, 0, -i)}})
		}
		require.Len(t, c.dirty.days, maxDirty)
		require.Contains(t, c.dirty.days, longrun.DayOf(began.AddDate(0, 0, 3*maxDirty-1)).From, "the newest are kept")
		for i := range 3 * maxAside {
			p.refuse(began.AddDate(0, 0, i))
		}
		require.Len(t, p.refused, maxAside)
	})
}

// A lead that begins at midnight, when the day before is not to be closed yet, and
// of which nothing is known.
func TestTheFirstDayIsTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		d, lines := leadtest.Deps(t, st, nil)
		c := New(d, Options{Trusted: func() (time.Time, error) { return time.Now(), nil }})
		_, err := st.Commit(t.Context(), d.Ledger.CreateHeartbeat(longrun.Beat(time.Now(), time.Minute)))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		lead := &leadtest.Lead{Store: st, Clock: d.Clock}
		time.AfterFunc(25*time.Hour, cancel)
		require.NoError(t, c.Task().Run(ctx, lead))
		require.Len(t, lead.Commits(), 1)
		synctest.Wait()
		require.Zero(t, lines.Count("WARN"), lines.String())
	})
}

// What is said of a day while it is rolled up counts.
func TestADayIsCleanOnlyBehindTheLastWord(t *testing.T) {
	t.Parallel()
	var d dirty
	at := time.Unix(0, 0)
	d.mark(at)
	word := d.word(at)
	d.mark(at)
	d.clean(at, word)
	require.Equal(t, []time.Time{at}, d.all())
	d.clean(at, d.word(at))
	require.Empty(t, d.all())
	require.Zero(t, d.word(at))
}
