package alert_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
)

// desk are three channels that record.
type desk struct {
	pager, chat, sales *alerttest.Recorder
	clock              *clock.Mock
	*alert.Router
}

func newDesk(t *testing.T, change func(*alert.RouteOptions)) *desk {
	t.Helper()
	d := &desk{&alerttest.Recorder{}, &alerttest.Recorder{}, &alerttest.Recorder{}, clock.NewMock(), nil}
	d.clock.Set(began)
	o := alert.RouteOptions{
		Channels: []alert.Channel{{Name: "pager", Alerter: d.pager}, {Name: "chat", Alerter: d.chat}, {Name: "sales", Alerter: d.sales}},
		Ways: []alert.Way{
			{Targets: []string{"sales*"}, Severities: []string{"warning"}, Channels: []string{"sales"}},
			{Severities: []string{"critical"}, Channels: []string{"pager", "chat"}},
		},
		Default: []string{"chat"}, Clock: d.clock,
	}
	if change != nil {
		change(&o)
	}
	var err error
	d.Router, err = alert.Route(o)
	require.NoError(t, err)
	return d
}

// got is how many messages each channel took.
func (d *desk) got() [3]int {
	return [3]int{len(d.pager.Messages()), len(d.chat.Messages()), len(d.sales.Messages())}
}

func of(severity, rule, target string, n int) alert.Message {
	return alert.Message{Kind: alert.Firing, Severity: severity, Rule: rule, Target: target, Key: fmt.Sprintf("#%s-%d", rule, n)}
}

func TestAMessageGoesByTheFirstWayThatIsForIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m      alert.Message
		all    bool
		change func(*alert.RouteOptions)
		want   [3]int
	}{
		"by severity":                {m: of("critical", "logged_out", "ops", 1), want: [3]int{1, 1, 0}},
		"by the first":               {m: of("warning", "queue_depth", "sales2", 1), want: [3]int{0, 0, 1}},
		"one of each list":           {m: of("critical", "queue_depth", "sales2", 1), want: [3]int{1, 1, 0}},
		"by none":                    {m: of("warning", "queue_depth", "", 1), want: [3]int{0, 1, 0}},
		"a test, by all":             {m: alert.Message{Kind: alert.Test, Key: "#test"}, want: [3]int{1, 1, 1}},
		"by none, and no default":    {m: of("warning", "queue_depth", "", 1), change: func(o *alert.RouteOptions) { o.Default = nil }, want: [3]int{1, 1, 1}},
		"a target is not its start":  {m: of("warning", "queue_depth", "sale", 1), want: [3]int{0, 1, 0}},
		"by all that are for it":     {m: of("critical", "a", "x", 1), change: both, want: [3]int{1, 1, 1}},
		"and once where two name it": {m: of("critical", "b", "x", 1), change: both, want: [3]int{1, 1, 0}},
	} {
		d := newDesk(t, c.change)
		require.NoError(t, d.Alert(t.Context(), c.m), name)
		require.Equal(t, c.want, d.got(), name)
	}
}

// both has all ways count, and rules choose too.
func both(o *alert.RouteOptions) {
	o.All = true
	o.Ways = append(o.Ways, alert.Way{Rules: []string{"a"}, Channels: []string{"sales"}}, alert.Way{Targets: []string{"x"}, Channels: []string{"pager"}})
}

func TestOfADigestEachChannelGetsWhatIsForIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	critical, warning, other := of("critical", "a", "", 1), of("warning", "b", "sales", 1), of("warning", "c", "", 1)
	all, _ := alert.Coalesce([]alert.Message{critical, warning, other})
	require.NoError(t, d.Alert(t.Context(), all))
	require.Equal(t, []alert.Message{critical}, d.pager.Messages())
	require.Equal(t, []alert.Message{warning}, d.sales.Messages())
	pair, _ := alert.Coalesce([]alert.Message{critical, other})
	require.Equal(t, []alert.Message{pair}, d.chat.Messages())
}

