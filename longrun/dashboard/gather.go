package dashboard

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// storePatience is how long a page waits for the store before it says that it does
// not answer.
const storePatience = 10 * time.Second

// nowDays is how far back Now looks, in whole UTC days: of those that are over the
// rollup is enough.
const nowDays = 30

// known is all that the page Now is made of, read once for all who look.
type known struct {
	At     time.Time
	Status monitor.Status
	// Beat is the newest beat, nil where there is none.
	Beat     *longrun.Heartbeat
	Open     []open
	Silences []longrun.Silence
	Survey   ledger.Survey
	Slots    chart.Slots
	Notices  []longrun.Notice
	// Err is why the store told nothing of all that.
	Err error

	mu    sync.Mutex
	parts map[string][]byte // rendered
}

// open is a rule that fires for one target.
type open struct {
	Rule       longrun.RuleID
	Target     string
	Severity   longrun.Severity
	Since      time.Time
	IncidentID string
	Summary    string
	// Muted says why it is not told; empty where it is. Silenced says that somebody
	// wanted that.
	Muted    string
	Silenced bool
}

// gather reads what Now shows. What the store does not tell is missing, and Err says
// so; the rest is the instance's own.
func (h *handler) gather(ctx context.Context) *known {
	k := &known{At: h.Clock.Now().UTC(), Status: h.monitor.Status(), parts: map[string][]byte{}}
	k.Beat = k.Status.LastHeartbeat
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	book := h.monitor.Ledger()
	k.Err = errors.Join(k.readStore(ctx, book))
	return k
}

func (k *known) readStore(ctx context.Context, book *ledger.Ledger) (err error) {
	if k.Beat == nil || k.Status.State != monitor.Leading {
		newest, ok, err := ledger.First[longrun.Heartbeat](ctx, book, ledger.Heartbeats, ledger.Page{Desc: true, Limit: 5})
		if err != nil {
			return err
		}
		if ok && (k.Beat == nil || newest.Value.TS.After(k.Beat.TS)) {
			k.Beat = &newest.Value
		}
	}
	window := longrun.Window{From: longrun.DayOf(k.At).From.AddDate(0, 0, -nowDays), To: k.At}
	if k.Survey, err = book.Survey(ctx, window, k.Status.Interval, k.At, nil); err != nil {
		return err
	}
	k.Slots = slotsOf(k.Survey)
	if k.Silences, err = book.SilencesAt(ctx, k.At); err != nil {
		return err
	}
	for e, err := range book.Notices(ctx, ledger.Page{Desc: true, Limit: 5}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue
		}
		if err != nil {
			return err
		}
		k.Notices = append(k.Notices, e.Value)
	}
	return k.readOpen(ctx, book)
}

func slotsOf(s ledger.Survey) chart.Slots {
	return chart.Slots{From: s.Window.From, Interval: s.Interval, Filled: s.Filled, Healthy: s.Healthy, Unknown: s.Unknown}
}

// maxOpen is how many open incidents are shown.
const maxOpen = 50

// readOpen finds what fires: a leader knows it, the others read it.
func (k *known) readOpen(ctx context.Context, book *ledger.Ledger) error {
	for _, a := range k.Status.Alerts.Alarms {
		if a.Phase == rules.Firing {
			k.Open = append(k.Open, k.newOpen(a.State, a.Summary, a.Muted))
		}
	}
	if k.Status.State == monitor.Leading {
		return nil
	}
	for e, err := range book.AlertStates(ctx, ledger.Page{Desc: true, Limit: 20_000}) {
		_, mangled := errors.AsType[*ledger.DocumentError](err)
		switch {
		case mangled || err == nil && (e.Value.Phase != rules.Firing || e.Value.Rule == rules.StoreUnreachable):
			continue
		case err != nil:
			return err
		case len(k.Open) >= maxOpen:
			return nil
		}
		summary := ""
		if in, err := book.Incident(ctx, e.Value.IncidentID); err == nil {
			summary = in.Value.Summary
		}
		k.Open = append(k.Open, k.newOpen(e.Value, summary, ""))
	}
	return nil
}

