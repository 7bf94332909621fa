package whatsapptest

import (
	"strconv"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// Ban bans these accounts, or everybody, for d: their connections end, and each
// login is answered with the code and the time that is left. It ends by itself
// when d has passed, or with Heal. With a d of 0, no time is named, and Heal alone
// ends it. The client sees Disconnected, and TemporaryBan with Code and Expire; it
// does not come back by itself, not even when the ban is over, and its Connect
// works then.
//
// WhatsApp bans for 101, sent to too many people; 102, blocked by users; 103,
// created too many groups; 104, sent the same to too many people; 106, a
// broadcast list.
func (s *Server) Ban(code events.TempBanReason, d time.Duration, numbers ...string) {
	b := &ban{code: code}
	if d > 0 {
		b.until = time.Now().Add(d)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(numbers, func(f *faults) { f.ban = b })
	s.reset(numbers)
}

// ban is why an account may not log in, and until when; the zero time is open.
type ban struct {
	code  events.TempBanReason
	until time.Time
}

func (b *ban) over() bool {
	return b == nil || !b.until.IsZero() && !time.Now().Before(b.until)
}

// describe adds to a login's failure what the client is told of a ban.
func (b *ban) describe(failure attrs) {
	failure["code"] = strconv.Itoa(int(b.code))
	if !b.until.IsZero() {
		left := time.Until(b.until) + time.Second - 1 // never 0: that is for ever
		failure["expire"] = strconv.Itoa(int(left / time.Second))
	}
}
