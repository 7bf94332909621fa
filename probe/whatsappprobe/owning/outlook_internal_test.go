package owning

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"
)

var start = time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)

// oracle is what a person says of a client who keeps the whole history of it in mind.
type oracle struct {
	taken, unpaired, online bool
	bannedUntil             time.Time // as it was told, without the pause behind it
	refusedAt               time.Time
	opened                  bool // connected, and not logged in yet
	missed                  int  // keepalives of this connection
}

// ended is the end of whatever connection there was.
func (o *oracle) ended() { o.online, o.opened, o.missed = false, false, 0 }

func (o *oracle) take(event any, now time.Time) {
	switch e := event.(type) {
	case *events.Connected:
		if o.online || o.opened { // or it is of a connection that is over
			*o = oracle{online: true}
		}
	case *events.KeepAliveTimeout:
		if o.online || o.opened {
			o.missed++
		}
	case *events.KeepAliveRestored:
		o.missed = 0
	case *events.Disconnected:
		o.ended()
	case *events.StreamReplaced:
		o.ended()
		o.taken = true
	case *events.TemporaryBan:
		o.ended()
		o.bannedUntil = now.Add(e.Expire)
		if e.Expire <= 0 {
			o.bannedUntil = now.Add(time.Hour)
		}
		o.refusedAt = time.Time{} // the last word counts
	case *events.ClientOutdated, *events.ConnectFailure:
		o.ended()
		o.refusedAt, o.bannedUntil = now, time.Time{}
	case *events.LoggedOut:
		o.ended()
		o.unpaired = true
	case *events.PairSuccess:
		o.unpaired, o.bannedUntil, o.refusedAt = false, time.Time{}, time.Time{}
		o.opened = !o.online || o.opened
	}
}

// Whatever comes, in whatever order: nothing is connected that another has, that is
// banned, refused, not paired, or connected already; and of all else there is a time
// at which it is tried, no later than a minute, or ten where a login is awaited.
func TestTheOutlookFollowsTheRules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		var l outlook
		var o oracle
		now := start
		for range 200 {
			now = now.Add(time.Duration(r.ExpFloat64() * float64(5*time.Minute)))
			var event any
			switch r.IntN(16) {
			case 0, 1, 2:
				event = &events.Connected{}
			case 3, 4:
				event = &events.Disconnected{}
			case 5:
				event = &events.StreamReplaced{}
			case 6:
				event = &events.TemporaryBan{Expire: time.Duration(r.IntN(4)) * time.Hour}
			case 7:
				event = &events.ClientOutdated{}
			case 8:
				event = &events.ConnectFailure{}
			case 9:
				event = &events.LoggedOut{}
			case 10, 11:
				event = &events.PairSuccess{}
			case 14:
				for range r.IntN(8) { // a row of them
					l.take(&events.KeepAliveTimeout{}, now)
					o.take(&events.KeepAliveTimeout{}, now)
					now = now.Add(35 * time.Second)
				}
			case 15:
				event = &events.KeepAliveRestored{}
			case 12:
				l.begin()
				o.ended()
				o.taken = false
			case 13:
				if do, _ := l.next(now); do != rest {
					l.tried(now)
					o.ended()
					if o.opened = r.IntN(2) == 0; !o.opened {
						l.ended(now)
					}
				}
			}
			if event != nil {
				l.take(event, now)
				o.take(event, now)
			}
			for at := now; at.Before(now.Add(8 * time.Hour)); at = at.Add(37 * time.Minute) {
				do, until := l.next(at)
				switch {
				case !o.taken && !o.unpaired && do == reopen && (o.missed >= 6 || o.opened): // deaf, or stuck
				case o.taken, o.unpaired, o.online && !o.opened:
					require.Equal(t, rest, do, "seed %d: %+v %+v", seed, o, l)
					require.Zero(t, until)
				case at.Before(o.bannedUntil.Add(time.Minute)):
					require.Equal(t, rest, do, "seed %d: banned", seed)
					require.True(t, until.After(at) && until.Before(o.bannedUntil.Add(10*time.Minute+1)), "seed %d", seed)
				case !o.refusedAt.IsZero() && at.Before(o.refusedAt.Add(45*time.Minute)):
					require.Equal(t, rest, do, "seed %d: refused", seed)
				case !o.refusedAt.IsZero() && at.Sub(o.refusedAt) < 6*time.Hour, at.Before(o.bannedUntil.Add(10 * time.Minute)):
				case do == rest:
					require.Less(t, until.Sub(now), 10*time.Minute+1, "seed %d: %+v", seed, l)
					require.True(t, until.After(at), "seed %d: %+v", seed, l)
				}
			}
		}
	}
}

