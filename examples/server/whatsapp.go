package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/examples/internal/demo"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
)

// whatsappConfig is the part of the environment that is about WhatsApp.
type whatsappConfig struct {
	Accounts   []string      `env:"WHATSAPP_DB"`
	ProbeDB    string        `env:"WHATSAPP_PROBE_DB"`
	ProbeTo    string        `env:"WHATSAPP_PROBE_TO"`
	ProbeEvery time.Duration `env:"WHATSAPP_PROBE_EVERY"`
	ProbeUntil string        `env:"WHATSAPP_PROBE_UNTIL"`
	Owner      string        `env:"WHATSAPP_OWNER"`
}

// Who connects the accounts.
const (
	byLeader  = "leader"  // the instance that leads, for as long as it does
	byProcess = "process" // this process, from its start to its end
)

// ownedByLeader reports whether the accounts belong to whoever leads.
func (c whatsappConfig) ownedByLeader() bool { return c.Owner != byProcess }

// checkWhatsApp checks what can be told without opening a file.
func (c *config) checkWhatsApp() error {
	var errs []error
	if c.WhatsApp.ProbeEvery != 0 {
		if err := (longrun.ProbeSchedule{Every: c.WhatsApp.ProbeEvery}).WithDefaults().Validate(); err != nil {
			errs = append(errs, fmt.Errorf("WHATSAPP_PROBE_EVERY: %w", err))
		}
	}
	if c.WhatsApp.ProbeUntil != "" && c.WhatsApp.ProbeUntil != "receipt" && c.WhatsApp.ProbeUntil != "ack" {
		errs = append(errs, fmt.Errorf("WHATSAPP_PROBE_UNTIL: %q is neither receipt nor ack", c.WhatsApp.ProbeUntil))
	}
	if c.WhatsApp.Owner != "" && c.WhatsApp.Owner != byLeader && c.WhatsApp.Owner != byProcess {
		errs = append(errs, fmt.Errorf("WHATSAPP_OWNER: %q is neither leader nor process", c.WhatsApp.Owner))
	}
	if c.WhatsApp.ProbeTo != "" {
		c.WhatsApp.ProbeTo = strings.TrimPrefix(c.WhatsApp.ProbeTo, "+")
		if len(c.WhatsApp.ProbeTo) < 7 || len(c.WhatsApp.ProbeTo) > 15 || strings.Trim(c.WhatsApp.ProbeTo, "0123456789") != "" || c.WhatsApp.ProbeTo[0] == '0' {
			errs = append(errs, errors.New("WHATSAPP_PROBE_TO: not a telephone number in the international form, such as 491701234567"))
		}
	}
	used := len(c.WhatsApp.Accounts) > 0
	if host, _, err := net.SplitHostPort(c.Addr); c.demo && err == nil && !adminhttp.Loopback(host) {
		errs = append(errs, fmt.Errorf("-demo lets anybody break it, so it serves on loopback addresses only, and not on %s", c.Addr))
	}
	switch {
	case c.demo && (used || c.WhatsApp.ProbeDB != "" || c.WhatsApp.ProbeTo != ""):
		errs = append(errs, errors.New("WHATSAPP_DB, WHATSAPP_PROBE_DB and WHATSAPP_PROBE_TO name real accounts, which -demo has none of"))
	case !c.demo && !used && (c.WhatsApp.ProbeDB != "" || c.WhatsApp.ProbeTo != ""):
		errs = append(errs, errors.New("WHATSAPP_DB is not set, so that there is nothing to probe"))
	}
	return errors.Join(errs...)
}

// whatsapp is the part of the server that has accounts: it tracks them, and
// gives the monitor what it probes with. Without accounts it does nothing.
type whatsapp struct {
	accounts *whatsappprobe.Accounts
	probes   []monitor.Probe
	clients  []*whatsmeow.Client
	owner    *owning.Owner // connects the clients while this instance leads; nil: this process does
	demo     *demo.Demo    // breaks and mends; nil but with -demo
	close    func()
}

// openWhatsApp opens the device files that c names, or the demonstration. The
// error joins all that is wrong, each part naming its variable.
func openWhatsApp(ctx context.Context, c config, logger *slog.Logger) (*whatsapp, error) {
	if c.demo {
		return openDemo(c, logger)
	}
	var files []*linking.DeviceFile
	w := &whatsapp{close: func() {
		for _, f := range files {
			_ = f.Close() // what was committed is in the file
		}
	}}
	if len(c.WhatsApp.Accounts) == 0 {
		return w, nil
	}
	_, first := c.WhatsApp.account(0)
	w.accounts = whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{Memory: first + ".accounts.json", Logger: logger, Clock: c.clock})
	var errs []error
	open := func(variable, path string) *whatsmeow.Client {
		f, err := linking.OpenDevice(ctx, path, &linking.DeviceOptions{Shared: c.WhatsApp.ownedByLeader(), Logger: logger})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", variable, err))
			return nil
		}
		files = append(files, f)
		cli := f.Client()
		cli.InitialAutoReconnect = true       // a network that is away at the start is no mistake
		cli.EnableDecryptedEventBuffer = true // what this process has in its hands when it ends, the next one gets
		if c.redirect != nil {
			c.redirect(cli)
		}
		w.clients = append(w.clients, cli)
		return cli
	}
	monitored := make([]watched, 0, len(c.WhatsApp.Accounts))
	for i := range c.WhatsApp.Accounts {
		name, file := c.WhatsApp.account(i)
		cli := open("WHATSAPP_DB", file)
		if cli == nil {
			continue
		}
		if err := w.accounts.Add(name, cli); err != nil {
			errs = append(errs, fmt.Errorf("WHATSAPP_DB: %s: %w", name, err))
		}
		monitored = append(monitored, watched{name, cli})
	}
	if c.WhatsApp.ownedByLeader() {
		w.owner = newOwner(c, logger)
	}
	var sender *whatsmeow.Client
	if c.WhatsApp.ProbeDB != "" {
		sender = open("WHATSAPP_PROBE_DB", c.WhatsApp.ProbeDB)
	}
	if err := errors.Join(errs...); err != nil {
		w.close()
		return nil, err
	}
	if err := w.own(); err != nil {
		w.close()
		return nil, err
	}
	for i, account := range monitored {
		probes := probesOf(account.cli, sender, c.WhatsApp.probeTo(sender), probeOptions{
			every: c.WhatsApp.ProbeEvery, ackIsEnough: c.WhatsApp.ProbeUntil == "ack", shared: c.WhatsApp.ownedByLeader(), clock: c.clock,
		})
		if i > 0 {
			probes = probes[:2] // the queue is the host's, and one for all
		}
		w.probes = append(w.probes, account.probes(i, probes)...)
	}
	return w, nil
}

