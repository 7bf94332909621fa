package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// The accounts of the demonstration. They exist in this process only.
const (
	demoNumber = "491700000001"
	demoSender = "491700000002"
)

// demoFaults are what the demonstration can break, by name.
var demoFaults = map[string]struct {
	what string
	do   func(*whatsapptest.Server)
}{
	"lose-messages":   {"messages are accepted, and arrive nowhere", func(s *whatsapptest.Server) { s.LoseMessages() }},
	"refuse-messages": {"the account may not send: error 463", func(s *whatsapptest.Server) { s.RefuseMessages(463, demoNumber) }},
	"delay-messages":  {"messages come a minute late", func(s *whatsapptest.Server) { s.DelayMessages(time.Minute) }},
	"freeze":          {"the account's connection is dead, and nobody is told", func(s *whatsapptest.Server) { s.Freeze(demoNumber) }},
	"drop":            {"the connection breaks once; six in an hour are a loop", func(s *whatsapptest.Server) { s.Drop(demoNumber) }},
	"disconnect": {"the account cannot connect", func(s *whatsapptest.Server) {
		s.Refuse(demoNumber)
		s.Drop(demoNumber)
	}},
	"outdated": {"the server refuses the client's version", func(s *whatsapptest.Server) {
		s.FailLogins(events.ConnectFailureClientOutdated, demoNumber)
		s.Drop(demoNumber)
	}},
	"log-out": {"somebody removes the device on the phone; only a restart mends it here", func(s *whatsapptest.Server) { s.LogOut(demoNumber) }},
}

// fillQueue is the one thing to break that is not WhatsApp's.
const (
	fillQueue   = "fill-queue"
	fillQueueIs = "500 messages wait in the host's queue"
)

// demonstrate sets what -demo has other defaults for: nothing is kept, and all of
// it is quick.
func (c *config) demonstrate() {
	c.demo, c.deadline = true, 5*time.Second
	if c.Store == stores.Default {
		c.Store = "memory:"
	}
	if c.Interval == 0 {
		c.Interval = 5 * time.Second
	}
	if c.WhatsApp.ProbeEvery == 0 {
		c.WhatsApp.ProbeEvery = time.Minute
	}
}

// demo breaks and mends a WhatsApp server that runs in this process.
type demo struct {
	server  *whatsapptest.Server
	waiting *atomic.Int64 // messages, as the demonstration has it
}

// fullQueue is more messages than may wait.
const fullQueue = 500

// openDemo starts the server, with two paired clients, and real probes between
// them.
func openDemo(c config, logger *slog.Logger) (*whatsapp, error) {
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	account, err1 := srv.Client(demoNumber)
	sender, err2 := srv.Client(demoSender)
	waiting := new(atomic.Int64)
	w := &whatsapp{
		accounts: whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{
			QueueDepth: func(context.Context) (int64, error) { return waiting.Load(), nil }, Clock: c.clock,
		}),
		clients: []*whatsmeow.Client{account, sender}, demo: demo{srv, waiting}, close: srv.Close,
	}
	if err := errors.Join(err1, err2); err != nil {
		srv.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	if err := w.accounts.Add("demo", account); err != nil {
		srv.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	if c.WhatsApp.ownedByLeader() {
		w.owner = newOwner(c, logger)
	}
	if err := w.own(); err != nil {
		srv.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	w.probes = probesOf(account, sender, types.NewJID(demoSender, types.DefaultUserServer), c.WhatsApp.ProbeEvery, false, 10_000, c.clock)
	for i := range w.probes {
		// Quick, so that a person can watch; a real account is probed in hours.
		w.probes[i].Settle, w.probes[i].Deadline, w.probes[i].Confirm = time.Second, c.deadline, 2*time.Second
	}
	return w, nil
}

// ServeHTTP breaks and mends: POST /demo/{fault}, POST /demo/heal, and GET /demo
// for a list. It is for a demonstration on a loopback address and asks no token.
func (d demo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	name := r.PathValue("fault")
	fault, known := demoFaults[name]
	switch {
	case r.Method == http.MethodGet:
		d.list(w)
	case name == "heal":
		d.server.Heal()
		d.waiting.Store(0)
		fmt.Fprintln(w, "healed: the next probe should pass, as soon as the account is connected again")
	case name == fillQueue:
		d.waiting.Store(fullQueue)
		fmt.Fprintln(w, name+": "+fillQueueIs)
	case known:
		fault.do(d.server)
		fmt.Fprintf(w, "%s: %s\n", name, fault.what)
	default:
		w.WriteHeader(http.StatusNotFound)
		d.list(w)
	}
}

func (d demo) list(w io.Writer) {
	for _, name := range slices.Sorted(maps.Keys(demoFaults)) {
		fmt.Fprintf(w, "POST /demo/%-16s %s\n", name, demoFaults[name].what)
	}
	fmt.Fprintf(w, "POST /demo/%-16s %s\n", fillQueue, fillQueueIs)
	fmt.Fprintf(w, "POST /demo/%-16s all of it ends\n", "heal")
}

// greetDemo says what there is to see, and how to break it.
func greetDemo(out io.Writer, base string) {
	fmt.Fprintf(out, `This is a demonstration: a WhatsApp server runs in this process, and two real
clients talk through it. Nothing leaves this machine; nothing is kept.

  break it      curl -X POST %[1]s/demo/lose-messages    (GET %[1]s/demo lists more)
  probe now     curl -X POST %[1]s%[2]s/probes/outbound/run
  results       curl '%[1]s%[2]s/probes?limit=3'
  incidents     curl '%[1]s%[2]s/incidents?open=true'    (two failures in a row are one)
  mend it       curl -X POST %[1]s/demo/heal

`, base, adminhttp.DefaultPrefix)
}
