package whatsapptest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// Two clients exchange a message. In a test, NewServer(t) and NewClient(t, …)
// need neither the errors nor Close.
func Example() {
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	alice, err := srv.Client("491700000001")
	if err != nil {
		panic(err)
	}
	bob, err := srv.Client("491700000002")
	if err != nil {
		panic(err)
	}
	heard, known := make(chan string, 1), make(chan types.ReceiptType, 1)
	bob.AddEventHandler(func(event any) {
		if m, ok := event.(*events.Message); ok {
			heard <- m.Message.GetConversation()
		}
	})
	alice.AddEventHandler(func(event any) {
		if r, ok := event.(*events.Receipt); ok && r.Sender.Device == 1 { // bob's phone, device 0, answers too
			known <- r.Type
		}
	})

	for _, client := range []*whatsmeow.Client{alice, bob} {
		if err := client.Connect(); err != nil {
			panic(err)
		}
	}
	if err := srv.AwaitOnline(context.Background(), "491700000001"); err != nil {
		panic(err)
	}
	to := types.NewJID("491700000002", types.DefaultUserServer)
	_, err = alice.SendMessage(context.Background(), to, &waE2E.Message{Conversation: new("hello")})
	fmt.Println("the server took it:", err)
	fmt.Println("bob read:", <-heard)
	fmt.Println("alice knows by a receipt of type:", <-known)
	// Output:
	// the server took it: <nil>
	// bob read: hello
	// alice knows by a receipt of type: inactive
}

// A new client shows a QR code, and the server scans it with the phone of a
// number that it makes up.
func ExampleServer_Scan() {
	ctx := context.Background()
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	client, err := srv.UnpairedClient()
	if err != nil {
		panic(err)
	}
	codes, err := client.GetQRChannel(ctx)
	if err != nil {
		panic(err)
	}
	if err := client.Connect(); err != nil {
		panic(err)
	}
	first := <-codes
	fmt.Println(first.Event, srv.Scan(ctx, first.Code, "491700000003"))
	fmt.Println((<-codes).Event, srv.AwaitOnline(ctx, "491700000003"))
	fmt.Println(client.Store.ID)
	// Output:
	// code <nil>
	// success <nil>
	// 491700000003:1@s.whatsapp.net
}

// The server loses what is sent to bob, as if between acceptance and delivery.
// To alice it looks as if all went well: only the receipt does not come.
func ExampleServer_LoseMessages() {
	ctx := context.Background()
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	alice, err := srv.Client("491700000001")
	if err != nil {
		panic(err)
	}
	if _, err = srv.Client("491700000002"); err != nil {
		panic(err)
	}
	if err := errors.Join(alice.Connect(), srv.AwaitOnline(ctx, "491700000001")); err != nil {
		panic(err)
	}

	bob := types.NewJID("491700000002", types.DefaultUserServer)
	srv.LoseMessages("491700000002")
	_, err = alice.SendMessage(ctx, bob, &waE2E.Message{Conversation: new("hello?")})
	fmt.Println(err, srv.Stats("491700000002").Pending)

	srv.Heal()
	_, err = alice.SendMessage(ctx, bob, &waE2E.Message{Conversation: new("hello!")})
	fmt.Println(err, srv.Stats("491700000002").Pending)
	// Output:
	// <nil> 0
	// <nil> 1
}

// In a bubble, the three minutes in which a client finds out that its
// connection is dead pass at once.
func ExampleNewPipeServer() {
	var t *testing.T // of your test
	synctest.Test(t, func(t *testing.T) {
		srv := whatsapptest.NewPipeServer(t)
		client := srv.NewClient(t, "491700000001")
		if err := client.Connect(); err != nil {
			t.Fatal(err)
		}
		if err := srv.AwaitOnline(t.Context(), "491700000001"); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		srv.Freeze("491700000001")
		if err := srv.AwaitOnline(t.Context(), "491700000001"); err != nil {
			t.Fatal(err)
		}
		t.Log("back after", time.Since(begin)) // about 3m10s
	})
}

// Clients of other programs and languages reach it over the network.
func ExampleNewServer() {
	var t *testing.T // of your test
	_ = func() {
		srv := whatsapptest.NewServer(t)
		client := srv.NewClient(t, "491700000001")
		if err := client.Connect(); err != nil {
			t.Fatal(err)
		}
		if err := srv.AwaitOnline(t.Context(), "491700000001"); err != nil {
			t.Fatal(err)
		}
	}
	// Output:
}