// The engine drops a message that was refused for good where people were told by
// another channel: that must not be another message's.
func TestOnlyWhatIsWithPeopleIsPartial(t *testing.T) {
	t.Parallel()
	refused := alerttest.Fail(alert.Permanent(errGone))
	critical, sales := of("critical", "a", "", 1), of("warning", "b", "sales", 1)
	all, _ := alert.Coalesce([]alert.Message{critical, sales})

	d := newDesk(t, nil)
	d.sales.Then(refused)
	err := d.Alert(t.Context(), all)
	require.ErrorContains(t, err, "sales: chat not found")
	require.True(t, alert.IsPermanent(err))
	require.False(t, alert.IsPartial(err), "nobody knows of b")
	require.Equal(t, [3]int{1, 1, 0}, d.got())
	d.sales.Then()
	require.NoError(t, d.Alert(t.Context(), all))
	require.Equal(t, [3]int{1, 1, 1}, d.got(), "only who has not got it is asked again")

	d = newDesk(t, nil)
	d.pager.Then(refused)
	err = d.Alert(t.Context(), all)
	require.True(t, alert.IsPartial(err), "each is with somebody")

	d = newDesk(t, func(o *alert.RouteOptions) {
		o.Channels[2].Alerter = alert.Fanout(alerttest.NewRecorder(refused), &alerttest.Recorder{})
		o.Channels[0].Alerter = alerttest.NewRecorder(refused)
		o.Ways[1].Channels = []string{"pager"}
	})
	err = d.Alert(t.Context(), all)
	require.False(t, alert.IsPartial(err), "b is with people by one of several, and a with nobody")
	require.True(t, alert.IsPartial(d.Alert(t.Context(), sales)), "that one is")
}

func TestAChannelThatAsksToWaitHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.pager.Then(alerttest.RetryAfter(time.Hour), alerttest.OK())
	critical := of("critical", "a", "", 1)
	err := d.Alert(t.Context(), critical)
	_, waits := errors.AsType[*alert.RetryAfterError](err)
	require.False(t, waits, "%v", err)
	require.True(t, alert.IsPartial(err))
	require.False(t, alert.IsPermanent(err))
	require.Equal(t, began.Add(time.Hour), d.Channels()[0].QuietUntil)
	failed := d.Channels()[0]

	d.clock.Add(time.Minute)
	require.ErrorContains(t, d.Alert(t.Context(), critical), "pager: left alone")
	require.Len(t, d.pager.Calls(), 1, "it is left alone")
	require.Equal(t, failed, d.Channels()[0], "and not asked, it has not failed")
	require.NoError(t, d.Alert(t.Context(), of("warning", "b", "", 1)))
	require.Equal(t, [3]int{0, 2, 0}, d.got())

	d.clock.Add(time.Hour)
	require.Zero(t, d.Channels()[0].QuietUntil)
	require.NoError(t, d.Alert(t.Context(), critical))
	require.Equal(t, [3]int{1, 2, 0}, d.got())

	d.pager.Then(alerttest.RetryAfter(time.Hour))
	d.chat.Then(alerttest.RetryAfter(time.Minute))
	err = d.Alert(t.Context(), critical)
	wait, waits := errors.AsType[*alert.RetryAfterError](err)
	require.True(t, waits, "nobody is there that could be asked")
	require.Equal(t, time.Minute, wait.After)
}

func TestATestSpendsNoChannelOfWhatMatters(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.pager.Then(alerttest.RetryAfter(time.Hour), alerttest.OK())
	require.Error(t, d.Alert(t.Context(), alert.Message{Kind: alert.Test, Key: "#test"}))
	require.NoError(t, d.Alert(t.Context(), of("critical", "a", "", 1)))
	require.Len(t, d.pager.Messages(), 1)
}

func TestEachChannelTellsHowItIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	require.Equal(t, []alert.ChannelHealth{{Name: "pager"}, {Name: "chat"}, {Name: "sales"}}, d.Channels())
	d.pager.Then(alerttest.Fail(alert.Permanent(errGone)))
	for n := range 3 {
		require.Error(t, d.Alert(t.Context(), of("critical", "a", "", n)))
		require.Error(t, d.Alert(t.Context(), of("critical", "a", "", n)))
		d.clock.Add(time.Minute)
	}
	require.Error(t, d.Alert(t.Context(), alert.Message{Kind: alert.Test, Key: "#test"}))
	last := began.Add(3 * time.Minute)
	require.Equal(t, []alert.ChannelHealth{
		{Name: "pager", LastFailed: last, LastError: "pager: chat not found", Permanent: true, Undelivered: 3},
		{Name: "chat", LastSent: last},
		{Name: "sales", LastSent: last},
	}, d.Channels())
	d.pager.Then()
	require.NoError(t, d.Alert(t.Context(), of("critical", "a", "", 1)))
	require.Equal(t, alert.ChannelHealth{Name: "pager", LastFailed: last, LastSent: last, Undelivered: 2}, d.Channels()[0])
	for n := range 1000 {
		d.pager.Then(alerttest.Fail(errGone))
		require.Error(t, d.Alert(t.Context(), of("critical", "b", "", n)))
	}
	require.Equal(t, 256, d.Channels()[0].Undelivered, "what is remembered is bounded")
}

