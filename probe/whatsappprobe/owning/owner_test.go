package owning_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
)

// ownership is an Owner of one client, and the lead that it has.
type ownership struct {
	*house
	owner *owning.Owner
	cli   *whatsmeow.Client
	ear   *ear
	log   *lines
	lead  *lead
	done  chan error
}

func (h *house) own() *ownership {
	h.t.Helper()
	o := &ownership{house: h, cli: h.client(), log: &lines{}, done: make(chan error, 1)}
	o.owner = owning.New(&owning.Options{Logger: o.log.logger()})
	require.NoError(h.t, o.owner.Add("support", o.cli))
	o.ear = hear(o.cli)
	return o
}

// begin begins a lead.
func (o *ownership) begin() *ownership {
	o.lead = newLead(o.t)
	go func() { o.done <- o.owner.Lead(o.lead) }()
	o.calm()
	return o
}

// finish ends the lead, and says how long that took.
func (o *ownership) finish() time.Duration {
	o.t.Helper()
	began := time.Now()
	o.lead.end()
	require.NoError(o.t, <-o.done)
	took := time.Since(began)
	synctest.Wait() // until the server has seen the connection end, too
	return took
}

func (o *ownership) online() int      { return o.house.online(ours) }
func (o *ownership) connections() int { return o.Stats(ours).Connections }

// until lets time pass until the account is online, and returns how long that took.
func (o *ownership) until(most time.Duration) time.Duration {
	o.t.Helper()
	began := time.Now()
	for o.online() == 0 {
		require.Less(o.t, time.Since(began), most, "%s", o.log)
		time.Sleep(time.Second)
	}
	o.calm()
	return time.Since(began) - 2*time.Second
}

func TestTheOwnerConnectsForAsLongAsItLeads(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own()
		time.Sleep(time.Hour)
		require.Zero(t, o.connections())
		for n := range 3 {
			o.begin()
			require.Equal(t, 1, o.online())
			require.Equal(t, n+1, o.connections())
			require.ErrorIs(t, o.owner.Lead(t.Context()), owning.ErrLeading)
			require.Less(t, o.finish(), time.Second)
			require.Zero(t, o.online())
			time.Sleep(time.Hour)
			require.Equal(t, n+1, o.connections())
		}
		require.Zero(t, count[*events.StreamReplaced](o.ear))
		require.Empty(t, o.log.String())
	})
}

// A process that was stopped looks at the clock before it connects, whatever its
// timers know.
func TestNothingIsConnectedBehindTheEndOfTheLease(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		o.lead.over.Store(true)
		h.Drop(ours)
		time.Sleep(time.Hour)
		require.Equal(t, 1, o.connections())
		require.Zero(t, o.online())
		require.NoError(t, <-o.done, "it is over")
	})
}

func TestADroppedOrFrozenConnectionIsMadeAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		time.Sleep(10 * time.Minute)
		h.Drop(ours)
		require.LessOrEqual(t, o.until(time.Minute), time.Second)
		time.Sleep(10 * time.Minute)
		h.Freeze(ours)
		time.Sleep(2 * time.Minute) // the client gives up three after the last answer, which may be half a minute old
		require.Zero(t, o.online())
		require.LessOrEqual(t, o.until(time.Hour), 2*time.Minute+30*time.Second)

		h.Refuse(ours)
		h.Drop(ours)
		time.Sleep(10 * time.Minute)
		tries := o.connections() + h.Stats(ours).Refused
		time.Sleep(time.Hour)
		require.InDelta(t, 68, o.connections()+h.Stats(ours).Refused-tries, 10, "about one a minute")
		require.Equal(t, 1, o.log.count("cannot be connected"), "said once")
		h.Heal()
		require.LessOrEqual(t, o.until(time.Hour), time.Minute+time.Second)
		o.finish()
	})
}

func TestAServerThatNeverAnswersIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.Stall(ours)
		o := h.own().begin()
		time.Sleep(15 * time.Minute)
		require.Greater(t, o.connections(), 3)
		h.Heal()
		o.until(10*time.Minute + time.Second)
		require.Equal(t, 1, h.Stats(ours).Logins)
		o.finish()
	})
}

func TestTheEndOfAFrozenConnectionTakesNoLonger(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		time.Sleep(time.Minute)
		h.Freeze(ours)
		time.Sleep(10 * time.Second)
		require.LessOrEqual(t, o.finish(), time.Second)
	})
}

func TestABanIsWaitedForAndThenOver(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		h.Ban(events.TempBanSentTooManySameMessage, 2*time.Hour, ours)
		banned := time.Now()
		time.Sleep(time.Minute)
		tries := o.connections()
		require.Equal(t, 1, o.log.count("banned"))
		time.Sleep(time.Hour)
		o.finish()
		o.begin() // the ban outlasts a lead
		time.Sleep(time.Until(banned.Add(2*time.Hour + time.Minute - 5*time.Second)))
		require.Equal(t, tries, o.connections(), "not before its end and a minute")
		o.until(10 * time.Minute)
		require.Equal(t, tries+1, o.connections(), "and the first try is the last")
		require.LessOrEqual(t, time.Since(banned), 2*time.Hour+11*time.Minute)
		o.finish()
	})
}

func TestABanWithoutAnEndIsAskedAfterEachHour(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		h.Ban(events.TempBanBlockedByUsers, 0, ours)
		time.Sleep(time.Minute)
		tries := o.connections()
		time.Sleep(24 * time.Hour)
		require.InDelta(t, 22, o.connections()-tries, 2)
		h.Heal()
		o.until(71 * time.Minute)
		o.finish()
	})
}

func TestWhatAnotherHasIsNotTakenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		thief := h.client()
		require.NoError(t, thief.Connect())
		h.calm()
		require.Equal(t, 1, count[*events.StreamReplaced](o.ear))
		time.Sleep(24 * time.Hour)
		require.Equal(t, 1, h.Stats(ours).Replaced, "one is enough")
		require.Equal(t, 1, o.log.count("another client has taken"))
		h.Disconnect(thief)
		time.Sleep(time.Hour)
		require.Zero(t, o.online())

		require.ErrorIs(t, o.owner.Reclaim("other"), owning.ErrUnknown)
		require.NoError(t, o.owner.Reclaim("support")) // a person knows that the other is gone
		require.LessOrEqual(t, o.until(time.Minute), time.Second)

		require.NoError(t, thief.Connect())
		h.calm()
		require.Equal(t, 2, count[*events.StreamReplaced](o.ear))
		o.finish()
		h.Disconnect(thief)
		o.begin() // whoever has the lease is the rightful owner
		require.Equal(t, 1, o.online())
		o.finish()
	})
}

func TestARefusedLoginIsTriedAgainHoursLater(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.FailLogins(events.ConnectFailureClientOutdated, ours)
		o := h.own().begin()
		time.Sleep(44 * time.Minute)
		require.Equal(t, 1, o.connections())
		time.Sleep(48 * time.Hour)
		require.InDelta(t, 12, o.connections(), 3)
		require.Equal(t, o.connections(), o.log.count("login is refused"))
		h.Heal()
		o.until(6*time.Hour + time.Minute)
		o.finish()
	})
}

func TestALoggedOutAccountIsLeftAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		h.LogOut(ours)
		time.Sleep(time.Minute)
		require.Equal(t, 1, count[*events.LoggedOut](o.ear))
		tries := o.connections()
		time.Sleep(24 * time.Hour)
		require.Equal(t, tries, o.connections())
		o.finish()
		o.begin()
		time.Sleep(time.Hour)
		require.Equal(t, tries, o.connections())
		o.finish()
	})
}

// The host's own Logout comes with no event.
func TestAnAccountThatTheHostLoggedOutIsLeftAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		o.cli.Disconnect() // or it would ask the server, which does not know this query
		require.NoError(t, o.cli.Store.Delete(t.Context()))
		o.finish()
		o.begin()
		time.Sleep(time.Hour)
		require.Equal(t, 1, o.connections())
		o.finish()
	})
}

