package whatsappprobe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// An account is suspected after it connected, until a probe arrives, and when nothing
// comes for an hour; and of a message that comes, no more.
func TestAnAccountIsSuspectedUntilAProbeArrives(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		suspect := func() string { return s.status().Suspect.Reason }
		time.Sleep(3 * time.Minute)
		require.Equal(t, "connected", suspect())
		s.passes(s.in)
		require.Empty(t, suspect())
		time.Sleep(50 * time.Minute)
		require.Empty(t, suspect())
		require.NoError(t, say(t, s.theirs, ours, "hello"))
		s.calm()
		for range 5 { // a heartbeat looks at it now and then
			time.Sleep(11 * time.Minute)
			_ = suspect()
		}
		time.Sleep(2 * time.Minute)
		require.Equal(t, "idle", suspect())
		since := s.status().Suspect.Since
		time.Sleep(time.Minute)
		require.Equal(t, since, s.status().Suspect.Since, "it is the same wish")
		require.NoError(t, say(t, s.theirs, ours, "hello"))
		s.calm()
		require.Empty(t, suspect())
	})
}

// One that is not connected is in trouble, and that is told.
func TestAnAccountThatIsAwayIsNotSuspected(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		s.Refuse(ours)
		s.Drop(ours)
		for range 30 {
			time.Sleep(5 * time.Minute)
			require.Equal(t, longrun.Suspect{}, s.status().Suspect)
		}
	})
}

func TestAMessageWithoutAnAnswerIsSuspectOnce(t *testing.T) {
	inTappedBubble(t, func(t *testing.T, s *stage) {
		time.Sleep(3 * time.Minute)
		s.passes(s.in)
		s.LoseAcks(ours)
		s.LoseReceipts(ours)
		require.ErrorIs(t, say(t, s.ours, theirs, "anybody?"), whatsmeow.ErrMessageTimedOut)
		require.Equal(t, "no_ack", s.status().Suspect.Reason)
		s.Heal()
		s.passes(s.in)
		require.Empty(t, s.status().Suspect.Reason, "each asks once")
	})
}
