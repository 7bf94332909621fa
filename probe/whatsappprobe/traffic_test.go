package whatsappprobe_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// tappedStage is a stage whose monitored client has a logger that listens.
func tappedStage(t *testing.T, srv *whatsapptest.Server) *stage {
	t.Helper()
	return stageOf(t, srv, tapped(t, srv, ours))
}

// tapped makes the client of an account with a logger that listens.
func tapped(t *testing.T, srv *whatsapptest.Server, number string) *whatsmeow.Client {
	t.Helper()
	cli := whatsmeow.NewClient(srv.NewClient(t, number).Store, whatsappprobe.ClientLogger(nil))
	cli.ManualHistorySyncDownload = true
	srv.Redirect(cli)
	t.Cleanup(func() { srv.Disconnect(cli) })
	return cli
}

// inTappedBubble runs a test on a tapped stage in a bubble.
func inTappedBubble(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, tappedStage(t, whatsapptest.NewPipeServer(t))) })
}

// traffic is what is known of the monitored account's messages.
func (s *stage) traffic() longrun.Traffic { return s.status().Traffic }

func (s *stage) status() longrun.AccountStatus {
	s.t.Helper()
	status, err := s.accounts.Status(s.t.Context())
	require.NoError(s.t, err)
	return status.Accounts[0]
}

// say sends a message and returns the error.
func say(t *testing.T, from *whatsmeow.Client, to, text string) error {
	t.Helper()
	_, err := from.SendMessage(t.Context(), jid(to), &waE2E.Message{Conversation: new(text)})
	return err
}

func TestWhatIsSentAndReceivedIsCounted(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		require.True(t, s.state().Tapped)
		for range 3 {
			require.NoError(t, say(t, s.ours, theirs, "hello"))
			s.calm() // two first messages that cross cannot be read at once
			require.NoError(t, say(t, s.theirs, ours, "hello yourself"))
			s.calm()
		}
		s.passes(s.in) // a probe is nobody's message
		s.passes(s.out)
		s.calm()
		got := s.traffic()
		require.EqualValues(t, 3, got.Received)
		require.EqualValues(t, 4, got.Sent)
		require.Less(t, got.HandlerLag, time.Second)
		got.HandlerLag = 0
		require.Equal(t, longrun.Traffic{Received: 3, Sent: 4}, got, "nothing else is wrong")
		time.Sleep(2 * time.Hour)
		require.Equal(t, longrun.Traffic{}, s.traffic(), "an hour is over")
	})
}

func TestWhatTheServerDoesNotConfirmIsCounted(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		s.LoseAcks(ours)
		began := time.Now()
		for range 2 {
			require.ErrorIs(t, say(t, s.ours, theirs, "anybody?"), whatsmeow.ErrMessageTimedOut)
		}
		got := s.traffic()
		require.EqualValues(t, 0, got.Unacked, "they were delivered, so the server has them")
		_ = began
		s.LoseReceipts(ours)
		began = time.Now()
		for range 2 {
			require.ErrorIs(t, say(t, s.ours, theirs, "anybody?"), whatsmeow.ErrMessageTimedOut)
		}
		got = s.traffic()
		require.EqualValues(t, 2, got.Unacked)
		require.WithinDuration(t, began, got.UnackedSince, 2*time.Second)
		s.Heal()
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		require.Zero(t, s.traffic().Unacked)
	})
}

func TestWhatReachesNobodyIsCountedAgainstWhoNearlyAlwaysAnswers(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		friends := []string{theirs, "491700000003", "491700000004", "491700000005"}
		for _, number := range friends[1:] {
			cli := s.NewClient(t, number)
			require.NoError(t, cli.Connect())
			require.NoError(t, s.AwaitOnline(t.Context(), number))
		}
		s.calm()
		for range 4 {
			for _, number := range friends {
				require.NoError(t, say(t, s.ours, number, "hello"))
			}
		}
		s.calm()
		require.Zero(t, s.traffic().Undelivered)
		s.LoseReceipts(ours)
		first := time.Now()
		for range 2 {
			for _, number := range friends {
				require.NoError(t, say(t, s.ours, number, "hello?"))
			}
		}
		s.calm()
		require.Zero(t, s.traffic().Undelivered, "they may answer yet")
		time.Sleep(15 * time.Minute)
		got := s.traffic()
		require.EqualValues(t, 8, got.Undelivered)
		require.EqualValues(t, 4, got.UndeliveredTo)
		require.WithinDuration(t, first, got.UndeliveredSince, time.Second)
		s.Heal()
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		s.calm()
		require.Zero(t, s.traffic().Undelivered)
	})
}

