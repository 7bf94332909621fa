package whatsapptest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"go.mau.fi/whatsmeow/util/keys"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// unpaired connects a client that shows QR codes, and returns it with the first.
func unpaired(t *testing.T, srv *whatsapptest.Server) (p *party, codes <-chan whatsmeow.QRChannelItem, code string) {
	t.Helper()
	p = newParty(t, srv.NewUnpairedClient(t))
	codes, err := p.GetQRChannel(t.Context())
	require.NoError(t, err)
	require.NoError(t, p.Connect())
	first := <-codes
	require.Equal(t, whatsmeow.QRChannelEventCode, first.Event)
	return p, codes, first.Code
}

func TestAClientIsPairedByScanning(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	b, codes, code := unpaired(t, srv)

	require.NoError(t, srv.Scan(t.Context(), code, bob))
	require.Equal(t, 1, srv.Stats(bob).Devices)
	require.Equal(t, whatsmeow.QRChannelSuccess, <-codes)
	linked := next[*events.PairSuccess](b)
	require.Equal(t, bob, linked.ID.User)
	require.NoError(t, srv.AwaitOnline(t.Context(), bob))
	next[*events.Connected](b)
	require.Zero(t, count[*events.Disconnected](b), "the new connection is part of pairing")

	arrives(online(t, srv, alice), b, bob, "welcome")
}

func TestAClientIsPairedByTypingItsCode(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	b, _, _ := unpaired(t, srv)
	require.ErrorIs(t, srv.TypeCode(t.Context(), bob, "ABCD-EFGH"), whatsapptest.ErrCode, "none was asked for")

	code, err := b.PairPhone(t.Context(), "+"+bob, true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	require.NoError(t, err)
	require.ErrorIs(t, srv.TypeCode(t.Context(), alice, code), whatsapptest.ErrCode, "it is on another phone")
	require.ErrorIs(t, srv.TypeCode(t.Context(), bob, "1111-1111"), whatsapptest.ErrWrongCode)
	require.NoError(t, srv.TypeCode(t.Context(), bob, strings.ToLower(code)))
	require.Equal(t, bob, next[*events.PairSuccess](b).ID.User)
	next[*events.Connected](b)

	arrives(online(t, srv, alice), b, bob, "welcome")
}

func TestACodeThatNobodyShowsCannotBeScanned(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	_, _, code := unpaired(t, srv)
	ref, rest, _ := strings.Cut(code, ",")
	for _, wrong := range []string{"", "https://wa.me/", code[:len(code)-30], ref + "0," + rest} {
		require.ErrorIs(t, srv.Scan(t.Context(), wrong, bob), whatsapptest.ErrCode, wrong)
	}
	for _, wrong := range []string{"", "bob", "+" + bob, "0170", "017000000000", "4917000000010000000"} {
		require.ErrorIs(t, srv.Scan(t.Context(), code, wrong), whatsapptest.ErrNumber, wrong)
	}
	require.NoError(t, srv.Scan(t.Context(), code, bob), "a failure spends no code")
	require.ErrorIs(t, srv.Scan(t.Context(), code, alice), whatsapptest.ErrCode, "a success does")
}

func TestAClientMayRefuse(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	b, codes, code := unpaired(t, srv)
	fields := strings.Split(code, ",")
	fields[3] = fields[2] // not the secret that the client would know the phone by
	require.ErrorIs(t, srv.Scan(t.Context(), strings.Join(fields, ","), bob), whatsapptest.ErrRefused)
	require.ErrorIs(t, next[*events.PairError](b).Error, whatsmeow.ErrPairInvalidDeviceIdentityHMAC)
	require.Equal(t, whatsmeow.QRChannelEventError, (<-codes).Event)
	require.Zero(t, srv.Stats(bob).Devices)
}

func TestAClientMustSignWithTheIdentityThatItShows(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	b := newParty(t, srv.NewUnpairedClient(t))
	b.Store.IdentityKey.Priv = keys.NewKeyPair().Priv
	codes, err := b.GetQRChannel(t.Context())
	require.NoError(t, err)
	require.NoError(t, b.Connect())
	require.ErrorIs(t, srv.Scan(t.Context(), (<-codes).Code, bob), whatsapptest.ErrRefused)
	require.Zero(t, srv.Stats(bob).Devices)
}

func TestAClientMayGoWhileItIsPaired(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	b, _, code := unpaired(t, srv)
	b.PrePairCallback = func(types.JID, string, string) bool {
		srv.Drop()
		return false
	}
	require.ErrorIs(t, srv.Scan(t.Context(), code, bob), whatsapptest.ErrGone)
	require.Zero(t, srv.Stats(bob).Devices)
}

func TestScanningEndsWithItsContext(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	b, _, code := unpaired(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	b.PrePairCallback = func(types.JID, string, string) bool {
		cancel()
		<-t.Context().Done()
		return false
	}
	require.ErrorIs(t, srv.Scan(ctx, code, bob), context.Canceled)
}

func TestADeviceThatLogsOutIsForgotten(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	require.NoError(t, a.Logout(t.Context()))
	require.Zero(t, srv.Stats(alice).Devices)
	require.Error(t, a.Connect(), "its store is gone too")
	online(t, srv, alice) // and a new one is welcome
}
