package whatsapptest_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// strange connects a client that knows of the server what is public.
func strange(t *testing.T, srv *whatsapptest.Server, number string) *party {
	t.Helper()
	require.Equal(t, whatsmeow.WACertPubKey, srv.RootKey())
	u, err := url.Parse(srv.URL())
	require.NoError(t, err)
	require.Equal(t, "ws", u.Scheme)
	require.Equal(t, "/ws/chat", u.Path)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	}
	cli := whatsmeow.NewClient(srv.NewClient(t, number).Store, nil)
	cli.SetWebsocketHTTPClient(&http.Client{Transport: &http.Transport{DialTLSContext: dial}})
	t.Cleanup(cli.Disconnect)
	return newParty(t, cli)
}

func TestAClientThatIsNotRedirectedIsKnownByItsLogin(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := strange(t, srv, alice), online(t, srv, bob)
	require.NoError(t, a.Connect())
	next[*events.Connected](a)
	arrives(a, b, bob, "from the outside")
	arrives(b, a, alice, "to the outside")
	require.Equal(t, 1, srv.Stats(alice).Logins)
	require.Zero(t, srv.Stats(alice).Connections, "nobody knew whose it would be")

	srv.Refuse(alice)
	srv.Drop(alice)
	next[*events.Disconnected](a)
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Refused > 0 }, alice))
	require.Equal(t, 1, srv.Stats(alice).Logins)
	srv.Heal()
	next[*events.Connected](a)
}

func TestAServerInMemoryHasNoAddress(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) { require.Empty(t, srv.URL()) })
}