func TestALostReplayIsCounted(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		require.NoError(t, say(t, s.theirs, ours, "before"))
		s.calm()
		s.Refuse(ours)
		s.Drop(ours)
		for n := range 7 {
			require.NoError(t, say(t, s.theirs, ours, fmt.Sprint("you are away ", n)))
		}
		s.LoseOffline(3, ours)
		// The fault of the line ends, that of the replay does not.
		s.healLine(ours, 3)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Equal(t, whatsappprobe.Connected, s.state().State)
		got := s.traffic()
		require.EqualValues(t, 3, got.ReplayLost)
		require.WithinDuration(t, time.Now(), got.LastReplayLost, 5*time.Minute)
		require.EqualValues(t, 5, got.Received)
	})
}

// healLine ends all faults of an account but the one of the replay.
func (s *stage) healLine(number string, lost int) {
	s.Heal(number)
	s.LoseOffline(lost, number)
}

func TestAWholeReplayIsNoLoss(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		s.Refuse(ours)
		s.Drop(ours)
		for n := range 7 {
			require.NoError(t, say(t, s.theirs, ours, fmt.Sprint("you are away ", n)))
		}
		s.Heal()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		got := s.traffic()
		require.Zero(t, got.ReplayLost)
		require.EqualValues(t, 7, got.Received)
	})
}

func TestWhatCannotBeReadIsCountedWhenItIsNotMended(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		require.NoError(t, say(t, s.theirs, ours, "hello"))
		s.CorruptMessages(1, ours)
		require.NoError(t, say(t, s.theirs, ours, "mended"))
		s.calm()
		s.RuinMessages(2, ours)
		require.NoError(t, say(t, s.theirs, ours, "lost"))
		require.NoError(t, say(t, s.theirs, ours, "lost, too"))
		s.calm()
		got := s.traffic()
		require.Zero(t, got.Unreadable, "they may be brought again")
		require.EqualValues(t, 1, got.Recovered)
		time.Sleep(10 * time.Minute)
		got = s.traffic()
		require.EqualValues(t, 2, got.Unreadable)
		require.EqualValues(t, 1, got.UnreadableFrom)
		require.EqualValues(t, 4, got.Received)
		require.False(t, got.FirstUnreadable.After(got.LastUnreadable))
		require.WithinDuration(t, time.Now().Add(-11*time.Minute), got.LastUnreadable, time.Minute)
	})
}

func TestWhatIsMeantToBeUnreadableIsNotCounted(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		require.NoError(t, say(t, s.theirs, ours, "hello"))
		s.CorruptHidden(1, ours)
		require.NoError(t, say(t, s.theirs, ours, "a reaction"))
		s.calm()
		s.MakeUnavailable("view_once", ours)
		require.NoError(t, say(t, s.theirs, ours, "a picture"))
		time.Sleep(20 * time.Minute)
		got := s.traffic()
		require.Zero(t, got.Unreadable)
	})
}

func TestAStoreThatIsLockedIsCounted(t *testing.T) {
	t.Parallel()
	srv, err := whatsapptest.Start(&whatsapptest.Options{StoreTimeout: 50 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	s := tappedStage(t, srv)
	require.NoError(t, say(t, s.ours, theirs, "hello"))
	require.NoError(t, s.LockStore(ours))
	require.NoError(t, say(t, s.ours, theirs, "to nobody"))
	got := s.traffic()
	require.Positive(t, got.StoreErrors)
	require.Zero(t, got.StoreBroken)
	require.EqualValues(t, 1, got.ToNobody)
	require.WithinDuration(t, time.Now(), got.LastToNobody, time.Minute)
	require.Zero(t, got.NoPhone, "it is the store's fault")
}

func TestPhonesThatGetNoCopyAreCounted(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		s.WithholdPhoneKeys(theirs)
		require.NoError(t, say(t, s.ours, theirs, "for the computer alone"))
		got := s.traffic()
		require.EqualValues(t, 1, got.NoPhone)
		require.WithinDuration(t, time.Now(), got.LastNoPhone, time.Second)
		require.Zero(t, got.ToNobody)
	})
}

func TestAChatWhosePhoneFallsSilentIsCounted(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		s.calm()
		s.CompanionOnly(theirs)
		for range 3 {
			require.Zero(t, s.traffic().NoPhone)
			require.NoError(t, say(t, s.ours, theirs, "are you there?"))
			time.Sleep(50 * time.Minute)
		}
		require.EqualValues(t, 1, s.traffic().NoPhone)
	})
}

