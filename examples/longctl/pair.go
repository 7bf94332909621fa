package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/screen"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
)

// pairCommand links a device file to an account.
type pairCommand struct {
	File    string        `short:"f" required:"" type:"path" placeholder:"PATH" help:"The account's device file; made where there is none."`
	Phone   string        `short:"p" placeholder:"NUMBER" help:"The account's number, to type a code on its phone instead of scanning one."`
	Name    string        `default:"longwatch" help:"What the phone calls this device in its list."`
	Settle  time.Duration `default:"15s" help:"How long to stay connected afterwards, while the phone finishes."`
	Verbose bool          `short:"v" help:"Show what the client says, with numbers masked."`
}

// Help is what longctl pair --help says beside the flags.
func (pairCommand) Help() string {
	return `The phone is where the account's WhatsApp is: there, open Settings, Linked
devices, Link a device, and point it at the code that is shown here. With --phone
choose "Link with phone number instead" there, and type the code.

Whoever has the file is the account: keep it secret, and one file for each
account. A file in use, by a server for example, is refused.

Examples:

    longctl pair --file probe.wa.db
    longctl pair --file probe.wa.db --phone "+49 170 1234567"

There is neither --format nor --out: it talks to whoever holds the phone.`
}

// Run pairs.
func (c pairCommand) Run(ctx context.Context, s surroundings) error {
	if c.Name == "" {
		return exit.Usage(errors.New("--name: it is empty"))
	}
	if c.Settle < 0 {
		return exit.Usage(fmt.Errorf("--settle: %v is negative", c.Settle))
	}
	var logger *slog.Logger
	if c.Verbose {
		logger = slog.New(slog.NewTextHandler(s.err, nil))
	}
	screen := screen.New(s.out, !c.Verbose)
	pairing := linking.Pairing{
		Phone: c.Phone,
		ShowQR: func(code string, valid time.Duration) {
			screen.ShowQR(code, valid)
			s.show(code)
		},
		ShowCode: func(code string) {
			screen.Say("Type on the phone, within two minutes:  %s", code)
			s.show(code)
		},
		Linked: func(account types.JID) {
			screen.Say("Linked, as %s. Logging in for the first time…", masked(account))
		},
	}
	if err := pairing.Validate(); err != nil {
		return exit.Usage(fmt.Errorf("--phone: %w", err))
	}

	device, err := linking.OpenDevice(ctx, c.File, &linking.DeviceOptions{Unpaired: true, Logger: logger})
	if err != nil && !errors.Is(err, linking.ErrDeviceInUse) && ctx.Err() == nil {
		return exit.Usage(fmt.Errorf("--file: %w", err))
	} else if err != nil {
		return err
	}
	defer device.Close()
	client := device.Client()
	if s.prepare != nil {
		s.prepare(client)
	}
	ended := make(chan events.PermanentDisconnect, 1)
	client.AddEventHandler(func(event any) {
		if end, ok := event.(events.PermanentDisconnect); ok {
			select {
			case ended <- end:
			default:
			}
		}
	})
	// whatsmeow has the name for all clients of a process; this one has one.
	store.DeviceProps.Os = &c.Name

	screen.Say("Connecting to WhatsApp…")
	account, err := linking.Pair(ctx, client, pairing)
	switch {
	case errors.Is(err, linking.ErrAlreadyPaired):
		return exit.Usage(fmt.Errorf("--file: %s: %w", c.File, err))
	case err != nil:
		return err
	}
	screen.Say("Logged in.")
	if c.Settle > 0 {
		screen.Say("Staying connected for %v, while the phone finishes. Ctrl-C ends it earlier.", c.Settle)
	}
	settled := time.NewTimer(c.Settle)
	defer settled.Stop()
	select {
	case end := <-ended:
		return fmt.Errorf("paired, but WhatsApp ended that at once: %s", end.PermanentDisconnectDescription())
	case <-settled.C:
	case <-ctx.Done():
	}
	screen.Say("Done: %s is %s. Keep the file secret.", c.File, masked(account))
	return nil
}

func (s surroundings) show(code string) {
	if s.shown != nil {
		s.shown(code)
	}
}

// masked names a device without the number of its account.
func masked(account types.JID) string {
	return fmt.Sprintf("device %d of %s", account.Device, whatsappprobe.Mask(account.User))
}
