package whatsappprobe_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func ringNumber(i int) string { return fmt.Sprintf("4917000001%02d", i) }

// inRing runs a test with a ring of n accounts in a bubble.
func inRing(t *testing.T, n int, test func(t *testing.T, s *whatsapptest.Server, clients []*whatsmeow.Client, ask func(i int) (string, error))) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := whatsapptest.NewPipeServer(t)
		clients := make([]*whatsmeow.Client, n)
		ring := make([]whatsappprobe.Client, n)
		for i := range n {
			clients[i] = srv.NewClient(t, ringNumber(i))
			ring[i] = clients[i]
		}
		probers := whatsappprobe.Ring(ring, nil)
		require.Len(t, probers, n)
		for _, c := range clients {
			require.NoError(t, c.Connect())
		}
		time.Sleep(time.Minute)
		test(t, srv, clients, func(i int) (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			began := time.Now()
			r, err := probers[i].Probe(ctx)
			require.Less(t, time.Since(began), deadline)
			time.Sleep(2 * time.Minute) // no more than may be sent
			if err != nil {
				return probe.ClassOf(err), err
			}
			require.Contains(t, []string{whatsappprobe.Mask(ringNumber(i)), whatsappprobe.Mask(ringNumber((i + 2) % n))}, r.Target, "the account, or whom it sends to")
			return r.Class, nil
		})
	})
}

// While all is well each account costs one message, whose receipt tests both ends.
func TestARingNeedsOneMessageForEachAccount(t *testing.T) {
	inRing(t, 4, func(t *testing.T, s *whatsapptest.Server, _ []*whatsmeow.Client, ask func(int) (string, error)) {
		for i := range 4 {
			class, err := ask(i)
			require.NoError(t, err)
			require.Empty(t, class)
		}
		for i := range 4 {
			require.Equal(t, 1, s.Stats(ringNumber(i)).Sent, "each sends one")
		}
	})
}

// A zombie, connected and deaf, is its own FAIL, and nobody else's.
func TestARingTellsADeafAccount(t *testing.T) {
	inRing(t, 4, func(t *testing.T, s *whatsapptest.Server, _ []*whatsmeow.Client, ask func(int) (string, error)) {
		s.HoldMessages(ringNumber(2))
		for range 2 {
			for i := range 4 {
				class, err := ask(i)
				require.NoError(t, err)
				require.Equal(t, map[bool]string{true: "acked_not_delivered"}[i == 2], class, "account %d", i)
			}
		}
		s.Heal()
		for i := range 4 {
			class, err := ask(i)
			require.NoError(t, err)
			require.Empty(t, class)
		}
	})
}

// An account whose messages the server takes and loses is told by its own probe; the
// one that does not get them is not to blame.
func TestARingTellsAnAccountWhoseMessagesAreLost(t *testing.T) {
	inRing(t, 5, func(t *testing.T, s *whatsapptest.Server, _ []*whatsmeow.Client, ask func(int) (string, error)) {
		loses := func(i int) (string, error) { // what account 1 sends to the two behind it
			s.Heal()
			switch i {
			case 1:
				s.LoseMessages(ringNumber(3))
			case 2:
				s.LoseMessages(ringNumber(2), ringNumber(3))
			}
			return ask(i)
		}
		class, err := loses(1)
		require.NoError(t, err)
		require.Empty(t, class, "what it gets is well, and nobody has complained")
		class, err = loses(2)
		require.Error(t, err)
		require.Equal(t, "sender_acked_not_delivered", class)
		for i := range 5 {
			class, err = loses(i)
			switch i {
			case 1:
				require.NoError(t, err)
				require.Equal(t, "acked_not_delivered", class)
			case 2:
				require.Equal(t, "sender_acked_not_delivered", class)
			default:
				require.NoError(t, err, "account %d", i)
				require.Empty(t, class)
			}
		}
		s.Heal()
		for i := range 5 {
			class, err := ask(i)
			require.NoError(t, err)
			require.Empty(t, class, "account %d", i)
		}
	})
}

// An account that is not connected cannot send, which is no fault of the next one.
func TestARingWithoutOneOfItsAccounts(t *testing.T) {
	inRing(t, 4, func(t *testing.T, _ *whatsapptest.Server, clients []*whatsmeow.Client, ask func(int) (string, error)) {
		clients[1].Disconnect()
		class, err := ask(2)
		require.Error(t, err)
		require.Equal(t, "sender_not_connected", class)
		class, _ = ask(1)
		require.Equal(t, "acked_not_delivered", class, "and gets nothing")
		class, err = ask(3)
		require.NoError(t, err)
		require.Empty(t, class)
	})
}

func TestSmallRings(t *testing.T) {
	t.Parallel()
	require.Empty(t, whatsappprobe.Ring(nil, nil))
	for _, clients := range [][]whatsappprobe.Client{{nil}, {nil, nil, nil}} {
		for _, p := range whatsappprobe.Ring(clients, nil) {
			_, err := p.Probe(t.Context())
			require.ErrorIs(t, err, probe.ErrNotConfigured)
		}
	}
}

// Of two, the one that did not get the message has failed.
func TestARingOfTwo(t *testing.T) {
	inRing(t, 2, func(t *testing.T, s *whatsapptest.Server, _ []*whatsmeow.Client, ask func(int) (string, error)) {
		s.HoldMessages(ringNumber(1))
		class, _ := ask(1)
		require.Equal(t, "acked_not_delivered", class)
		class, err := ask(0)
		require.NoError(t, err)
		require.Empty(t, class)
	})
}

// A host with many accounts has them probe each other: no account is needed beside
// them, and none sends more than one message each time.
func ExampleRing() {
	srv, err := whatsapptest.Start(nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	names := []string{"ops-1", "ops-2", "ops-3"} // as Status calls the accounts
	clients := make([]whatsappprobe.Client, len(names))
	for i := range names {
		cli, err := srv.Client(ringNumber(i)) // the host has its own
		if err = errors.Join(err, cli.Connect(), srv.AwaitOnline(context.Background(), ringNumber(i))); err != nil {
			panic(err)
		}
		clients[i] = cli
	}
	config := monitor.Config{Store: memstore.New(nil)}
	for i, p := range whatsappprobe.Ring(clients, nil) {
		config.Probes = append(config.Probes, monitor.Probe{Type: longrun.Inbound, Name: names[i], Prober: p})
	}
	_, err = monitor.New(config)
	fmt.Println(err)
	r, err := config.Probes[1].Prober.Probe(context.Background())
	fmt.Println(r.Status == probe.Pass, r.Target, err)
	// Output:
	// <nil>
	// true 49********01 <nil>
}
