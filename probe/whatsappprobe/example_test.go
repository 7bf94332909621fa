package whatsappprobe_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// connected returns two clients of a server for tests, connected; a host has its
// own.
func connected() (srv *whatsapptest.Server, mine, sender *whatsmeow.Client) {
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		panic(err)
	}
	mine, err1 := srv.Client(ours)
	sender, err2 := srv.Client(theirs)
	if err := errors.Join(err1, err2, mine.Connect(), sender.Connect()); err != nil {
		panic(err)
	}
	for _, number := range []string{ours, theirs} {
		if err := srv.AwaitOnline(context.Background(), number); err != nil {
			panic(err)
		}
	}
	return srv, mine, sender
}

// What a host writes to have its account watched and probed.
func Example() {
	srv, cli, sender := connected()
	defer srv.Close()

	accounts := whatsappprobe.Track(cli)
	_, err := monitor.New(monitor.Config{
		Store:  memstore.New(nil),
		Status: accounts.Status, // what a heartbeat says of the host
		Probes: []monitor.Probe{
			{Type: longrun.Outbound, Every: 6 * time.Hour, Prober: whatsappprobe.Outbound(cli, jid(theirs), &whatsappprobe.OutboundOptions{Receiver: sender})},
			{Type: longrun.Inbound, Every: 6 * time.Hour, Prober: whatsappprobe.Inbound(sender, cli, nil)},
			{Type: longrun.Queue, Every: 24 * time.Hour, Prober: whatsappprobe.Queue(cli, sender, nil)},
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleOutbound() {
	srv, cli, _ := connected()
	defer srv.Close()
	p := whatsappprobe.Outbound(cli, jid(theirs), nil)

	r, err := p.Probe(context.Background())
	fmt.Println(r.Status, r.Target, err)

	srv.RefuseMessages(463)
	r, err = p.Probe(context.Background())
	fmt.Println(r.Status, r.Class, err)
	// Output:
	// PASS 49********02 <nil>
	// FAIL ack_refused_463 <nil>
}

func ExampleInbound() {
	srv, cli, sender := connected()
	defer srv.Close()
	r, err := whatsappprobe.Inbound(sender, cli, nil).Probe(context.Background())
	fmt.Println(r.Status, r.Target, err)
	// Output: PASS 49********01 <nil>
}

// A host that says of each message that it has it, where it stores it. The client
// alone would have passed.
func ExampleHost() {
	srv, cli, sender := connected()
	defer srv.Close()
	host := &whatsappprobe.Host{}
	cli.AddEventHandler(func(event any) {
		if e, ok := event.(*events.Message); ok {
			// … e is stored …
			host.Seen(e.Message.GetConversation())
		}
	})
	p := whatsappprobe.Inbound(sender, cli, &whatsappprobe.InboundOptions{Host: host})
	r, err := p.Probe(context.Background())
	fmt.Println(r.Status, r.Stages[len(r.Stages)-1].Name, err)
	// Output: PASS host <nil>
}

func ExampleQueue() {
	srv, cli, sender := connected()
	defer srv.Close()
	r, err := whatsappprobe.Queue(cli, sender, &whatsappprobe.QueueOptions{Messages: 3}).Probe(context.Background())
	fmt.Println(r.Status, r.Class, err)
	// Output: PASS  <nil>
}

func ExampleTrack() {
	srv, cli, _ := connected()
	defer srv.Close()
	accounts := whatsappprobe.Track(cli)
	for _, a := range accounts.List() {
		fmt.Println(a.ID, a.State, a.Reconnects)
	}
	status, err := accounts.Status(context.Background())
	fmt.Println(status.Connected, status.Healthy, err)
	// Output:
	// 49********01 connected 0
	// 1 true <nil>
}

// Accounts under names of the host's, with its own queue and its own idea of
// health.
func ExampleNewAccounts() {
	srv, cli, _ := connected()
	defer srv.Close()
	accounts := whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{
		QueueDepth: func(context.Context) (int64, error) { return 3, nil },
		Healthy:    func(all []whatsappprobe.Account) bool { return all[0].State == whatsappprobe.Connected },
	})
	if err := accounts.Add("support", cli); err != nil {
		panic(err)
	}
	status, err := accounts.Status(context.Background())
	fmt.Println(status.Connected, status.QueueDepth, status.Healthy, err)
	// Output: 1 3 true <nil>
}

// A client whose log is listened to. The host keeps its own logger, behind the tap.
func ExampleTap() {
	srv, mine, _ := connected()
	defer srv.Close()
	srv.Disconnect(mine) // another client of the same device, as a host makes it
	cli := whatsmeow.NewClient(mine.Store, whatsappprobe.Tap(waLog.Noop))
	srv.Redirect(cli)
	accounts := whatsappprobe.Track(cli)
	err := errors.Join(cli.Connect(), srv.AwaitOnline(context.Background(), ours))
	_, sent := cli.SendMessage(context.Background(), jid(theirs), &waE2E.Message{Conversation: new("hello")})
	status, failed := accounts.Status(context.Background())
	fmt.Println(status.Accounts[0].Traffic.Sent, status.Accounts[0].Traffic.ToNobody, errors.Join(err, sent, failed))
	srv.Disconnect(cli)
	// Output: 1 0 <nil>
}

// Run beside the monitor, for as long as the program does.
func ExampleAccounts_Run() {
	srv, cli, _ := connected()
	defer srv.Close()
	accounts := whatsappprobe.Track(cli)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		accounts.Run(ctx)
	}()
	// … monitor.Run(ctx)
	cancel()
	<-ended
	fmt.Println(accounts.List()[0].State)
	// Output: connected
}

// A host passes over what a probe sent.
func ExampleIsProbe() {
	for _, text := range []string{"Hello!", "Line check 22:29:47 [lw·abcdefghijklmnop·1/1]"} {
		fmt.Println(whatsappprobe.IsProbe(text))
	}
	// Output:
	// false
	// true
}

func ExampleMask() {
	fmt.Println(whatsappprobe.Mask("+4917012345678"))
	// Output: 49*********78
}
