package whatsapptest_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// stage is two clients that are connected, and what they see from then on.
type stage struct {
	*whatsapptest.Server
	alice, bob *actor
}

type actor struct {
	*whatsmeow.Client
	events chan any
}

// play sets a stage. Without options, as most tests have it.
func play(opts *whatsapptest.Options) *stage {
	srv, err := whatsapptest.Start(opts)
	if err != nil {
		panic(err)
	}
	enter := func(number string) *actor {
		cli, err := srv.Client(number)
		if err != nil {
			panic(err)
		}
		a := &actor{cli, make(chan any, 1000)}
		cli.AddEventHandler(func(event any) { a.events <- event })
		if err := cli.Connect(); err != nil {
			panic(err)
		}
		sees[*events.Connected](a)
		return a
	}
	return &stage{srv, enter(alice), enter(bob)}
}

// says sends a text.
func (a *actor) says(number, words string) error {
	to := types.NewJID(number, types.DefaultUserServer)
	_, err := a.SendMessage(context.Background(), to, &waE2E.Message{Conversation: &words})
	return err
}

// sees waits for an event.
func sees[T any](a *actor) T {
	for event := range a.events {
		if e, ok := event.(T); ok {
			return e
		}
	}
	panic("the events ended")
}

// awaits blocks until something is true of what the server has seen.
func (s *stage) awaits(reached func(whatsapptest.Stats) bool, numbers ...string) {
	if err := s.Await(context.Background(), reached, numbers...); err != nil {
		panic(err)
	}
}

// A message that only the computer gets looks as if it had arrived: there is a
// receipt. Only its device tells that it is not the phone's.
func ExampleServer_CompanionOnly() {
	s := play(nil)
	defer s.Close()
	s.CompanionOnly(bob) // as LoseMessages(bob + ":0")
	fmt.Println(s.alice.says(bob, "hello"))
	for {
		if r := sees[*events.Receipt](s.alice); !r.IsFromMe {
			fmt.Printf("%q of device %d\n", r.Type, r.Sender.Device)
			break
		}
	}
	fmt.Println("the phone has", s.Stats(bob).Answered)
	// Output:
	// <nil>
	// "inactive" of device 1
	// the phone has 0
}

// A phone that is off gets its messages later.
func ExampleServer_PhoneOff() {
	s := play(nil)
	defer s.Close()
	s.PhoneOff(bob)
	fmt.Println(s.alice.says(bob, "hello"), s.Stats(bob).Answered)
	s.Heal(bob)
	fmt.Println("on again:", s.Stats(bob).Answered)
	// Output:
	// <nil> 0
	// on again: 1
}

// A zombie is connected and hears nothing. A new connection hears all of it.
func ExampleServer_HoldMessages() {
	s := play(nil)
	defer s.Close()
	s.HoldMessages(bob)
	_ = s.alice.says(bob, "one")
	_ = s.alice.says(bob, "two")
	fmt.Println("connected:", s.bob.IsConnected(), "waiting:", s.Stats(bob).Pending)
	s.bob.ResetConnection()
	fmt.Println(sees[*events.Message](s.bob).Message.GetConversation())
	fmt.Println(sees[*events.Message](s.bob).Message.GetConversation())
	// Output:
	// connected: true waiting: 2
	// one
	// two
}

// A restricted account may write to those who wrote to it, and to nobody else.
func ExampleServer_Restrict() {
	s := play(nil)
	defer s.Close()
	s.Restrict(time.Now().Add(time.Hour), "RESTRICT_ALL_COMPANIONS", alice)
	told := sees[*events.NotifyAccountReachoutTimelock](s.alice)
	fmt.Println(told.EnforcementType, told.IsActive)
	fmt.Println(s.alice.says(bob, "a stranger"))
	_ = s.bob.says(alice, "hello")
	fmt.Println(s.alice.says(bob, "an answer"))
	s.Lift(alice)
	fmt.Println("still:", sees[*events.NotifyAccountReachoutTimelock](s.alice).IsActive)
	// Output:
	// RESTRICT_ALL_COMPANIONS true
	// server returned error 463
	// <nil>
	// still: false
}

