package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// Incidents streams the incidents of a page; see List.
func (l *Ledger) Incidents(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Incident], error] {
	return List[longrun.Incident](ctx, l, Incidents, p)
}

// Incident reads one incident.
func (l *Ledger) Incident(ctx context.Context, id string) (Entry[longrun.Incident], error) {
	return Read[longrun.Incident](ctx, l, Incidents, id)
}

// HasIncident reports whether an incident of the rule touches the window.
func (l *Ledger) HasIncident(ctx context.Context, r longrun.RuleID, w longrun.Window) (bool, error) {
	// Those that began before may reach into it.
	for e, err := range l.Incidents(ctx, Page{From: w.From.Add(-maxIncident), To: w.To}) {
		if isDocument(err) {
			continue
		}
		if err != nil {
			return false, err
		}
		i := e.Value
		if i.Rule == r && i.TSStart.Before(w.To) && (i.TSEnd == nil || i.TSEnd.After(w.From)) {
			return true, nil
		}
	}
	return false, nil
}

// maxIncident is how far back HasIncident looks for one that still goes on.
const maxIncident = 7 * 24 * time.Hour

// SetIncident is the write of an incident, the leader's.
func (l *Ledger) SetIncident(i longrun.Incident) store.Op {
	return store.Set(l.Key(Incidents, i.IncidentID), i)
}

// AlertStates streams the states of the rules; see List.
func (l *Ledger) AlertStates(ctx context.Context, p Page) iter.Seq2[Entry[rules.State], error] {
	return List[rules.State](ctx, l, Rules, p)
}

// SetAlertState is the write of a rule's state, the leader's.
func (l *Ledger) SetAlertState(s rules.State) store.Op {
	return store.Set(l.Key(Rules, s.ID()), s)
}

// Notices streams the outbox, by when its messages are due; see List.
func (l *Ledger) Notices(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Notice], error] {
	return List[longrun.Notice](ctx, l, Outbox, p)
}

// SetNotice is the write of a message in the outbox, the leader's.
func (l *Ledger) SetNotice(n longrun.Notice) store.Op {
	return store.Set(l.Key(Outbox, n.NoticeID), n)
}

// Silences streams the silences of a page; see List.
func (l *Ledger) Silences(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Silence], error] {
	return List[longrun.Silence](ctx, l, Silences, p)
}

// SilencesAt returns the silences that hold at a time or begin later. Documents
// that do not decode silence nothing.
func (l *Ledger) SilencesAt(ctx context.Context, now time.Time) ([]longrun.Silence, error) {
	var out []longrun.Silence
	for e, err := range l.Silences(ctx, Page{From: now.Add(-longrun.MaxSilence)}) {
		if isDocument(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if e.Value.Until.After(now) {
			out = append(out, e.Value)
		}
	}
	return out, nil
}

// CreateSilence writes a new silence. Without a TS it would never be found: it is
// From.
func (l *Ledger) CreateSilence(ctx context.Context, s longrun.Silence) error {
	if s.TS.IsZero() {
		s.TS = s.From
	}
	if err := rules.ValidateSilence(s); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	_, err := put(ctx, l, l.Key(Silences, s.SilenceID), s, "")
	return err
}

// EndSilence ends a silence at now, unless it has ended already, and returns it.
// A missing one is store.ErrNotFound.
func (l *Ledger) EndSilence(ctx context.Context, id string, now time.Time) (longrun.Silence, error) {
	now = now.UTC().Truncate(time.Microsecond)
	for tries := 0; ; tries++ {
		e, err := Read[longrun.Silence](ctx, l, Silences, id)
		if err != nil {
			return longrun.Silence{}, err
		}
		s := e.Value
		if !s.Until.After(now) {
			return s, nil
		}
		s.Until = now
		if _, err = put(ctx, l, e.Key, s, e.Version); err == nil {
			return s, nil
		}
		// Somebody else changed it at the same moment, and perhaps ended it.
		if !errors.Is(err, store.ErrConflict) || tries == maxEnd {
			return longrun.Silence{}, err
		}
	}
}

// maxEnd is how often EndSilence tries again behind somebody else's change.
const maxEnd = 2