func TestAnUnpairedClientIsTheHostsUntilItIsPaired(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		cli := h.NewUnpairedClient(t)
		owner := owning.New(nil)
		require.NoError(t, owner.Add("new", cli))
		lead, done := newLead(t), make(chan error, 1)
		go func() { done <- owner.Lead(lead) }()
		time.Sleep(time.Hour)
		require.Zero(t, h.Stats().Connections)
		codes, err := cli.GetQRChannel(t.Context())
		require.NoError(t, err)
		require.NoError(t, cli.Connect())
		code := <-codes
		require.NoError(t, h.Scan(t.Context(), code.Code, theirs))
		require.NoError(t, h.AwaitOnline(t.Context(), theirs))
		h.calm()
		time.Sleep(10 * time.Minute)
		logins := h.Stats(theirs).Logins
		h.Drop(theirs)
		h.calm()
		require.NoError(t, h.AwaitOnline(t.Context(), theirs), "it is the owner's now")
		h.calm()
		require.Equal(t, logins+1, h.Stats(theirs).Logins)
		lead.end()
		require.NoError(t, <-done)
		require.Zero(t, h.online(theirs))
	})
}

func TestAccountsComeAndGoWhileItLeads(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		o := h.own().begin()
		other := h.NewClient(t, theirs)
		require.ErrorIs(t, o.owner.Add("support", other), owning.ErrOwned)
		require.ErrorIs(t, o.owner.Add("again", o.cli), owning.ErrOwned)
		require.Error(t, o.owner.Add("", other))
		require.Error(t, o.owner.Add("a/b", other))
		require.Error(t, o.owner.Add("none", nil))
		require.Error(t, o.owner.Add("none", (*whatsmeow.Client)(nil)))
		require.NoError(t, o.owner.Add("second", other))
		h.calm()
		require.Equal(t, 2, h.online())
		require.ErrorIs(t, o.owner.Remove("none"), owning.ErrUnknown)
		require.NoError(t, o.owner.Remove("support"))
		require.Equal(t, 1, h.online())
		time.Sleep(time.Hour)
		require.Zero(t, o.online())
		require.NoError(t, o.owner.Add("support", o.cli))
		h.calm()
		require.Equal(t, 1, o.online())
		o.finish()
		require.Zero(t, h.online())
		require.NoError(t, o.owner.Remove("second"))
	})
}

// What the process had in its hands at the hand-over.
func TestAMessageInFlightIsNotLostWithTheEventBuffer(t *testing.T) {
	t.Parallel()
	for _, buffered := range []bool{true, false} {
		t.Run(fmt.Sprintf("buffered %t", buffered), func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				sender := h.NewClient(t, theirs)
				require.NoError(t, sender.Connect())
				a, b := h.own(), h.own()
				a.cli.EnableDecryptedEventBuffer, b.cli.EnableDecryptedEventBuffer = buffered, buffered
				let := make(chan struct{})
				hung := make(chan struct{}, 10)
				a.cli.AddEventHandler(func(event any) {
					if _, ok := event.(*events.Message); ok {
						hung <- struct{}{}
						<-let // as a process that dies here
					}
				})
				a.begin()
				send(t, sender, "in flight")
				<-hung
				require.LessOrEqual(t, a.finish(), time.Second)
				b.begin()
				time.Sleep(time.Minute)
				want := 0 // decrypted once already: whatsmeow passes it over
				if buffered {
					want = 1
				}
				require.Equal(t, want, count[*events.Message](b.ear))
				send(t, sender, "after")
				time.Sleep(time.Minute)
				require.Equal(t, want+1, count[*events.Message](b.ear))
				require.Zero(t, h.Stats(ours).Replaced)
				b.finish()
				close(let)
				synctest.Wait()
			})
		})
	}
}
