package tracker

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/silence"
)

// Memory is what is known of an account that a restart must not forget.
type Memory struct {
	PhoneSeen  time.Time   `json:"phoneSeen"`
	Restricted Restriction `json:"restricted,omitzero"`
	Refused    time.Time   `json:"refused,omitzero"`
	Banned     Restriction `json:"banned,omitzero"`
	// Silence is what was learnt of the hours of the week, by Learnt.
	Silence *silence.Snapshot `json:"silence,omitempty"`
	Learnt  time.Time         `json:"learnt,omitzero"`
}

// Restriction is a longrun.Restriction as it is kept.
type Restriction struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// Remember returns what is to be kept.
func (f *Follower) Remember(now time.Time) Memory {
	m := Memory{PhoneSeen: f.Account.PhoneSeen, Restricted: Restriction(f.Account.Restricted), Refused: f.muted, Banned: Restriction(f.Account.Banned)}
	if f.watch != nil {
		m.Silence, m.Learnt = new(f.watch.Snapshot()), now
	}
	return m
}

// Heard is m without what was learnt of the hours of the week.
func (m Memory) Heard() Memory {
	m.Silence, m.Learnt = nil, time.Time{}
	return m
}

// Amended is what another process kept, with what was heard here since kept was: of that
// the other one may not know.
func (m Memory) Amended(here, kept Memory) Memory {
	if here.PhoneSeen.After(m.PhoneSeen) && !here.PhoneSeen.Equal(kept.PhoneSeen) {
		m.PhoneSeen = here.PhoneSeen
	}
	if here.Restricted != kept.Restricted || !here.Refused.Equal(kept.Refused) {
		m.Restricted, m.Refused = here.Restricted, here.Refused
	}
	if here.Banned != kept.Banned {
		m.Banned = here.Banned
	}
	return m
}

// Recall takes what was kept, before the client says anything. Times that lie ahead of
// now are not believed.
func (f *Follower) Recall(m Memory, now time.Time) {
	if !m.PhoneSeen.IsZero() && !m.PhoneSeen.After(now) {
		f.Account.PhoneSeen = m.PhoneSeen
	}
	if !m.Restricted.From.After(now) {
		f.Account.Restricted = bounded(m.Restricted)
	}
	if !m.Refused.After(now) {
		f.muted = m.Refused
	}
	if m.Silence != nil && f.watch != nil && !m.Learnt.After(now) {
		f.watch.Restore(*m.Silence, now)
	}
	if !m.Banned.From.After(now) && f.Account.State != Connected {
		f.Account.Banned = bounded(m.Banned)
	}
}

func bounded(r Restriction) longrun.Restriction {
	r.Reason = short(r.Reason)
	return longrun.Restriction(r)
}