// A ban ends the connection, and says for how long.
func ExampleServer_Ban() {
	s := play(nil)
	defer s.Close()
	s.Ban(events.TempBanSentTooManySameMessage, 2*time.Hour, alice)
	banned := sees[*events.TemporaryBan](s.alice)
	fmt.Println(int(banned.Code), banned.Expire)
	// Output: 104 2h0m0s
}

// What was announced and did not come is lost.
func ExampleServer_LoseOffline() {
	s := play(nil)
	defer s.Close()
	s.Disconnect(s.bob.Client)
	for range 3 {
		_ = s.alice.says(bob, "while you were away")
	}
	s.LoseOffline(2, bob)
	_ = s.bob.Connect()
	fmt.Println("announced:", sees[*events.OfflineSyncPreview](s.bob).Messages)
	sees[*events.Message](s.bob)
	fmt.Println("ended at:", sees[*events.OfflineSyncCompleted](s.bob).Count)
	s.awaits(func(st whatsapptest.Stats) bool { return st.Pending == 0 }, bob)
	fmt.Println("came:", s.Stats(bob).Delivered)
	// Output:
	// announced: 3
	// ended at: 3
	// came: 1
}

// Some messages are for the phone alone, and no error.
func ExampleServer_MakeUnavailable() {
	s := play(nil)
	defer s.Close()
	s.MakeUnavailable("view_once", bob)
	_ = s.alice.says(bob, "look once")
	m := sees[*events.UndecryptableMessage](s.bob)
	fmt.Println(m.IsUnavailable, m.UnavailableType)
	// Output: true view_once
}

// Clients ask again for what they cannot read. (There is no output: libsignal
// prints lines of its own.)
func ExampleServer_CorruptMessages() {
	s := play(nil)
	defer s.Close()
	s.CorruptMessages(1, bob) // or RuinMessages: then no Message comes
	_ = s.alice.says(bob, "hello")
	fmt.Println(sees[*events.UndecryptableMessage](s.bob).DecryptFailMode)
	fmt.Println(sees[*events.Message](s.bob).RetryCount) // 1
}

// A client that is low on prekeys makes more, unless the server takes none.
func ExampleServer_RunOutOfPrekeys() {
	s := play(nil)
	defer s.Close()
	s.RefusePrekeys(503, alice)
	s.RunOutOfPrekeys(3, alice)
	fmt.Println(s.Stats(alice).Prekeys)
	s.Heal(alice)
	s.RunOutOfPrekeys(3, alice)
	s.awaits(func(st whatsapptest.Stats) bool { return st.Prekeys > 3 }, alice)
	fmt.Println(s.Stats(alice).Prekeys)
	// Output:
	// 3
	// 53
}

// With its store locked, a client encrypts for nobody and says that it sent.
func ExampleServer_LockStore() {
	s := play(&whatsapptest.Options{StoreTimeout: 10 * time.Millisecond})
	defer s.Close()
	_ = s.alice.says(bob, "hello")
	sees[*events.Message](s.bob)
	if err := s.LockStore(alice); err != nil {
		panic(err)
	}
	before := s.Stats(bob).Answered
	fmt.Println(s.alice.says(bob, "hello?"), s.Stats(bob).Answered-before)
	// Output: <nil> 0
}

// A stanza of one's own, as the server of next year may send it.
func ExampleServer_Send() {
	s := play(nil)
	defer s.Close()
	err := s.Send(alice, waBinary.Node{
		Tag: "ib", Content: []waBinary.Node{{Tag: "downgrade_webclient"}},
	})
	sees[*events.QRScannedWithoutMultidevice](s.alice)
	fmt.Println(err, s.Send("491709999999", waBinary.Node{Tag: "ib"}))
	// Output: <nil> whatsapptest: the number is not connected
}

// What a client in another language has to know, here one of Baileys.
func ExampleServer_URL() {
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	key := srv.RootKey()
	_ = fmt.Sprintf(`
		WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from('%s', 'hex')
		const sock = makeWASocket({ waWebSocketUrl: '%s', auth })
		sock.ev.on('connection.update', ({ qr }) => …) // its text is for Scan
	`, hex.EncodeToString(key[:]), srv.URL())
	// Output:
}
