package whatsapptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// ErrClosed is returned by what waits on a Server that is closed.
var ErrClosed = errors.New("whatsapptest: the server is closed")

// Options adjust Start.
type Options struct {
	// Pipe serves over pipes in memory instead of TCP on the loopback, as a
	// testing/synctest bubble needs. Default: false.
	Pipe bool
	// StoreTimeout is how long a write of a client that the server made waits
	// for another one in its device store; see LockStore. Default: 10 s.
	StoreTimeout time.Duration
	// Log hears what clients do and what goes wrong with them. It never hears
	// numbers or contents of messages. Default: nothing is logged.
	Log *slog.Logger
	// ClientLog returns the logger of a client that the server makes, and is asked
	// once for each: a client takes its logger when it is made, and says in its log
	// what it tells nobody else, as whatsappprobe.Tap hears. number is the account's,
	// empty for a client that is not paired yet. It may return nil, for silence.
	// Default: none; all clients are silent.
	ClientLog func(number string) waLog.Logger
}

// Server is a WhatsApp server. Its methods are safe for concurrent use.
type Server struct {
	log       *slog.Logger
	authority *authority
	listener  net.Listener
	address   string // of the listener, on a network
	dial      func(context.Context) (net.Conn, error)

	storeTimeout time.Duration
	clientLog    func(number string) waLog.Logger // nil: none

	life context.Context // ends with the server
	end  context.CancelFunc
	wg   sync.WaitGroup // every goroutine and timer

	// mu guards all that follows, and all that hangs from it but the outboxes.
	// Nobody waits for a network while holding it.
	mu       sync.Mutex
	closing  bool // no client is made any more
	closed   bool
	changed  chan struct{} // closed at each change that Await may wait for
	wires    map[*wire]struct{}
	timers   map[*time.Timer]struct{}
	conns    map[*conn]struct{}
	clients  []*client
	leaving  map[string]int      // clients in Disconnect
	accounts map[string]*account // by number
	faults   map[place]*faults
	stats    map[place]*Stats
}

// NewServer starts a server on a free port of the loopback. It is closed when
// the test ends, and so are the clients that it made.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	return start(tb, nil)
}

// NewPipeServer starts a server that is reached through memory alone, for use
// inside a testing/synctest bubble. It is closed when the bubble's test ends,
// and then a minute of the bubble's time passes, in which whatsmeow's timers
// run out: a bubble must not end before its goroutines.
func NewPipeServer(tb testing.TB) *Server {
	tb.Helper()
	tb.Cleanup(func() { time.Sleep(time.Minute) })
	return start(tb, &Options{Pipe: true})
}

func start(tb testing.TB, opts *Options) *Server {
	tb.Helper()
	s, err := Start(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a server for a program that is no test, such as a demonstration;
// tests have NewServer. opts may be nil. Close ends it.
func Start(opts *Options) (*Server, error) {
	if opts == nil {
		opts = new(Options)
	}
	authority, err := sharedAuthority()
	if err != nil {
		return nil, err
	}
	s := &Server{
		log:       opts.Log,
		authority: authority,

		storeTimeout: cmp.Or(opts.StoreTimeout, storeTimeout),
		clientLog:    opts.ClientLog,

		changed:  make(chan struct{}),
		wires:    make(map[*wire]struct{}),
		timers:   make(map[*time.Timer]struct{}),
		conns:    make(map[*conn]struct{}),
		leaving:  make(map[string]int),
		accounts: make(map[string]*account),
		faults:   make(map[place]*faults),
		stats:    make(map[place]*Stats),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.listen(opts.Pipe); err != nil {
		s.end()
		return nil, err
	}
	s.wg.Go(s.accept)
	return s, nil
}

func (s *Server) listen(pipe bool) error {
	if pipe {
		p := newPipes()
		s.listener, s.dial = p, p.dial
		return nil
	}
	l, err := new(net.ListenConfig).Listen(s.life, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("whatsapptest: %w", err)
	}
	s.listener, s.address = l, l.Addr().String()
	s.dial = func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.address)
	}
	return nil
}

func (s *Server) accept() {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		w := &wire{Conn: raw}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = w.Close()
			return
		}
		s.wires[w] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serve(w)
			_ = w.Close()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.wires, w)
		})
	}
}

// Close disconnects the clients that the server made, and then ends it. It
// returns when none of the server's goroutines is left. Other clients see their
// connections end, and cannot make new ones. Closing twice is fine.
func (s *Server) Close() {
	s.endClients()
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		_ = s.listener.Close()
		for w := range s.wires {
			_ = w.Close()
		}
		for t := range s.timers {
			if t.Stop() {
				s.wg.Done()
			}
		}
		s.end()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// after calls f once d has passed, unless the server is closed before. The
// caller holds s.mu, and so does f.
func (s *Server) after(d time.Duration, f func()) {
	if d <= 0 {
		f()
		return
	}
	if s.closed {
		return
	}
	s.wg.Add(1)
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		defer s.wg.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.closed {
			delete(s.timers, t)
			f()
		}
	})
	s.timers[t] = struct{}{}
}
