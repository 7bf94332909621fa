package linking_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// The numbers of those who are paired in these tests.
const (
	pairedNumber = "491700000011"
	otherNumber  = "491700000012"
)

// pairingPhone is the person who holds the phone: it uses each code that it is shown.
type pairingPhone struct {
	t      *testing.T
	srv    *whatsapptest.Server
	wg     sync.WaitGroup
	uses   int      // the how many-th code it scans
	shown  []string // codes
	valid  []time.Duration
	linked []types.JID
}

// scans is a Pairing in which the phone scans a QR code.
func (p *pairingPhone) scans() linking.Pairing {
	return linking.Pairing{
		ShowQR: func(code string, valid time.Duration) {
			p.look()(code, valid)
			if len(p.shown) == p.uses {
				p.wg.Go(func() { _ = p.srv.Scan(p.t.Context(), code, pairedNumber) })
			}
		},
		Linked: func(account types.JID) { p.linked = append(p.linked, account) },
	}
}

// looks is a Pairing in which nobody scans.
func (p *pairingPhone) looks() linking.Pairing { return linking.Pairing{ShowQR: p.look()} }

func (p *pairingPhone) look() func(string, time.Duration) {
	return func(code string, valid time.Duration) {
		p.shown = append(p.shown, code)
		p.valid = append(p.valid, valid)
	}
}

func newPairingPhone(t *testing.T, srv *whatsapptest.Server) *pairingPhone {
	t.Helper()
	p := &pairingPhone{t: t, srv: srv, uses: 1}
	t.Cleanup(p.wg.Wait)
	return p
}

// canSend requires that a message of the client reaches the other number's.
func canSend(t *testing.T, srv *whatsapptest.Server, cli *whatsmeow.Client) {
	t.Helper()
	other := srv.NewClient(t, otherNumber)
	heard := make(chan string, 1)
	other.AddEventHandler(func(event any) {
		if m, ok := event.(*events.Message); ok {
			heard <- m.Message.GetConversation()
		}
	})
	require.NoError(t, other.Connect())
	_, err := cli.SendMessage(t.Context(), types.NewJID(otherNumber, types.DefaultUserServer), &waE2E.Message{Conversation: new("linked")})
	require.NoError(t, err)
	require.Equal(t, "linked", <-heard)
}

func TestAScanPairsAndConnects(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	cli := srv.NewUnpairedClient(t)
	p := newPairingPhone(t, srv)
	account, err := linking.Pair(t.Context(), cli, p.scans())
	require.NoError(t, err)
	require.Equal(t, pairedNumber, account.User)
	require.NotZero(t, account.Device)
	require.Equal(t, []types.JID{account}, p.linked)
	require.Equal(t, []time.Duration{time.Minute}, p.valid)
	canSend(t, srv, cli)

	_, err = linking.Pair(t.Context(), cli, p.scans())
	require.ErrorIs(t, err, linking.ErrAlreadyPaired)
	require.True(t, cli.IsConnected(), "it is left alone")
}

func TestATypedCodePairsAndConnects(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	cli := srv.NewUnpairedClient(t)
	p := newPairingPhone(t, srv)
	pairing := p.looks()
	pairing.Phone = "+49 170-000.0011"
	pairing.ShowCode = func(code string) {
		require.Regexp(t, `^[1-9A-Z]{4}-[1-9A-Z]{4}$`, code)
		p.wg.Go(func() { _ = srv.TypeCode(t.Context(), pairedNumber, code) })
	}
	account, err := linking.Pair(t.Context(), cli, pairing)
	require.NoError(t, err)
	require.Equal(t, pairedNumber, account.User)
	require.Empty(t, p.shown, "there is no QR code to show")
	canSend(t, srv, cli)
}

