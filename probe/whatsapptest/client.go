package whatsapptest

import (
	"context"
	"testing"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	waLog "go.mau.fi/whatsmeow/util/log"
)

// client is one that the server made and ends.
type client struct {
	*whatsmeow.Client
	store *deviceStore
	at    place // once it is paired
}

// NewClient returns a client that is paired as a device of number, ready for
// Connect. Called again with the same number, it returns a second device of that
// account. Its store is a temporary file. When the test ends, it is disconnected.
func (s *Server) NewClient(tb testing.TB, number string) *whatsmeow.Client {
	tb.Helper()
	return s.endWith(tb)(s.Client(number))
}

// NewUnpairedClient returns a client that is not paired: it asks for that, by
// GetQRChannel and Connect, and then Scan or, with PairPhone, TypeCode link it.
// For the rest, it is as one of NewClient.
func (s *Server) NewUnpairedClient(tb testing.TB) *whatsmeow.Client {
	tb.Helper()
	return s.endWith(tb)(s.UnpairedClient())
}

func (s *Server) endWith(tb testing.TB) func(*whatsmeow.Client, error) *whatsmeow.Client {
	return func(cli *whatsmeow.Client, err error) *whatsmeow.Client {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { s.Disconnect(cli) })
		return cli
	}
}

// Client is NewClient for a program that is no test. The server's Close ends
// the client.
func (s *Server) Client(number string) (*whatsmeow.Client, error) {
	return s.newClient(number, func(device *store.Device) error {
		return s.Seed(context.Background(), device, number)
	})
}

// UnpairedClient is NewUnpairedClient for a program that is no test. The
// server's Close ends the client.
func (s *Server) UnpairedClient() (*whatsmeow.Client, error) {
	return s.newClient("", func(*store.Device) error { return nil })
}

func (s *Server) newClient(number string, prepare func(*store.Device) error) (*whatsmeow.Client, error) {
	st, err := newDeviceStore(s.storeTimeout)
	if err != nil {
		return nil, err
	}
	device := st.NewDevice()
	if err := prepare(device); err != nil {
		st.close()
		return nil, err
	}
	c := &client{store: st}
	if device.ID != nil {
		c.at = placeOf(device.ID.User, device.ID.Device)
		s.slow(device, c.at)
	}
	var log waLog.Logger
	if s.clientLog != nil {
		log = s.clientLog(number)
	}
	cli := whatsmeow.NewClient(device, log)
	c.Client = cli
	cli.ManualHistorySyncDownload = true // nobody serves media
	s.Redirect(cli)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		st.close()
		return nil, ErrClosed
	}
	s.clients = append(s.clients, c)
	return cli, nil
}

// endClients disconnects the clients that the server made, and closes their
// stores.
func (s *Server) endClients() {
	s.mu.Lock()
	clients := s.clients
	s.clients, s.closing = nil, true
	s.mu.Unlock()
	for _, c := range clients {
		c.store.unlock()
		s.Disconnect(c.Client)
		c.store.close()
	}
}
