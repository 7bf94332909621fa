package owning_test

import (
	"context"
	"fmt"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// The account is connected while this instance leads, and not before or after.
func Example() {
	srv, err := whatsapptest.Start(nil) // a host has WhatsApp
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	cli, err := srv.Client(ours)
	if err != nil {
		panic(err)
	}
	cli.EnableDecryptedEventBuffer = true

	accounts := whatsappprobe.Track(cli) // first, so that it hears everything in order
	owner := owning.New(nil)
	if err := owner.Add("support", cli); err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	m, err := monitor.New(monitor.Config{
		Store:   memstore.New(nil),
		Status:  accounts.Status,
		Leading: owner.Lead,
		AfterBeat: func(ctx context.Context, _ longrun.Heartbeat) {
			fmt.Println("online:", srv.AwaitOnline(ctx, ours))
			stop()
		},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("stopped:", m.Run(ctx))
	fmt.Println("offline:", srv.AwaitOffline(context.Background(), ours))
	// Output:
	// online: <nil>
	// stopped: <nil>
	// offline: <nil>
}