func TestAPairedClientOutlivesTheContextItWasPairedWith(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	cli := srv.NewUnpairedClient(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := linking.Pair(ctx, cli, newPairingPhone(t, srv).scans())
	require.NoError(t, err)
	cancel()
	require.NoError(t, srv.AwaitOnline(t.Context(), pairedNumber))
	srv.Drop(pairedNumber)
	require.NoError(t, srv.AwaitOnline(t.Context(), pairedNumber), "and it still reconnects")
}

func TestCodesAreShownUntilTheyAreSpent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := whatsapptest.NewPipeServer(t)
		cli := srv.NewUnpairedClient(t)
		p := newPairingPhone(t, srv)
		start := time.Now()
		account, err := linking.Pair(t.Context(), cli, p.looks())
		require.ErrorIs(t, err, linking.ErrPairingTimeout)
		require.Empty(t, account)
		require.WithinDuration(t, start.Add(160*time.Second), time.Now(), time.Second)
		require.Equal(t, []time.Duration{60e9, 20e9, 20e9, 20e9, 20e9, 20e9}, p.valid)
		require.False(t, cli.IsConnected())
		unlike := map[string]bool{}
		for _, code := range p.shown {
			unlike[code] = true
		}
		require.Len(t, unlike, 6)

		account, err = linking.Pair(t.Context(), cli, newPairingPhone(t, srv).scans())
		require.NoError(t, err, "the same client may try again")
		require.Equal(t, pairedNumber, account.User)
	})
}

func TestALaterCodeIsAsGoodAsTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := whatsapptest.NewPipeServer(t)
		p := newPairingPhone(t, srv)
		p.uses = 3
		account, err := linking.Pair(t.Context(), srv.NewUnpairedClient(t), p.scans())
		require.NoError(t, err)
		require.Equal(t, pairedNumber, account.User)
		require.Len(t, p.shown, 3)
	})
}

func TestACodeToTypeIsAskedForOnceAndExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := whatsapptest.NewPipeServer(t)
		start, asked := time.Now(), 0
		_, err := linking.Pair(t.Context(), srv.NewUnpairedClient(t),
			linking.Pairing{Phone: pairedNumber, ShowCode: func(string) { asked++ }})
		require.ErrorIs(t, err, linking.ErrPairingTimeout)
		require.Equal(t, 1, asked)
		require.WithinDuration(t, start.Add(160*time.Second), time.Now(), time.Second)
	})
}

func TestACodeWithAnOldSecretIsReplaced(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	cli := srv.NewUnpairedClient(t)
	p := newPairingPhone(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	pairing := p.looks()
	pairing.ShowQR = func(code string, valid time.Duration) {
		p.look()(code, valid)
		if len(p.shown) == 2 {
			cancel()
			return
		}
		secret := strings.Split(code, ",")[3]
		p.wg.Go(func() { dispatch(cli, &events.RotateADVSecret{OldSecret: secret, NewSecret: "new"}) })
	}
	_, err := linking.Pair(ctx, cli, pairing)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, p.shown, 2)
	require.Equal(t, "new", strings.Split(p.shown[1], ",")[3])
	require.Equal(t, strings.Split(p.shown[0], ",")[0], strings.Split(p.shown[1], ",")[0], "the same code otherwise")
}

// dispatch has a client see an event that the test server has no occasion for.
func dispatch(cli *whatsmeow.Client, event any) {
	cli.DangerousInternals().DispatchEvent(event) //nolint:staticcheck // deprecated to warn of it, and the only way
}

func TestWhatWhatsAppRefusesIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reason events.ConnectFailureReason
		is     error
		refuse *linking.RefusedError
	}{
		{reason: events.ConnectFailureClientOutdated, is: linking.ErrClientOutdated},
		{reason: events.ConnectFailureLoggedOut, refuse: &linking.RefusedError{Code: 401, Reason: "401: logged out from another device"}},
		{reason: events.ConnectFailureTempBanned, refuse: &linking.RefusedError{
			Code: 402, For: time.Hour, Reason: "101: you sent too many messages to people who don't have you in their address books",
		}},
		{reason: events.ConnectFailureGeneric, refuse: &linking.RefusedError{Code: 400, Reason: "400: unknown error"}},
	} {
		t.Run(c.reason.NumberString(), func(t *testing.T) {
			t.Parallel()
			srv := whatsapptest.NewServer(t)
			srv.FailLogins(c.reason)
			cli := srv.NewUnpairedClient(t)
			_, err := linking.Pair(t.Context(), cli, newPairingPhone(t, srv).scans())
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			} else {
				var refused *linking.RefusedError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, c.refuse, refused)
			}
			require.False(t, cli.IsConnected())

			srv.Heal()
			_, err = linking.Pair(t.Context(), cli, newPairingPhone(t, srv).scans())
			require.NoError(t, err, "when it is over, the same client is paired")
		})
	}
}