func TestTriesComeLaterAndLaterUntilAConnectionLasts(t *testing.T) {
	t.Parallel()
	var l outlook
	l.begin()
	now := start
	row := func() (pauses []time.Duration) {
		for range 9 {
			do, until := l.next(now)
			if do == rest {
				pauses = append(pauses, until.Sub(now))
				now = until
			} else {
				pauses = append(pauses, 0)
			}
			do, _ = l.next(now)
			require.Equal(t, open, do)
			l.tried(now)
			l.ended(now)
		}
		return pauses
	}
	pauses := row()
	require.Zero(t, pauses[0], "the first try is at once")
	for i, p := range pauses[1:] {
		most := min(time.Second<<i, time.Minute)
		require.LessOrEqual(t, p, most)
		require.GreaterOrEqual(t, p, most*3/4)
	}
	// A connection that breaks at once ends no row; one that lasts does.
	l.tried(now)
	l.take(&events.Connected{}, now)
	l.take(&events.Disconnected{}, now.Add(time.Second))
	_, until := l.next(now.Add(time.Second))
	require.Greater(t, until.Sub(now), 40*time.Second)
	l.tried(now)
	l.take(&events.Connected{}, now)
	l.take(&events.Disconnected{}, now.Add(time.Minute))
	do, _ := l.next(now.Add(time.Minute))
	require.Equal(t, open, do)
}

// A client says that it is connected when it has asked the server for some things: of a
// login whose link is lost at once, behind the end.
func TestTheWordOfAConnectionThatIsOverIsNone(t *testing.T) {
	t.Parallel()
	for _, end := range []any{&events.Disconnected{}, &events.StreamReplaced{}, &events.LoggedOut{}, &events.ConnectFailure{}} {
		var l outlook
		l.begin()
		l.tried(start)
		l.take(end, start)
		before := l
		_, known := l.take(&events.Connected{}, start.Add(time.Second))
		require.False(t, known, "%T", end)
		require.Equal(t, before, l, "%T", end)
	}
}

func TestADeafConnectionIsMadeAgain(t *testing.T) {
	t.Parallel()
	online := func() *outlook {
		l := new(outlook)
		l.tried(start)
		l.take(&events.Connected{}, start)
		return l
	}
	miss := func(l *outlook, after time.Duration) move {
		l.take(&events.KeepAliveTimeout{}, start.Add(after))
		do, _ := l.next(start.Add(after))
		return do
	}
	l := online()
	for _, s := range []time.Duration{40, 75, 110, 145, 180} {
		require.Equal(t, rest, miss(l, s*time.Second), s)
	}
	require.Equal(t, reopen, miss(l, 215*time.Second))
	l.tried(start.Add(216 * time.Second))
	do, until := l.next(start.Add(217 * time.Second))
	require.Equal(t, rest, do)
	require.Equal(t, start.Add(216*time.Second+stuck), until, "a login is waited for, and not for ever")
	do, _ = l.next(until)
	require.Equal(t, reopen, do)

	l = online()
	require.Equal(t, rest, miss(l, time.Second), "the last word of an earlier connection")
	require.Equal(t, rest, miss(l, time.Hour), "one after an hour is the first of another row")
	for _, s := range []time.Duration{40, 80, 120} {
		require.Equal(t, rest, miss(l, time.Hour+s*time.Second), s)
	}
	l.take(&events.KeepAliveRestored{}, start.Add(time.Hour+150*time.Second))
	require.Equal(t, rest, miss(l, time.Hour+200*time.Second))
}

func TestEventsOfTrafficCostNothing(t *testing.T) {
	t.Parallel()
	var l outlook
	_, known := l.take(&events.Message{}, start)
	require.False(t, known)
	_, known = l.take(&events.Receipt{}, start)
	require.False(t, known)
}

// A ban of more years than a duration has is a ban.
func TestABanOfAnyLengthIsWaitedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var l outlook
	l.take(&events.TemporaryBan{Expire: math.MaxInt64}, now)
	do, until := l.next(now)
	require.Equal(t, rest, do)
	require.True(t, until.After(now.AddDate(0, 11, 0)))
}