// Whatever fails, in the end each message is with each channel that is chosen for it,
// once, and with no other.
func TestNothingIsLostOnItsWays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seedtest.Histories(200)) {
		rng := rand.New(rand.NewPCG(seed, 3))
		d := newDesk(t, func(o *alert.RouteOptions) { o.All = seed%2 == 0 })
		recorders := []*alerttest.Recorder{d.pager, d.chat, d.sales}
		var queue []alert.Message
		for n := range 6 {
			queue = append(queue, of([]string{"critical", "warning"}[rng.IntN(2)], "r", []string{"sales1", "ops", ""}[rng.IntN(3)], n))
		}
		all := slices.Clone(queue)
		for tries := 0; len(queue) > 0; tries++ {
			for _, r := range recorders {
				r.Then(alerttest.OK())
				if tries < 20 && rng.IntN(3) == 0 {
					r.Then([]alerttest.Step{alerttest.Fail(errGone), alerttest.Fail(alert.Permanent(errGone)), alerttest.RetryAfter(time.Minute)}[rng.IntN(3)])
				}
			}
			m, n := alert.Coalesce(queue[:1+rng.IntN(len(queue))])
			err := d.Alert(t.Context(), m)
			if err == nil {
				queue = queue[n:]
			}
			d.clock.Add(time.Duration(rng.IntN(90)) * time.Second)
			require.Less(t, tries, 200)
		}
		for _, m := range all {
			want := [3]bool{false, true, false}
			switch {
			case m.Severity == "critical":
				want = [3]bool{true, true, false}
			case m.Target == "sales1":
				want = [3]bool{false, false, true}
			}
			for i, r := range recorders {
				count := 0
				for _, got := range r.Messages() {
					for _, part := range append(got.Parts, got) {
						if part.Key == m.Key {
							count++
						}
					}
				}
				require.Equal(t, want[i], count > 0, "seed %d: %s at channel %d", seed, m.Key, i)
				require.LessOrEqual(t, count, 1, "seed %d: %s at channel %d", seed, m.Key, i)
			}
		}
	}
}

func TestEveryMistakeOfARouteIsNamed(t *testing.T) {
	t.Parallel()
	var nobody *alerttest.Recorder // as a constructor returns beside an error
	_, err := alert.Route(alert.RouteOptions{Channels: []alert.Channel{{Name: "a", Alerter: nobody}, {Name: "b", Alerter: alert.Func(nil)}}})
	require.ErrorContains(t, err, "Channels[0].Alerter is nil")
	require.ErrorContains(t, err, "Channels[1].Alerter is nil")
	_, err = alert.Route(alert.RouteOptions{})
	require.EqualError(t, err, "alert: RouteOptions.Channels is empty")
	_, err = alert.Route(alert.RouteOptions{
		Channels: []alert.Channel{{Name: "a", Alerter: &alerttest.Recorder{}}, {Name: "a"}, {Alerter: &alerttest.Recorder{}}},
		Default:  []string{"b"},
		Ways:     []alert.Way{{Channels: []string{"a", "c"}, Severities: []string{"fatal"}}, {}},
	})
	for _, field := range []string{
		`Channels[1].Name "a" is taken`, "Channels[1].Alerter is nil", "Channels[2].Name is empty", `Default[0] "b" is the name of no channel`,
		`Ways[0].Channels[1] "c" is the name of no channel`, `Ways[0].Severities[0] "fatal" is neither`, "Ways[1].Channels is empty",
	} {
		require.ErrorContains(t, err, "alert: RouteOptions."+field)
	}
}
