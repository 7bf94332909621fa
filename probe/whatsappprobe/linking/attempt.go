package linking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
)

// WhatsApp hands out six codes, and closes the connection when they are spent.
const (
	codesAtOnce = 6
	firstCode   = 60 * time.Second
	furtherCode = 20 * time.Second
)

// firstLogin is how long the first login may take: the client makes some eight
// hundred keys for it.
const firstLogin = time.Minute

// codeDisplayName is what the phone is told when it asks for a typed code:
// WhatsApp accepts known browsers only.
const codeDisplayName = "Chrome (Linux)"

// attempt is one Pair under way. Its fields, but events, belong to run.
//
// It does not use the client's own GetQRChannel: whose handler stays behind in
// the client when no code came, and ends the connection of the next attempt.
type attempt struct {
	Pairing
	cli    *whatsmeow.Client
	events chan any // of the kinds that take picks

	codes   []string // the one that is shown and those that follow it
	asked   bool     // for a code to type
	account types.JID
	online  bool
	timer   <-chan struct{} // the end of a code, or of the wait for the first login
	stop    func()          // the timer
}

// take is the client's event handler. It picks what decides, of which there are
// a few in one pairing, and waits for nobody.
func (l *attempt) take(event any) {
	switch event.(type) {
	case *events.QR, *events.RotateADVSecret, *events.PairSuccess, *events.PairError,
		*events.Connected, *events.Disconnected, *events.StreamReplaced,
		*events.QRScannedWithoutMultidevice, *events.PairPasskeyRequest, *events.PairPasskeyError,
		*events.ClientOutdated, *events.LoggedOut, *events.TemporaryBan, *events.ConnectFailure:
		select {
		case l.events <- event:
		default:
		}
	}
}

// run connects, shows codes, and returns when the device is online, or will not
// be.
func (l *attempt) run(ctx context.Context) (err error) {
	connected := l.connect(ctx)
	defer func() {
		l.stop()
		if err == nil {
			return
		}
		if connected != nil {
			select {
			case <-connected: //nolint:errcheck // err says better why it is over
			case <-ctx.Done():
				return // connect disconnects, when it can
			}
		}
		l.cli.Disconnect()
	}()
	for connected != nil || !l.online || l.account.IsEmpty() {
		var err error
		select {
		case err = <-connected:
			connected = nil
			if err != nil {
				err = hidden("whatsappprobe: connecting to WhatsApp", err)
			}
		case event := <-l.events:
			err = l.hear(ctx, event)
		case <-l.timer:
			err = l.late(ctx)
		case <-ctx.Done():
		}
		switch {
		case ctx.Err() != nil:
			return l.stopped(ctx)
		case err != nil:
			return err
		}
	}
	return nil
}

// connect connects the client, and disconnects it if nobody wants it any more
// when that is done. The connection must outlive ctx once it is made, and end
// with it before: a dial can be called off, the handshake after it cannot.
func (l *attempt) connect(ctx context.Context) <-chan error {
	connected := make(chan error)
	spawn.Start("whatsappprobe: connect", func() error {
		dialing, cancel := context.WithCancel(l.cli.BackgroundEventCtx)
		stop := context.AfterFunc(ctx, cancel)
		err := spawn.Guard("whatsappprobe: connect", func() error { return l.cli.ConnectContext(dialing) })
		stop()
		select {
		case connected <- err:
		case <-ctx.Done():
			cancel()
			l.cli.Disconnect()
		}
		return nil
	})
	return connected
}

// hear takes an event. An error ends the pairing.
func (l *attempt) hear(ctx context.Context, event any) error {
	switch e := event.(type) {
	case *events.QR:
		l.codes = slices.Clone(e.Codes) // other handlers have it too
		return l.show(ctx)
	case *events.RotateADVSecret: // an earlier code is no longer good
		for i, code := range l.codes {
			l.codes[i] = strings.Replace(code, e.OldSecret, e.NewSecret, 1)
		}
		return l.show(ctx)
	case *events.PairSuccess:
		l.account, l.codes = e.ID, nil
		l.wait(ctx, firstLogin)
		if l.Linked != nil {
			l.Linked(e.ID)
		}
	case *events.Connected:
		l.online = true
	case *events.Disconnected:
		if l.account.IsEmpty() {
			return errors.New("whatsappprobe: the connection broke before the device was linked: pair again")
		} // else the client tries again by itself
	case *events.QRScannedWithoutMultidevice:
		return ErrOldPhone
	case *events.PairPasskeyRequest:
		return ErrPasskey
	case *events.PairPasskeyError:
		return hidden("", fmt.Errorf("%w (%w)", ErrPasskey, e.Error))
	case *events.PairError:
		return hidden("whatsappprobe: the phone's offer was not accepted: pair again", e.Error)
	case *events.StreamReplaced:
		return errors.New("whatsappprobe: another client took the device's place")
	default:
		return refusal(e)
	}
	return nil
}

// show shows the first of the codes, which is valid until the timer ends. By
// phone it asks for the code to type instead, once: that the QR codes have come
// means that the connection is ready for it.
func (l *attempt) show(ctx context.Context) error {
	if len(l.codes) == 0 {
		return nil
	}
	valid := furtherCode
	if len(l.codes) == codesAtOnce {
		valid = firstCode
	}
	l.wait(ctx, valid)
	if l.Phone == "" {
		l.ShowQR(l.codes[0], valid)
		return nil
	}
	if l.asked {
		return nil
	}
	l.asked = true
	number, err := digits(l.Phone)
	if err != nil {
		return err
	}
	code, err := l.cli.PairPhone(ctx, number, true, whatsmeow.PairClientChrome, codeDisplayName)
	if err != nil {
		select { // what happened meanwhile may be why there was no answer
		case event := <-l.events:
			if earlier := l.hear(ctx, event); earlier != nil {
				return earlier
			}
		default:
		}
		return hidden("whatsappprobe: asking for a code for "+masking.Number(number), err)
	}
	l.ShowCode(code)
	return nil
}

// late is called when the timer ends.
func (l *attempt) late(ctx context.Context) error {
	switch {
	case !l.account.IsEmpty():
		return ErrFirstLogin
	case len(l.codes) <= 1:
		return ErrPairingTimeout
	}
	l.codes = l.codes[1:]
	return l.show(ctx)
}

// wait sets the timer. The time is the real one: the server on the other side
// does not live by a clock of ours.
func (l *attempt) wait(ctx context.Context, d time.Duration) {
	l.stop()
	waiting, cancel := context.WithTimeout(ctx, d)
	l.timer, l.stop = waiting.Done(), cancel
}

// stopped is the error when ctx has ended.
func (l *attempt) stopped(ctx context.Context) error {
	if l.account.IsEmpty() {
		return fmt.Errorf("whatsappprobe: stopped before the device was linked: %w", context.Cause(ctx))
	}
	return fmt.Errorf("%w: stopped: %w", ErrFirstLogin, context.Cause(ctx))
}
