package monitor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// brokenSeeds is how many histories of broken channels are tried.
const brokenSeeds = 80

// mood is how a channel is for a time.
type mood int

const (
	well mood = iota
	refusing
	asking // to be left alone
	hanging
	lossy // takes each message, and says that it did not
	moods
)

// moody is a channel that changes.
type moody struct {
	rec alerttest.Recorder

	mu    sync.Mutex
	mood  mood
	known map[string]bool // the incidents whose beginning it said that it took
}

func (c *moody) set(m mood) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mood = m
}

func (c *moody) Alert(ctx context.Context, m alert.Message) error {
	c.mu.Lock()
	mood := c.mood
	c.mu.Unlock()
	switch mood {
	case refusing:
		return alert.Permanent(errors.New("403: the bot was blocked"))
	case asking:
		return &alert.RetryAfterError{After: 3 * time.Minute, Err: errors.New("429: too many")}
	case hanging:
		<-ctx.Done()
		return context.Cause(ctx)
	case lossy:
		_ = c.rec.Alert(ctx, m)
		return errors.New("the line broke")
	case well, moods:
	}
	c.mu.Lock()
	for _, one := range flat([]alert.Message{m}) {
		if one.Kind == alert.Firing {
			c.known[one.IncidentID] = true
		}
	}
	c.mu.Unlock()
	return c.rec.Alert(ctx, m)
}

func TestNoBrokenChannelLosesAWord(t *testing.T) { //nolint:tparallel // sideBySide does, and waits for them
	t.Parallel()
	sideBySide(t, seedtest.Histories(brokenSeeds), brokenChannel)
}

// brokenChannel is one history: troubles come and go, whoever leads dies now and
// then, and the channel works, refuses, asks for quiet, hangs and loses replies by
// turns. In the end it works, and people know how everything is.
func brokenChannel(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 11))
	st, channel := memstore.New(nil), &moody{known: map[string]bool{}}
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	settings := longrun.DefaultSettings(time.Minute)
	settings.AlertThresholds.ThrottleSec = 600
	settings.InsufficientDataThreshold = 0
	together := seed%2 == 0 // many are one message
	if !together {
		settings.AlertThresholds.FleetAccounts = 1 << 20
	}
	_, err = l.PutSettings(t.Context(), settings, "")
	require.NoError(t, err)

	names := []string{"ops", "sales", "support"}
	out := map[string]*time.Time{}
	var mu sync.Mutex
	host := func() longrun.HostStatus {
		mu.Lock()
		defer mu.Unlock()
		s := longrun.HostStatus{Connected: 1, Healthy: true}
		for _, name := range names {
			a := longrun.AccountStatus{ID: name}
			if since := out[name]; since != nil {
				a.LoggedOut, a.Since = true, *since
			}
			s.Accounts = append(s.Accounts, a)
		}
		return s
	}
	var where tally
	nodes := []*mortal{{name: "a", rec: nil, where: &where}, {name: "b", rec: nil, where: &where}}
	for _, m := range nodes {
		m.channel = channel
		m.up(t, st, host, 1<<30)
	}
	channel.set(mood(rng.IntN(int(moods))))
	for range 40 {
		time.Sleep(time.Duration(60+rng.IntN(600)) * time.Second)
		switch rng.IntN(4) {
		case 0:
			channel.set(mood(rng.IntN(int(moods))))
		case 1: // one restarts
			m := nodes[rng.IntN(len(nodes))]
			m.node.end()
			time.Sleep(time.Duration(rng.IntN(180)) * time.Second)
			m.up(t, st, host, 1<<30)
		default:
			mu.Lock()
			if name := names[rng.IntN(len(names))]; out[name] == nil {
				out[name] = new(time.Now())
			} else {
				out[name] = nil
			}
			mu.Unlock()
		}
	}
	channel.set(well)
	time.Sleep(40 * time.Minute) // more than a pause of a channel that refuses, and the throttle
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(90 * time.Second)))
	alerts := nodes[0].node.Status().Alerts
	require.Zero(t, alerts.Waiting)
	require.Zero(t, alerts.Undelivered)
	for _, m := range nodes {
		m.node.end()
	}
	checkLastWords(t, channel, incidentsOf(t, st), together)
}

// checkLastWords holds what people heard against what is true: the last word about
// each account is how it is, and what they surely were told of began before it ended
// and ended.
func checkLastWords(t *testing.T, channel *moody, incidents []longrun.Incident, together bool) {
	t.Helper()
	last, fired, resolved, heard := map[string]alert.Message{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, m := range flat(channel.rec.Messages()) {
		if m.Rule != string(rules.LoggedOut) || heard[string(m.Kind)+m.Key] {
			continue // not this, or once more, by the same key
		}
		heard[string(m.Kind)+m.Key] = true
		switch m.Kind {
		case alert.Reminder:
			require.True(t, fired[m.IncidentID], "a reminder of what nobody was told of: %s", m.Key)
		case alert.Resolved:
			resolved[m.IncidentID] = true
		default:
			require.False(t, resolved[m.IncidentID], "the end came before the beginning: %s", m.Key)
			fired[m.IncidentID] = true
		}
		last[m.Target] = m
	}
	for _, i := range incidents {
		if i.Rule != rules.LoggedOut {
			continue
		}
		m, told := last[i.Target]
		if all := last[rules.Together]; together && i.Target != rules.Together {
			if i.Open() && all.Kind != "" && all.Kind != alert.Resolved {
				continue // people know by that
			}
			if !told && !i.Open() {
				continue // it was one of many
			}
		}
		require.True(t, told, "nobody was told of %s", i.Target)
		if i.Open() {
			require.NotEqual(t, alert.Resolved, m.Kind, "%s goes on", i.IncidentID)
			require.Equal(t, i.IncidentID, m.IncidentID)
			require.True(t, fired[i.IncidentID])
		} else if m.IncidentID == i.IncidentID {
			require.Equal(t, alert.Resolved, m.Kind, "%s is over", i.IncidentID)
		}
		if channel.known[i.IncidentID] && !i.Open() {
			require.True(t, resolved[i.IncidentID], "the end of %s was told to nobody", i.IncidentID)
		}
	}
}
