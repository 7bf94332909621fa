package alarming

import (
	"context"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// StoreOutage watches the store itself. While that is away nothing can be written
// and nobody leads for long, so that this rule is judged by every instance for
// itself, from memory, and told directly: at most once in each throttle by one
// instance. What became of it is an incident as soon as somebody leads again.
//
// At first only that instance tells that led when the store went, or that knew of
// no leader. But the leader may have died before, and cannot be asked: an outage
// that lasts longer than a lease is told by whoever lives. So of a long one every
// instance may tell, each once in a throttle; of none nobody does.
type StoreOutage struct {
	room.Deps
	o    Options
	mute *mute

	group spawn.Group // of the messages under way

	mu      sync.Mutex
	state   rules.State
	summary string
	why     string // the store's last error, as far as it was heard
	muted   string // why this instance does not tell of it
	began   time.Time
	looks   int  // at the outage that began then
	led     bool // this instance led when it began, or knew of no leader
	speaks  bool // it tells of the outage
	queue   []direct
	sending bool
	ended   []pastOne // not recorded yet, at most maxEnded
}

func newStoreOutage(d room.Deps, o Options, m *mute) *StoreOutage {
	return &StoreOutage{Deps: d, o: o, mute: m}
}

func (s *StoreOutage) wait() { _ = s.group.Wait() } // what became of each is the channel's to say

// look judges the rule. It is called once per slot, whoever leads, and asks no
// store.
func (s *StoreOutage) look(ctx context.Context) {
	now := s.Clock.Now()
	h := s.o.Health()
	if s.Settings().Off(rules.StoreUnreachable) {
		h = storehealth.Health{}
	}
	if h.Since.IsZero() && s.quiet() {
		return
	}
	since := h.Since
	if !since.IsZero() {
		since = s.choose(ctx, since, now)
	}
	in := rules.Inputs{Now: now, Settings: s.Settings(), Outage: rules.Outage{Since: since, Ended: h.Ended}}
	rule, _ := rules.Of(rules.StoreUnreachable)
	muted, _ := s.mute.known(rule.ID, "", now)

	s.mu.Lock()
	defer s.mu.Unlock()
	if muted == "" && !s.speaks {
		muted = "the leader tells of it"
	}
	if h.Err != nil {
		s.why = hostcall.Text(h.Err)
	}
	from := s.state.Since
	f := rule.Check(s.state, &in, rules.Target{})
	next, change := s.state.Next(f, rule.Policy, now)
	if change == rules.Resolved && from != nil {
		s.remember(pastOne{longrun.Window{From: *from, To: *next.LastEnd}, s.why, s.led})
	}
	next, kind := next.Tell(change, muted != "", in.Settings.AlertThresholds.Throttle(), now)
	s.state, s.muted, s.summary = next, "", ""
	if next.Phase == rules.Firing {
		s.muted, s.summary = muted, hostcall.Line(f.Summary, maxSummary)
	}
	if kind != longrun.NoNotice {
		s.tell(ctx, s.notice(kind, from, next), now)
	}
}

// notice is what is told of the state after a look; from is when the outage
// before that began.
func (s *StoreOutage) notice(kind longrun.NoticeKind, from *time.Time, st rules.State) longrun.Notice {
	row, _ := rules.Of(rules.StoreUnreachable)
	n := longrun.Notice{
		Kind: kind, Rule: row.ID, Severity: row.Severity, Summary: s.summary, Cause: s.why,
		InstanceID: s.Self.InstanceID, CommitHash: s.Self.CommitHash,
	}
	switch {
	case st.Since != nil:
		n.Since = *st.Since
	case from != nil:
		n.Since, n.Until = *from, st.LastEnd
	case st.ChangesSince != nil:
		n.Since, n.Until = *st.ChangesSince, st.LastEnd
	}
	switch kind { //nolint:exhaustive // the others say what was seen
	case longrun.NoticeResolved:
		if n.Summary = row.Works; s.Settings().Off(row.ID) {
			n.Summary = switchedOff
		}
	case longrun.NoticeFlapping:
		n.Summary = "the store " + st.Flaps()
	}
	n.IncidentID = rules.IncidentID(n.Rule, "", n.Since)
	// Its numbers are this instance's own: another one's messages are others.
	n.Key = st.Key() + "-" + n.Since.UTC().Format("20060102T150405")
	return n
}

// quiet reports whether nothing is left of an earlier outage.
func (s *StoreOutage) quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (s.state.Phase == "" || s.state.Phase == rules.Inactive) && s.state.FlapSince == nil
}

// choose decides whether this instance tells of an outage that began then: when it
// begins, and again when the lease of who led must be over, as far as can be told
// here. It returns since when the outage is, by the clock as it now goes.
func (s *StoreOutage) choose(ctx context.Context, began, now time.Time) (since time.Time) {
	s.mu.Lock()
	known := s.began.Equal(began)
	s.mu.Unlock()
	led := false
	if !known { // asked outside the lock
		leader, _ := s.o.Holder()
		led = s.o.Answers(ctx) || leader == ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !known {
		s.began, s.looks, s.led, s.speaks = began, 0, led, led
	}
	since = began
	if since.After(now) { // the clock was set back: the slots that came since count
		since = now.Add(-time.Duration(s.looks) * s.Self.Interval)
	}
	s.looks++
	if now.Sub(since) >= s.Self.Lease {
		s.speaks = true
	}
	return since
}

// status is how the rule stands, nothing where it never stood otherwise.
func (s *StoreOutage) status() (AlarmStatus, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return AlarmStatus{State: s.state, Muted: s.muted, Summary: s.summary}, s.state.Rule != ""
}
