package alerttest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// token is the Telegram server's: of the right shape, and nobody's.
const token = "100200300:AAfakefakefakefakefakefakefakefake-_"

// TelegramMessage is what a bot asked the Telegram server to send.
type TelegramMessage struct {
	// ChatID is as the bot wrote it: a number or an @name.
	ChatID string
	// TopicID is message_thread_id; 0 where there was none.
	TopicID int
	Text    string
	// Entities are the formatted parts; offsets are in UTF-16 code units.
	Entities  []TelegramEntity
	ParseMode string
	// NoPreview says that no link is to be shown as a page.
	NoPreview bool
	// Silent says that no sound is to be made.
	Silent bool
}

// TelegramEntity is a formatted part of a text.
type TelegramEntity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// Telegram is a server of Telegram's Bot API on the loopback interface, as much
// of it as sends messages: sendMessage and getMe. What it is sent it judges as
// Telegram does (the token, the chat, a text of 1 to 4,096 UTF-16 code units,
// entities within the text), whether it comes as JSON, a form or multipart, and
// keeps it. Then makes it fail. It is safe for concurrent use.
type Telegram struct {
	listener net.Listener
	server   *http.Server
	closing  chan struct{}
	served   chan struct{} // closed when nothing is served any more

	mu       sync.Mutex
	chats    map[string]bool // empty: all of them
	answers  []Answer
	taken    int // of answers
	requests []TelegramMessage
	messages []TelegramMessage
}

// NewTelegram starts a server, whose user calls Close. It panics when it cannot
// listen, as httptest.NewServer does.
func NewTelegram() *Telegram {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("alerttest: listening: %v", err))
	}
	s := &Telegram{listener: listener, closing: make(chan struct{}), served: make(chan struct{})}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // ends with Close
	}()
	return s
}

// URL is where the server is, in place of https://api.telegram.org.
func (s *Telegram) URL() string { return "http://" + s.listener.Addr().String() }

// Token is the token of the one bot that the server knows.
func (s *Telegram) Token() string { return token }

// Close ends the server and every request, hung ones too. A second call does
// nothing.
func (s *Telegram) Close() {
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

// Serve makes the server know these chats, and no others. Without a call it
// knows all.
func (s *Telegram) Serve(chats ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats = map[string]bool{}
	for _, chat := range chats {
		s.chats[chat] = true
	}
}

// Then makes the requests from now on take answers, whatever was left of the
// earlier ones: one after the other, and then the last one for ever. Without
// answers, each is OK.
func (s *Telegram) Then(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers, s.taken = slices.Clone(answers), 0
}

// Messages returns the messages that were sent, in their order.
func (s *Telegram) Messages() []TelegramMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Requests returns what sendMessage was asked for, refused or not, in order.
func (s *Telegram) Requests() []TelegramMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Reset forgets all messages and requests. Chats and answers stay.
func (s *Telegram) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.messages = nil, nil
}

// ServeHTTP implements http.Handler.
func (s *Telegram) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(parts) != 2 || !strings.HasPrefix(parts[0], "bot") || !strings.Contains(parts[0], ":") {
		refuse(w, http.StatusNotFound, "Not Found", nil)
		return
	}
	if parts[0] != "bot"+token {
		refuse(w, http.StatusUnauthorized, "Unauthorized", nil)
		return
	}
	switch strings.ToLower(parts[1]) {
	case "getme":
		accept(w, map[string]any{"id": 100200300, "is_bot": true, "first_name": "alerttest", "username": "alerttest_bot"})
	case "sendmessage":
		m, err := readTelegramMessage(w, r)
		if err != nil {
			refuse(w, http.StatusBadRequest, "Bad Request: "+err.Error(), nil)
			return
		}
		s.next(m)(s, w, r, m)
	default:
		refuse(w, http.StatusNotFound, "Not Found", nil)
	}
}

func (s *Telegram) next(m TelegramMessage) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, m)
	if len(s.answers) == 0 {
		return OKAnswer()
	}
	s.taken = min(s.taken+1, len(s.answers))
	return s.answers[s.taken-1]
}

// judge says what Telegram has against a message, in its words, and sends it
// otherwise.
func (s *Telegram) judge(m TelegramMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chats != nil && !s.chats[m.ChatID] {
		return errChat
	}
	if err := m.judge(); err != nil {
		return err
	}
	s.messages = append(s.messages, m)
	return nil
}

// wait waits until the client is gone or the server closes.
func (s *Telegram) wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.closing:
	}
}
