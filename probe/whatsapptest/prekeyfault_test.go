package whatsapptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestPrekeysThatRunOutAreMade(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	srv.RunOutOfPrekeys(3, alice)
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Prekeys == 53 }, alice))
	srv.RunOutOfPrekeys(10)
	require.Equal(t, 10, srv.Stats(alice).Prekeys)
	n, err := a.DangerousInternals().GetServerPreKeyCount(t.Context()) //nolint:staticcheck // deprecated to warn of it, and the only way
	require.NoError(t, err)
	require.Equal(t, 10, n, "that is enough")
}

func TestPrekeysThatAreRefusedStayFew(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, log := logging(t, srv)
	b := online(t, srv, bob)
	srv.RefusePrekeys(503, alice)
	srv.RunOutOfPrekeys(2, alice)
	require.Eventually(t, func() bool { return len(log.of("Failed to send request to upload prekeys: %v")) == 1 }, patience(), 1)
	require.Equal(t, 2, srv.Stats(alice).Prekeys)
	srv.RunOutOfPrekeys(0, alice)
	arrives(b, a, alice, "a session begins without")
	srv.Heal()
	srv.Drop(alice)
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Prekeys >= 50 }, alice))
}