func TestWhatThePhoneCannotDoIsSaid(t *testing.T) {
	t.Parallel()
	broken := errors.New("no such key for 491700000011")
	for name, c := range map[string]struct {
		event any
		is    error
	}{
		"an old phone":        {&events.QRScannedWithoutMultidevice{}, linking.ErrOldPhone},
		"a passkey":           {&events.PairPasskeyRequest{}, linking.ErrPasskey},
		"a passkey's error":   {&events.PairPasskeyError{Error: broken}, linking.ErrPasskey},
		"a passkey's cause":   {&events.PairPasskeyError{Error: broken}, broken},
		"an offer's cause":    {&events.PairError{Error: broken}, broken},
		"another in its seat": {&events.StreamReplaced{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := whatsapptest.NewServer(t)
			cli := srv.NewUnpairedClient(t)
			p := newPairingPhone(t, srv)
			pairing := p.looks()
			pairing.ShowQR = func(string, time.Duration) { p.wg.Go(func() { dispatch(cli, c.event) }) }
			_, err := linking.Pair(t.Context(), cli, pairing)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.NotContains(t, err.Error(), pairedNumber)
			require.False(t, cli.IsConnected())
		})
	}
}

func TestAPhoneThatDoesNotKnowTheSecretIsRefused(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	p := newPairingPhone(t, srv)
	pairing := p.looks()
	pairing.ShowQR = func(code string, _ time.Duration) {
		fields := strings.Split(code, ",")
		fields[3] = fields[2]
		p.wg.Go(func() { _ = srv.Scan(t.Context(), strings.Join(fields, ","), pairedNumber) })
	}
	_, err := linking.Pair(t.Context(), srv.NewUnpairedClient(t), pairing)
	require.ErrorIs(t, err, whatsmeow.ErrPairInvalidDeviceIdentityHMAC)
}

func TestAConnectionThatIsNotMadeOrBreaksIsSaid(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	cli := srv.NewUnpairedClient(t)
	srv.Refuse()
	_, err := linking.Pair(t.Context(), cli, newPairingPhone(t, srv).scans())
	require.ErrorContains(t, err, "whatsappprobe: connecting to WhatsApp")

	srv.Heal()
	p := newPairingPhone(t, srv)
	pairing := p.looks()
	pairing.ShowQR = func(string, time.Duration) { srv.Drop() }
	_, err = linking.Pair(t.Context(), cli, pairing)
	require.ErrorContains(t, err, "the connection broke before the device was linked")

	pairing = linking.Pairing{Phone: pairedNumber, ShowCode: func(string) { srv.Drop() }}
	_, err = linking.Pair(t.Context(), cli, pairing)
	require.ErrorContains(t, err, "the connection broke before the device was linked")
}

