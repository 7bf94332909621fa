//go:build !race

package whatsapptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// Not under the race detector: a client whose connection ends while it waits for
// an answer has a data race of its own, in go.mau.fi/util/exsync.
func TestAMessageWhoseAckIsCutOffIsSentAgain(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	arrives(a, b, bob, "first")

	srv.LoseAcks(alice)
	sent := make(chan error)
	go func() {
		_, err := a.SendMessage(t.Context(), to(bob), text("second"))
		sent <- err
	}()
	b.hears("second")
	srv.Heal()
	srv.Drop(alice)
	require.NoError(t, <-sent)
	require.Equal(t, 3, srv.Stats(alice).Sent)
	arrives(a, b, bob, "third")
	require.Zero(t, count[*events.Message](b), "the second copy is dropped by the receiver")
}
