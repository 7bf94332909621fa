package alerttest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Received is a request that a Service got.
type Received struct {
	Method string
	// Path is the path and the query, escaped as they came.
	Path   string
	Header http.Header
	Body   string
}

// Reply is what a Service does with one request. The zero Reply is no status: use
// one of the functions that make them.
type Reply struct {
	// Status, Header and Body are what is answered.
	Status int
	Header map[string]string
	Body   string
	// Takes tells that the message is with people, whatever is answered.
	Takes bool
	// Hang answers nothing until the client is gone; with a Status it answers that,
	// half of the Body, and nothing more.
	Hang bool
	// Reset breaks the connection instead of an answer.
	Reset bool
}

// Service is a server on the loopback interface in place of one that channels
// speak HTTP with. It knows nothing of what it is sent: it keeps it, and answers
// as it is told. It is safe for concurrent use.
type Service struct {
	listener net.Listener
	server   *http.Server
	closing  chan struct{}
	served   chan struct{} // closed when nothing is served any more

	mu       sync.Mutex
	yes      Reply
	replies  []Reply
	answered int // of replies
	received []Received
	taken    []Received
}

// NewService starts a Service, whose user calls Close. yes is how its kind of
// service says that it took a message, and what it answers until Then. It panics
// when it cannot listen, as httptest.NewServer does.
func NewService(yes Reply) *Service {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("alerttest: listening: %v", err))
	}
	yes.Takes = true
	s := &Service{listener: listener, closing: make(chan struct{}), served: make(chan struct{}), yes: yes}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // ends with Close
	}()
	return s
}

// URL is where the service is.
func (s *Service) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends the service and every request, hung ones too. A second call does
// nothing.
func (s *Service) Close() {
	s.mu.Lock()
	select {
	case <-s.closing:
	default:
		close(s.closing)
	}
	s.mu.Unlock()
	_ = s.server.Close()
	<-s.served
}

// Then makes the requests from now on take replies, one after the other and then
// the last one for ever. Without replies each is taken.
func (s *Service) Then(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies, s.answered = slices.Clone(replies), 0
}

// Received returns every request, in their order.
func (s *Service) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Taken returns the requests whose messages are with people, in their order.
func (s *Service) Taken() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

// Yes is how the service says that it took a message.
func (s *Service) Yes() Reply { return s.yes }

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	reply := s.next(Received{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
	switch {
	case reply.Reset:
		reset(w)
	case reply.Hang:
		s.hang(r.Context(), w, reply)
	default:
		reply.write(w, reply.Body)
	}
}

func (s *Service) next(r Received) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := s.yes
	if len(s.replies) > 0 {
		s.answered = min(s.answered+1, len(s.replies))
		reply = s.replies[s.answered-1]
	}
	s.received = append(s.received, r)
	if reply.Takes {
		s.taken = append(s.taken, r)
	}
	return reply
}

func (r Reply) write(w http.ResponseWriter, body string) {
	for name, value := range r.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.Status)
	_, _ = io.WriteString(w, body)
}

// hang says half of what there is to say, or nothing.
func (s *Service) hang(ctx context.Context, w http.ResponseWriter, reply Reply) {
	if reply.Status != 0 {
		reply.write(w, reply.Body[:len(reply.Body)/2])
		_ = http.NewResponseController(w).Flush()
	}
	select {
	case <-ctx.Done():
	case <-s.closing:
	}
	panic(http.ErrAbortHandler)
}

// reset breaks a connection, and not in an orderly way.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// with is a Reply with headers more.
func (r Reply) with(header map[string]string) Reply {
	all := maps.Clone(r.Header)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, header)
	r.Header = all
	return r
}