func TestARestrictionIsToldWithItsEnd(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		until := time.Now().Add(6 * time.Hour).Truncate(time.Second)
		s.Restrict(until, "RESTRICT_ALL_COMPANIONS", ours)
		s.calm()
		got := s.status().Restricted
		require.WithinDuration(t, time.Now(), got.From, 2*time.Minute)
		require.True(t, until.Equal(got.Until))
		require.Equal(t, "RESTRICT_ALL_COMPANIONS", got.Reason)
		s.Lift(ours)
		s.calm()
		require.Zero(t, s.status().Restricted)
	})
}

// WhatsApp refuses a message to a stranger without a word of a restriction.
func TestARestrictionIsKnownByWhatIsRefused(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		_ = s.NewClient(t, "491700000003")
		_ = s.NewClient(t, "491700000004")
		s.RefuseMessages(463, ours)
		require.Error(t, say(t, s.ours, "491700000003", "an offer"))
		require.Zero(t, s.status().Restricted, "one who does not want mail")
		require.Error(t, say(t, s.ours, "491700000004", "an offer"))
		require.Equal(t, "refused_463", s.status().Restricted.Reason)
		s.Heal()
		time.Sleep(61 * time.Minute)
		require.Zero(t, s.status().Restricted)

		require.NoError(t, say(t, s.theirs, ours, "hello"))
		s.calm()
		s.RefuseMessages(463, ours)
		require.Error(t, say(t, s.ours, theirs, "an answer"))
		require.Equal(t, "refused_463", s.status().Restricted.Reason, "one who wrote is no stranger")
	})
}

func TestABanIsToldWithItsEnd(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		s.Ban(events.TempBanCreatedTooManyGroups, 2*time.Hour, ours)
		s.calm()
		got := s.status()
		require.Equal(t, "stopped", got.State)
		require.WithinDuration(t, time.Now().Add(2*time.Hour), got.Banned.Until, 2*time.Minute)
		require.Contains(t, got.Banned.Reason, "103")
		require.False(t, got.Away.IsZero())
		time.Sleep(2 * time.Hour)
		s.Heal()
		require.NoError(t, s.ours.Connect())
		s.calm()
		require.Zero(t, s.status().Banned)
		require.Zero(t, s.status().Away)
	})
}

func TestThePhoneIsSeen(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		s.PhoneOff(ours)
		time.Sleep(24 * time.Hour)
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		s.calm()
		require.Greater(t, time.Since(s.status().PhoneSeen), 23*time.Hour)
		s.Heal()
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		s.calm()
		require.Less(t, time.Since(s.status().PhoneSeen), 5*time.Minute)
	})
}

func TestASessionThatIsTakenOverIsCounted(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		for range 2 {
			s.Replace(ours)
			s.calm()
			require.NoError(t, s.ours.Connect())
			s.calm()
		}
		got := s.status()
		require.EqualValues(t, 2, got.Replaced)
		require.Less(t, time.Since(got.LastReplaced), 5*time.Minute)
		s.Replace(ours)
		time.Sleep(2 * time.Hour)
		got = s.status()
		require.Zero(t, got.Replaced)
		require.WithinDuration(t, time.Now().Add(-2*time.Hour), got.LastReplaced, time.Minute, "it is out since then")
	})
}

// A host that has one logger for all its clients.
func TestATapThatClientsShareTellsNobody(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	log := whatsappprobe.Tap(nil)
	clients := make([]*whatsmeow.Client, 2)
	for i, number := range []string{ours, theirs} {
		clients[i] = whatsmeow.NewClient(srv.NewClient(t, number).Store, log)
		srv.Redirect(clients[i])
		t.Cleanup(func() { srv.Disconnect(clients[i]) })
	}
	require.ErrorIs(t, whatsappprobe.NewAccounts(nil).Add("x", clients[0]), whatsappprobe.ErrSharedTap)
	a := whatsappprobe.Track(clients...)
	for i, number := range []string{ours, theirs} {
		require.NoError(t, clients[i].Connect())
		require.NoError(t, srv.AwaitOnline(t.Context(), number))
	}
	require.NoError(t, say(t, clients[0], theirs, "hello"))
	for _, account := range a.List() {
		require.Zero(t, account.Traffic.Sent)
		require.False(t, account.Tapped)
	}
}

func TestARemovedAccountHearsNothing(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		s.accounts.Remove("support")
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		require.NoError(t, s.accounts.Add("again", s.ours))
		require.NoError(t, say(t, s.ours, theirs, "hello"))
		require.EqualValues(t, 1, s.accounts.List()[1].Traffic.Sent)
	})
}