// watched is an account of this server's.
type watched struct {
	name string
	cli  *whatsmeow.Client
}

// probes says which account the probes are about. Those of the first have no name, as
// they had before there were more.
func (a watched) probes(i int, probes []monitor.Probe) []monitor.Probe {
	for p := range probes {
		probes[p].Account = a.name
		if i == 0 {
			continue
		}
		probes[p].Name = strings.ToLower(a.name)
		if (longrun.NamedProbe{Type: probes[p].Type, Name: probes[p].Name}).Validate() != nil {
			probes[p].Name = fmt.Sprintf("account-%d", i+1)
		}
	}
	return probes
}

// account is the name and the file of the i-th account of WHATSAPP_DB.
func (c whatsappConfig) account(i int) (name, file string) {
	name, file, named := strings.Cut(c.Accounts[i], "=")
	if !named {
		return fmt.Sprintf("account-%d", i+1), c.Accounts[i]
	}
	return name, file
}

// probeOptions are how the probes of one account are.
type probeOptions struct {
	host        *whatsappprobe.Host // the application behind the account; nil where it says nothing of what it has
	every       time.Duration
	ackIsEnough bool
	shared      bool        // another instance may connect the account in between, and be given what waits
	burst       int         // the probers' own; 0 is what is safe with WhatsApp
	clock       clock.Clock // nil is the wall clock
}

// probesOf are the probes of one account. What has no account to probe with is
// there all the same, and says that it is not configured.
func probesOf(monitored, sender *whatsmeow.Client, to types.JID, o probeOptions) []monitor.Probe {
	const month = 30 * 24 * time.Hour
	queueEvery := min(4*o.every, month) // 0 leaves the monitor its own default
	outbound := &whatsappprobe.OutboundOptions{AckIsEnough: o.ackIsEnough, Burst: o.burst, Clock: o.clock}
	if sender != nil && sender.Store.ID != nil && sender.Store.ID.User == to.User {
		outbound.Receiver, outbound.AskPhone = sender, true // who tells what is its own fault
	}
	inbound := &whatsappprobe.InboundOptions{Host: o.host, IgnoreReplay: o.shared, Burst: o.burst, Clock: o.clock}
	return []monitor.Probe{
		{Type: longrun.Outbound, Every: o.every, Prober: whatsappprobe.Outbound(monitored, to, outbound)},
		{Type: longrun.Inbound, Every: o.every, Prober: whatsappprobe.Inbound(sender, monitored, inbound)},
		{Type: longrun.Queue, Every: queueEvery, Prober: whatsappprobe.Queue(monitored, sender, &whatsappprobe.QueueOptions{Burst: o.burst, Clock: o.clock})},
	}
}

// probeTo is the account that the outbound probe writes to: the one named, or
// else the probe account.
func (c whatsappConfig) probeTo(sender *whatsmeow.Client) types.JID {
	if c.ProbeTo != "" {
		return types.NewJID(c.ProbeTo, types.DefaultUserServer)
	}
	if sender != nil && sender.Store.ID != nil {
		return sender.Store.ID.ToNonAD()
	}
	return types.EmptyJID
}

// newOwner has the accounts connected by whoever leads.
func newOwner(c config, logger *slog.Logger) *owning.Owner {
	return owning.New(&owning.Options{Logger: logger, Clock: c.clock})
}

// own gives the clients to the owner, if there is one, the accounts under their names.
func (w *whatsapp) own() error {
	if w.owner == nil {
		return nil
	}
	names := w.accounts.List()
	for i, cli := range w.clients {
		name := "the probe account"
		if i < len(names) {
			name = names[i].ID
		}
		if err := w.owner.Add(name, cli); err != nil {
			return err
		}
	}
	return nil
}

// leading is what the monitor runs while this instance leads; nil for nothing.
func (w *whatsapp) leading() func(context.Context) error {
	if w.owner == nil {
		return nil
	}
	return w.owner.Lead
}

// run connects the accounts, where they are not the leader's, and logs how they are,
// until ctx ends.
func (w *whatsapp) run(ctx context.Context, logger *slog.Logger) error {
	if w.accounts == nil {
		return nil
	}
	changes := w.accounts.Changes(ctx)
	if w.owner == nil {
		for _, cli := range w.clients {
			if err := cli.ConnectContext(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("connect to WhatsApp: %w", err)
			}
		}
	}
	following := make(chan struct{})
	go func() {
		defer close(following)
		w.accounts.Run(ctx)
	}()
	defer func() { <-following }()
	for a := range changes {
		level := slog.LevelInfo
		if a.State != whatsappprobe.Connected {
			level = slog.LevelWarn
		}
		logger.Log(ctx, level, "account", "id", a.ID, "state", string(a.State), "reason", a.Reason)
	}
	return nil
}
