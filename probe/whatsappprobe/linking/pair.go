package linking

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
)

// Errors of Pair. Each is also in the text of what wraps it.
var (
	// ErrAlreadyPaired means that the client's device is linked to an account.
	ErrAlreadyPaired = errors.New("whatsappprobe: the device is paired already; to link another account, use another file")
	// ErrNumber means that Pairing.Phone is no telephone number.
	ErrNumber = errors.New("whatsappprobe: not a telephone number in the international form, such as +49 170 1234567")
	// ErrPairingTimeout means that nobody used the codes while they were valid,
	// for 160 seconds in all. Pair may be called again, with the same client.
	ErrPairingTimeout = errors.New("whatsappprobe: nobody used the code in time")
	// ErrClientOutdated means that WhatsApp takes this version of whatsmeow for
	// too old, for all accounts: the program must be built with a newer one.
	ErrClientOutdated = errors.New("whatsappprobe: WhatsApp refuses this version of go.mau.fi/whatsmeow as outdated (405): build with a newer one")
	// ErrOldPhone means that the phone's WhatsApp cannot link devices as they are
	// today.
	ErrOldPhone = errors.New("whatsappprobe: the phone's WhatsApp is too old to link this device: update it and pair again")
	// ErrPasskey means that WhatsApp wants the account's passkey for linking,
	// which a browser has and Pair has not.
	ErrPasskey = errors.New("whatsappprobe: WhatsApp asks for this account's passkey, which only a browser can give: pair another number")
	// ErrFirstLogin means that the device is paired, but did not come online
	// after that. Nothing is lost: connect it as any other.
	ErrFirstLogin = errors.New("whatsappprobe: paired, but the first login failed: the device is linked, and to be connected as usual")
)

// A RefusedError says that WhatsApp turned the client away.
type RefusedError struct {
	Code   int           // 401 and 403 logged out, 402 banned for a time, 406 banned, or another
	Reason string        // what the code means, as far as known
	For    time.Duration // how long a ban lasts; 0 means that nobody said
}

// Error names the code and what it means.
func (e *RefusedError) Error() string {
	text := fmt.Sprintf("whatsappprobe: WhatsApp refuses the client (%d): %s", e.Code, e.Reason)
	if e.For > 0 {
		text += fmt.Sprintf(", for %v", e.For)
	}
	return text
}

// Pairing says how a device is to be linked to an account: by a QR code that its
// phone scans, which needs ShowQR, or by a code that is typed on the phone, which
// needs Phone and ShowCode. The functions are called one at a time, by Pair
// itself, and should not block.
type Pairing struct {
	// ShowQR is given the text of a QR code, and how long it is valid: 60 seconds
	// for the first, 20 for each of the five that follow. A code replaces the one
	// before. Whoever reads it can link the device to an account of his own.
	ShowQR func(code string, valid time.Duration)

	// Phone is the account's number in the international form: digits, with a
	// plus and spaces, hyphens and dots as one likes. Where it is set, ShowQR is
	// not called.
	Phone string
	// ShowCode is given the eight characters to type, "ABCD-EFGH". They are
	// valid for 160 seconds.
	ShowCode func(code string)

	// Linked is called when the phone has linked the device and the first login
	// follows. nil means that nobody wants to know.
	Linked func(account types.JID)
}

// Validate returns what is wrong with p, before anything is done: ErrNumber, or
// that a function is missing. It never repeats the number.
func (p Pairing) Validate() error {
	if p.Phone == "" {
		if p.ShowQR == nil {
			return errors.New("whatsappprobe: Pairing.ShowQR is nil, and so is Pairing.Phone empty: one of them is needed")
		}
		return nil
	}
	if p.ShowCode == nil {
		return errors.New("whatsappprobe: Pairing.ShowCode is nil: nobody would see the code to type")
	}
	_, err := digits(p.Phone)
	return err
}

// digits returns a telephone number as WhatsApp has it.
func digits(phone string) (string, error) {
	number := strings.NewReplacer(" ", "", "-", "", ".", "").Replace(strings.TrimPrefix(strings.TrimSpace(phone), "+"))
	switch {
	case strings.Trim(number, "0123456789") != "":
		return "", fmt.Errorf("%w: it may hold digits, spaces, hyphens and dots, and a plus in front", ErrNumber)
	case strings.HasPrefix(number, "0"):
		return "", fmt.Errorf("%w: it begins with the country's code, not with 0", ErrNumber)
	case len(number) < 7, len(number) > 15:
		return "", fmt.Errorf("%w: it has 7 to 15 digits, not %d", ErrNumber, len(number))
	}
	return number, nil
}

// Pair links a client's new device to an account, connects it, and returns its
// address when it is logged in. The client stays connected then, and its device
// is saved. It must not be connected before: Pair does that.
//
// In all other cases the client is disconnected, and the error is one of those
// above or wraps what whatsmeow said; telephone numbers are masked in its text.
// Once the phone has linked the device, the address is returned beside the
// error: then it is paired, and Linked was called. When ctx ends, Pair returns at
// once with its cause; a connection that is just being made is ended within the
// 20 seconds that whatsmeow takes for it.
//
// One Pair at a time may run for a client. Its event handlers may run as usual.
func Pair(ctx context.Context, cli *whatsmeow.Client, p Pairing) (types.JID, error) {
	if err := p.Validate(); err != nil {
		return types.EmptyJID, err
	}
	if cli.Store.ID != nil {
		return types.EmptyJID, ErrAlreadyPaired
	}
	if cli.IsConnected() {
		return types.EmptyJID, errors.New("whatsappprobe: the client is connected already: Pair has to do that")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	link := &attempt{Pairing: p, cli: cli, events: make(chan any, 32), stop: func() {}}
	handler := cli.AddEventHandler(link.take)
	defer cli.RemoveEventHandler(handler)
	err := link.run(ctx)
	return link.account, err
}

// hidden wraps an error of others, and masks what may be a number in its text.
func hidden(doing string, err error) error {
	text := err.Error()
	if doing != "" {
		text = doing + ": " + text
	}
	return &hiddenError{text: masking.Text(text), err: err}
}

type hiddenError struct {
	text string
	err  error
}

func (e *hiddenError) Error() string { return e.text }
func (e *hiddenError) Unwrap() error { return e.err }

// refusal returns the error of a client that was turned away, or nil.
func refusal(event any) error {
	switch e := event.(type) {
	case *events.ClientOutdated:
		return ErrClientOutdated
	case *events.LoggedOut:
		return &RefusedError{Code: int(e.Reason), Reason: e.Reason.String()}
	case *events.TemporaryBan:
		return &RefusedError{Code: int(events.ConnectFailureTempBanned), Reason: e.Code.String(), For: e.Expire}
	case *events.ConnectFailure:
		reason := e.Message
		if reason == "" {
			reason = e.Reason.String()
		}
		return &RefusedError{Code: int(e.Reason), Reason: masking.Text(reason)}
	}
	return nil
}
