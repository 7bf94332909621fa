package demo

import (
	"context"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// patience is how long a message of the demonstration waits for the server's ack.
const patience = 3 * time.Second

// talk holds a token for each message that is being sent, of which there are as many as
// talkers at most. It is all of somebody who ends connections: clients that wait for an
// answer just then have a data race.
type talk chan struct{}

const talkers = 2 // people, and the account

// quiet waits until no message is being sent, and keeps it so until it is undone. One
// at a time may call it.
func (t talk) quiet() (undo func()) {
	for range talkers {
		t <- struct{}{}
	}
	return func() {
		for range talkers {
			<-t
		}
	}
}

// Run has people write to the account, and the account to them, until ctx ends. They
// stay connected until Close.
func (d *Demo) Run(ctx context.Context) error {
	for _, cli := range d.people {
		if err := cli.Connect(); err != nil && ctx.Err() == nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	var group spawn.Group
	group.Go("people", func() error {
		d.each(ctx, func(n int) { d.say(ctx, d.people[n%len(people)], Number, fmt.Sprintf("Is my order %d on its way?", n)) })
		return nil
	})
	group.Go("the account", func() error {
		d.each(ctx, func(n int) {
			if state := d.state(); state == whatsappprobe.Connected || state == whatsappprobe.Degraded {
				d.say(ctx, d.watched.Load().cli, people[n%len(people)], fmt.Sprintf("Order %d is on its way.", n))
			}
		})
		return nil
	})
	return group.Wait()
}

// each calls do at each pace, until ctx ends.
func (d *Demo) each(ctx context.Context, do func(n int)) {
	ticker := time.NewTicker(d.opts.Pace)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do(n)
		}
	}
}

// say sends a message, unless connections are being ended.
func (d *Demo) say(ctx context.Context, from *whatsmeow.Client, to, text string) {
	d.talk <- struct{}{}
	defer func() { <-d.talk }()
	d.send(ctx, from, to, text)
}

// send sends a message. What becomes of it is seen where the account is watched.
func (d *Demo) send(ctx context.Context, from *whatsmeow.Client, to, text string) {
	_, _ = from.SendMessage(ctx, types.NewJID(to, types.DefaultUserServer), &waE2E.Message{Conversation: new(text)},
		whatsmeow.SendRequestExtra{Timeout: patience})
}
