package demo

import (
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// How long lose-offline lasts, in messages that come meanwhile, and how many of them
// are lost.
const (
	awayFor  = 6
	lostThen = 3
)

// press breaks what a mode does.
func (d *Demo) press(m *mode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told.press(m)
	defer d.talk.quiet()()
	in := d.state() == whatsappprobe.Connected || d.state() == whatsappprobe.Degraded
	if err := m.do(d); err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	if m.ends && in {
		d.given()
	}
	return nil
}

// given waits until the account's client has given up: what is healed before would end
// it behind that. The caller holds mu.
func (d *Demo) given() {
	const most, step = 3 * time.Second, 20 * time.Millisecond
	for range most / step {
		switch d.state() {
		case whatsappprobe.NeedsQR, whatsappprobe.Outdated, whatsappprobe.Stopped:
			return
		default:
			time.Sleep(step)
		}
	}
}

// leave keeps the account away for a while, of whose messages some are lost. The
// caller holds mu.
func (d *Demo) leave() error {
	d.back()
	device := d.watched.Load().device
	d.server.LoseOffline(lostThen, Number)
	d.server.Refuse(device)
	d.server.Drop(Number)
	d.away = time.AfterFunc((awayFor+1)*d.opts.Pace, func() { d.server.Heal(device) })
	return nil
}

// back ends that. The caller holds mu.
func (d *Demo) back() {
	if d.away != nil {
		d.away.Stop()
		d.away = nil
	}
}

// heal mends all that is broken, and what was counted begins anew, as after a restart
// of a program: else most that is resolved would be told 10 to 30 minutes later, when
// nothing more has happened for so long. An account that is logged out gets a new device.
func (d *Demo) heal() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.back()
	defer d.talk.quiet()()
	frozen := d.told.broken("freeze")
	d.told.heal()
	d.server.Heal()
	d.host.drops.Store(false)
	d.host.waiting.Store(0)
	d.free()
	if frozen {
		d.server.Drop(Number)
	}
	cli := d.watched.Load().cli
	switch d.state() {
	case whatsappprobe.NeedsQR:
		return d.link()
	case whatsappprobe.Stopped, whatsappprobe.Outdated:
		settle(cli)
	default:
	}
	d.accounts.Remove(Account)
	if err := d.accounts.Add(Account, cli); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	if d.opts.Owner != nil {
		return d.opts.Owner.Reclaim(Account)
	}
	if d.state() != whatsappprobe.Connected {
		_ = cli.Connect() // or it is connecting already
	}
	return nil
}

// state is the account's, as far as its client has said.
func (d *Demo) state() whatsappprobe.State {
	for _, a := range d.accounts.List() {
		return a.State
	}
	return ""
}

// settle waits until a client that has given up has closed its connection: it does so a
// moment after it has said so. Until then it takes no other, which an Owner waits for by
// itself; and who follows it anew takes it for connected.
func settle(cli *whatsmeow.Client) {
	for range 40 {
		if !cli.IsConnected() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// link links a new device of the account, and connects it.
func (d *Demo) link() error {
	cli, err := d.server.Client(Number)
	if err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	d.accounts.Remove(Account)
	if err := d.watch(cli); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	if d.opts.Owner == nil {
		return cli.Connect()
	}
	return errors.Join(d.opts.Owner.Remove(Account), d.opts.Owner.Add(Account, cli))
}
