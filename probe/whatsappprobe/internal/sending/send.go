package sending

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe"
)

// ackTimeout is whatsmeow's own limit for an ack, which the probe's context cuts
// short. It only bounds how long a send outlives a probe that gave up on it.
const ackTimeout = time.Minute

// LastWord is how long a client may take, once it is called off, to say how
// far it came. Waiting for the send lock it says nothing, nor for a connection to
// Send again on: neither wait honours a context.
const LastWord = 250 * time.Millisecond

// Message is one message on its way to the server.
type Message struct {
	link   *Link
	done   chan sent // takes one
	cancel context.CancelFunc
}

// sent is what the client said of it.
type sent struct {
	response whatsmeow.SendResponse
	err      error
	end      time.Time
}

// Send begins to send a text under a message ID, in a goroutine that ends with
// the client's answer, and is part of the turn until then. It does not end with
// ctx but in Wait, which is called once: a client that is told of the end at the
// moment of the ack may take either first. Who does not wait calls CallOff.
func Send(ctx context.Context, l *Link, t *Turn, to types.JID, id types.MessageID, text string) *Message {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Message{link: l, done: make(chan sent, 1), cancel: cancel}
	t.Join()
	spawn.Start("whatsappprobe: send", func() error {
		defer t.Leave()
		var a sent
		a.err = spawn.Guard("whatsappprobe: send", func() (err error) {
			a.response, err = l.Client.SendMessage(ctx, to, &waE2E.Message{Conversation: new(text)},
				whatsmeow.SendRequestExtra{ID: id, Timeout: ackTimeout})
			return err
		})
		a.end = l.clock.Now()
		s.done <- a
		return nil
	})
	return s
}

// Ack is how a send ended: at the server's ack, or with a class and a line
// that say why there was none.
type Ack struct {
	At            time.Time
	Stages        []probe.Stage
	Class, Detail string
}

// OK reports whether the server took the message.
func (a Ack) OK() bool { return a.Class == "" }

// Failed returns the failure of a send that began at start.
func (a Ack) Failed(start time.Time) probe.Result {
	return probe.Result{Status: probe.Fail, Latency: a.At.Sub(start), Stages: a.Stages, Class: a.Class, Detail: a.Detail}
}

// CallOff ends the send where it is, for one whose end is of no interest.
func (s *Message) CallOff() { s.cancel() }

// Wait returns how the send ended. An ack that came by the end of the span counts,
// and one that came later is none. Whatever is left of the send is called off.
func (s *Message) Wait(span *Span) Ack {
	defer s.cancel()
	select {
	case a := <-s.done:
		return a.ack()
	case <-span.Over():
	}
	span.Settle()
	select {
	case a := <-s.done:
		return a.by(span.End())
	default:
	}
	s.cancel()
	late := make(chan struct{})
	timer := s.link.clock.AfterFunc(LastWord, func() { close(late) })
	defer timer.Stop()
	select {
	case a := <-s.done:
		return a.by(span.End())
	case <-late:
		why := s.link.Blocked(span.End())
		return Ack{At: span.End(), Class: why.Class, Detail: why.Detail}
	}
}

// ack says what the client's answer means.
func (a sent) ack() Ack {
	class, detail := classify(a.response, a.err)
	return Ack{At: a.end, Stages: stagesOf(a.response.DebugTimings), Class: class, Detail: detail}
}

// by is ack for an answer that must have come by a time.
func (a sent) by(end time.Time) Ack {
	ack := a.ack()
	if a.end.After(end) {
		ack.At = end
		if ack.OK() {
			ack.Class, ack.Detail = "no_ack", "the server did not answer in time"
		}
	}
	return ack
}

// stagesOf are the parts of a send as the client measured them.
func stagesOf(t whatsmeow.MessageDebugTimings) []probe.Stage {
	return []probe.Stage{
		{Name: "queue", Took: t.Queue},
		{Name: "devices", Took: t.LIDFetch + t.GetDevices},
		{Name: "encrypt", Took: t.Marshal + t.PeerEncrypt},
		{Name: "ack", Took: t.Send + t.Resp + t.Retry},
	}
}

// classify says why a send failed; an empty class when it did not. It shows no
// text of the client's, which holds telephone numbers.
func classify(response whatsmeow.SendResponse, err error) (class, detail string) {
	var broke *whatsmeow.DisconnectedError
	switch {
	case err == nil:
		return "", ""
	case errors.Is(err, whatsmeow.ErrNotConnected):
		return "not_connected", "the account is not connected"
	case errors.As(err, &broke):
		return "not_connected", "the connection broke before the server answered"
	case errors.Is(err, whatsmeow.ErrNotLoggedIn), errors.Is(err, store.ErrDeviceDeleted):
		return "logged_out", "the account must be linked anew"
	case errors.Is(err, whatsmeow.ErrServerReturnedError):
		code := serverCode(err)
		return "ack_refused_" + code, "the server refused the message with error " + code
	case errors.Is(err, whatsmeow.ErrMessageTimedOut):
		return "no_ack", "the server did not answer"
	case errors.Is(err, whatsmeow.ErrIQTimedOut):
		return "not_sent", "the server did not name the receiver's devices"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// Unwrapped is how the wait for the ack ends; whatever came before it
		// says what it was about.
		if errors.Unwrap(err) == nil {
			return "no_ack", "the server did not answer"
		}
		return "not_sent", "the server did not name the receiver's devices or keys in time"
	case errors.Unwrap(err) == nil && response.Chat.IsEmpty():
		return "number_unknown", "the server knows no such number"
	}
	return "send_failed", "the client could not send"
}

// serverCode is the number at the end of "server returned error 463", which the
// client keeps nowhere else.
func serverCode(err error) string {
	fields := strings.Fields(err.Error())
	if len(fields) > 0 {
		if code, err := strconv.Atoi(fields[len(fields)-1]); err == nil {
			return strconv.Itoa(code)
		}
	}
	return "unknown"
}