func TestAFirstLoginThatFailsLeavesAPairedDevice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(*whatsapptest.Server)
		after time.Duration
		check func(*testing.T, error)
	}{
		"no connection": {func(srv *whatsapptest.Server) { srv.Refuse() }, time.Minute, func(t *testing.T, err error) {
			t.Helper()
			require.ErrorIs(t, err, linking.ErrFirstLogin)
		}},
		"logged out at once": {func(srv *whatsapptest.Server) { srv.FailLogins(events.ConnectFailureLoggedOut) }, 0, func(t *testing.T, err error) {
			t.Helper()
			var refused *linking.RefusedError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, 401, refused.Code)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := whatsapptest.NewPipeServer(t)
				p := newPairingPhone(t, srv)
				p.uses = 2 // whose validity is shorter than the first login may take
				pairing := p.scans()
				scan := pairing.ShowQR
				pairing.ShowQR = func(code string, valid time.Duration) {
					// Before the phone links it: after that the client connects anew at
					// once. The connection that is open lives on.
					c.fault(srv)
					scan(code, valid)
				}
				var linked time.Time
				pairing.Linked = func(types.JID) { linked = time.Now() }
				account, err := linking.Pair(t.Context(), srv.NewUnpairedClient(t), pairing)
				c.check(t, err)
				require.Equal(t, pairedNumber, account.User, "who it is paired with")
				require.NotContains(t, err.Error(), pairedNumber)
				require.WithinRange(t, time.Now(), linked.Add(c.after), linked.Add(c.after+time.Second))
			})
		})
	}
}

func TestPairingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	why := errors.New("enough")
	for name, begin := range map[string]func(srv *whatsapptest.Server, stop func()) linking.Pairing{
		"while a code is shown": func(_ *whatsapptest.Server, stop func()) linking.Pairing {
			return linking.Pairing{ShowQR: func(string, time.Duration) { stop() }}
		},
		"while a code waits to be typed": func(_ *whatsapptest.Server, stop func()) linking.Pairing {
			return linking.Pairing{Phone: pairedNumber, ShowCode: func(string) { stop() }}
		},
		"before it began": func(_ *whatsapptest.Server, stop func()) linking.Pairing {
			stop()
			return linking.Pairing{ShowQR: func(string, time.Duration) {}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := whatsapptest.NewPipeServer(t)
				ctx, cancel := context.WithCancelCause(t.Context())
				cli := srv.NewUnpairedClient(t)
				start := time.Now()
				_, err := linking.Pair(ctx, cli, begin(srv, func() { cancel(why) }))
				require.ErrorIs(t, err, why)
				require.LessOrEqual(t, time.Since(start), time.Second)
				synctest.Wait()
				require.False(t, cli.IsConnected())
			})
		})
	}
}

func TestPairingEndsWithItsContextWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	srv.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := linking.Pair(ctx, srv.NewUnpairedClient(t), newPairingPhone(t, srv).scans())
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestPairingAfterALinkSaysThatItIsLinked(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	pairing := newPairingPhone(t, srv).scans()
	pairing.Linked = func(types.JID) { cancel() }
	account, err := linking.Pair(ctx, srv.NewUnpairedClient(t), pairing)
	require.ErrorIs(t, err, linking.ErrFirstLogin)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, pairedNumber, account.User)
}

func TestAWrongPairingIsRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	cli := srv.NewUnpairedClient(t)
	show := func(string) { t.Error("a code is shown") }
	for _, number := range []string{
		"0170 1234567", "+49 (0)170 1234567", "49170123456789012", "123456", "+", "++491701234567", "0049 170 1234567",
		"491701234567@s.whatsapp.net", "bob", "٤٩١٧٠١٢٣٤٥٦٧", "4917\x0012345678",
	} {
		_, err := linking.Pair(t.Context(), cli, linking.Pairing{Phone: number, ShowCode: show})
		require.ErrorIs(t, err, linking.ErrNumber, "%q", number)
		require.NotContains(t, err.Error(), "1701234567", "%q", number)
	}
	for want, wrong := range map[string]linking.Pairing{
		"Pairing.ShowQR":   {},
		"Pairing.ShowCode": {Phone: pairedNumber},
	} {
		_, err := linking.Pair(t.Context(), cli, wrong)
		require.ErrorContains(t, err, want)
	}
	for _, number := range []string{"+49 170 1234567", "49-170-1234567", "1.202.555.0123", " +491701234567 "} {
		require.NoError(t, linking.Pairing{Phone: number, ShowCode: show}.Validate(), "%q", number)
	}
	require.Zero(t, srv.Stats().Connections)
}
