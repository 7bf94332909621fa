package tracker

import (
	"time"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tap"
)

// Hear takes a fact of the client's log, and reports whether the state changed.
func (f *Follower) Hear(fact tap.Fact, now time.Time) (changed bool) {
	before := f.Account.State
	switch fact.Kind {
	case tap.Alive:
		f.alive(true, now)
	case tap.Unlinked:
		f.gone(now)
		f.set(NeedsQR, "unlinked_by_host", now)
	case tap.LoggedIn:
		f.Account.Tapped = true
	case tap.Restricted:
		f.restrict("", fact.Until, now)
	default:
		if f.tally != nil {
			f.count(&fact, now)
		}
	}
	return f.Account.State != before
}

func (f *Follower) count(fact *tap.Fact, now time.Time) {
	switch fact.Kind {
	case tap.Sent:
		f.tally.Sent(fact.ID, fact.Chat, fact.Group, fact.ToNobody, now)
	case tap.Acked:
		if stranger, known := f.tally.Acked(fact.ID, fact.Code, now); stranger {
			f.refused(known, now)
		}
	case tap.Arrived:
		f.tally.Arrived(fact.ID, fact.Waited, now)
	case tap.Preview:
		f.tally.Announced(fact.Count, true, now)
	case tap.ReplayOver:
		f.tally.AllCame(now)
	case tap.NoPhone:
		f.tally.NoPhone(fact.Chat, now)
	case tap.StoreError:
		f.tally.StoreFailed(fact.ID, fact.Broken, now)
	case tap.Slow:
		f.tally.Waited(fact.Took, now)
	case tap.Alive, tap.LoggedIn, tap.Restricted, tap.Unlinked:
	}
}