// newOpen says what fires, and by which silence or maintenance it is not told; else by
// what the leader says.
func (k *known) newOpen(s rules.State, summary, muted string) open {
	o := open{Rule: s.Rule, Target: s.Target, Severity: rules.SeverityOf(s.Rule), IncidentID: s.IncidentID, Summary: summary, Muted: muted}
	if s.Since != nil {
		o.Since = *s.Since
	}
	for _, q := range k.Silences {
		if q.Matches(s.Rule, s.Target, k.At) {
			o.Muted, o.Silenced = "silenced "+quietLineOf(q, k.At).Until+" "+quietLineOf(q, k.At).By, true
		}
	}
	for _, m := range k.Status.Settings.Maintenance {
		if w, ok := m.Window(k.At); ok && m.Covers(s.Rule, s.Target) {
			o.Muted, o.Silenced = "maintenance until "+k.clock(w.To), true
		}
	}
	return o
}

// memo keeps what was read last for who asks in the same second, so that however many
// pages are open, the store is asked once.
type memo struct {
	h    *handler
	turn chan struct{}
	last *known
	of   uint64
}

func newMemo(h *handler) *memo { return &memo{h: h, turn: make(chan struct{}, 1)} }

// fresh is how long what was read is good for, where nothing is known to have changed.
const fresh = time.Second

// get returns what is known now, or nil where ctx ends before.
func (m *memo) get(ctx context.Context) *known {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	defer func() { <-m.turn }()
	of := fingerprint(m.h.monitor.Status()).all
	now := m.h.Clock.Now()
	if age := now.Sub(m.at()); m.last == nil || m.of != of || age < 0 || age >= fresh {
		k := m.h.gather(ctx)
		if ctx.Err() != nil && k.Err != nil {
			return nil // who asked has gone, which says nothing of the store
		}
		if k.Err != nil {
			m.h.Logger.WarnContext(ctx, "the dashboard could not read the store", "error", k.Err)
		}
		m.last, m.of = k, of
	}
	return m.last
}

func (m *memo) at() time.Time {
	if m.last == nil {
		return time.Time{}
	}
	return m.last.At
}

// forget has the next one who asks read anew: something was changed here.
func (m *memo) forget(ctx context.Context) {
	select {
	case m.turn <- struct{}{}:
		m.last = nil
		<-m.turn
	case <-ctx.Done():
	}
}

// prints say whether parts of a Status are the same as before: one number for each
// that pages show.
type prints struct{ all, verdict, accounts, probes, lead, messages uint64 }

var seed = maphash.MakeSeed() //nolint:gochecknoglobals // never changed

// fingerprint makes them.
func fingerprint(s monitor.Status) (p prints) {
	var h maphash.Hash
	h.SetSeed(seed)
	take := func() uint64 {
		sum := h.Sum64()
		h.Reset()
		return sum
	}
	text := func(parts ...string) {
		for _, part := range parts {
			_, _ = h.WriteString(part)
			_ = h.WriteByte(0)
		}
	}
	number := func(numbers ...int64) {
		for _, n := range numbers {
			maphash.WriteComparable(&h, n)
		}
	}
	text(string(s.State), s.Holder, s.StoreError)
	number(s.Epoch, int64(s.Waiting), s.Since.UnixNano())
	if s.LastHeartbeat != nil {
		number(s.LastHeartbeat.TS.UnixNano())
	}
	for _, t := range s.Tasks {
		text(t.Name, string(t.State))
	}
	p.lead = take()
	for _, a := range s.Alerts.Alarms {
		text(string(a.Rule), a.Target, string(a.Phase), a.IncidentID, a.Muted)
	}
	number(int64(s.Alerts.LeftOut), s.Settings.TS.UnixNano())
	p.verdict = take()
	for i := range s.Accounts {
		a := &s.Accounts[i]
		text(a.ID, a.State, a.Reason)
		number(a.Since.UnixNano(), a.Restricted.From.UnixNano(), a.Banned.From.UnixNano())
	}
	p.accounts = take()
	for i := range s.Probes {
		if last := s.Probes[i].Last; last != nil {
			text(string(last.Result))
			number(last.TS.UnixNano())
		}
		text(s.Probes[i].Off)
		number(s.Probes[i].Due.UnixNano())
	}
	p.probes = take()
	c := s.Alerts.Channel
	number(int64(s.Alerts.Waiting), int64(s.Alerts.Undelivered), c.LastSent.UnixNano(), c.LastFailed.UnixNano(), c.QuietUntil.UnixNano())
	text(c.LastError)
	for _, one := range c.Broken() {
		text(one.Name)
		text(one.LastError)
	}
	p.messages = take()
	maphash.WriteComparable(&h, p)
	p.all = take()
	return p
}
