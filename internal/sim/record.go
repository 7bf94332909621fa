package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// record is what was true of a run, as the world saw it: past every fault, and in the
// order in which things took effect.
type record struct {
	w   *world
	log *eventLog

	mu        sync.Mutex
	processes []*process
	harm      []harm
	must      map[longrun.Slot]bool // slots that have to be filled
	violated  []Violation
	end       time.Time // when all were asked to stop

	row       lock.Row
	erasure   bool // the lock's row was deleted, and nobody was granted the lock since …
	cut       bool // … or no beat was written
	grants    []grant
	renewals  map[*process]time.Time // when the last write of the lock's row took effect …
	turns     map[*process]time.Time // … and when the last background commit did
	beats     []beat
	slots     map[string]int // how often a slot was written, by ID
	deleted   map[string]int // by collection
	incidents map[string]*incident
	notices   map[string]*notice
	runs      map[string]longrun.Run
	order     []string // of incidents and notices, by when they were first written
	heardAll  []heard
	anchors   []string
	probes    int
	inMessage int // what happened between a message's claim and the word that it was sent
}

// Violation is what an oracle found.
type Violation struct {
	// Oracle is which one.
	Oracle string
	// Text says what is wrong, for people.
	Text string
}

func (v Violation) String() string { return v.Oracle + ": " + v.Text }

// Outcome is what a run came to.
type Outcome struct {
	// Violations are what is wrong; none is right.
	Violations []Violation
	// Log is all that happened.
	Log string
	// Counts are what the run had of each thing, for tables.
	Counts map[string]int
}

// Failed reports whether anything is wrong.
func (o *Outcome) Failed() bool { return len(o.Violations) > 0 }

// harm is what befell a process, or all, from when to when.
type harm struct {
	kind     plan.Kind
	p        *process // nil: all, or a whole machine
	m        *machine
	from, to time.Time
	by       int64
}

// grant is a lease that was given.
type grant struct {
	epoch int64
	owner string
	to    *process
	at    time.Time
}

// beat is a heartbeat that took effect, in the slot of its own length.
type beat struct {
	longrun.Slot
	length time.Duration
	ts, at time.Time // when it was made, and when it took effect
	by     *process
	late   bool
	health health
	told   bool // the host said something
	epoch  int64
	seq    int64
}

// incident is one as it was written last.
type incident struct {
	longrun.Incident
	opened, shut time.Time // when it took effect first, and its end; zero where that has not
}

// notice is a message as it was written last, and what became of it on its way.
type notice struct {
	longrun.Notice
	decided, claimed time.Time // when that took effect first; zero where it has not
	claimer          *process  // who did last
}

// heard is a message that arrived.
type heard struct {
	alert.Message
	at time.Time
	by *process
}

func newRecord(w *world) *record {
	return &record{
		w: w, log: &eventLog{began: w.began}, must: map[longrun.Slot]bool{}, slots: map[string]int{}, deleted: map[string]int{},
		incidents: map[string]*incident{}, notices: map[string]*notice{}, runs: map[string]longrun.Run{}, renewals: map[*process]time.Time{}, turns: map[*process]time.Time{},
	}
}

// blame says that something is wrong.
func (r *record) blame(oracle, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accuse(oracle, format, args...)
}

// maxViolations is how many are kept of one run.
const maxViolations = 20

// accuse is blame for who holds mu.
func (r *record) accuse(oracle, format string, args ...any) {
	if len(r.violated) < maxViolations {
		r.violated = append(r.violated, Violation{oracle, fmt.Sprintf("after %s: ", time.Since(r.w.began)) + fmt.Sprintf(format, args...)})
	}
}

func (r *record) lived(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.processes = append(r.processes, p)
}

// leader is who was granted the lock last, nil where that one has ended.
func (r *record) leader() *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.grants); n > 0 && !r.grants[n-1].to.hasEnded() {
		return r.grants[n-1].to
	}
	return nil
}

// living are the processes that nothing has ended.
func (r *record) living() []*process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.processes), (*process).hasEnded)
}

func (r *record) stopping() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end = time.Now()
}

// suffered notes an event that lasts.
func (r *record) suffered(e *plan.Event) {
	h := harm{kind: e.Kind, from: time.Now(), to: r.w.at(e).Add(time.Duration(e.Duration)), by: e.By}
	switch e.Kind {
	case plan.Refused, plan.Unheard, plan.Deaf, plan.Flaky, plan.Slow, plan.Step, plan.Skew:
		h.m = r.w.machines[e.Instance]
	case plan.Pause, plan.Sleep:
		h.kind = plan.Pause
		h.p = r.w.machines[e.Instance].current()
		if h.p == nil || h.p.isPaused() || h.p.isTrapped() {
			return // it does not run as it is
		}
	case plan.LoggedOut:
		h.by = int64(e.Instance)
	case plan.Crash, plan.Restart, plan.Deploy, plan.Length:
		return // each knows when its process ended
	case plan.Outage, plan.Full, plan.Mute, plan.Echo, plan.Unfit, plan.Offline, plan.Queue, plan.Throttle, plan.Probing, plan.Retention, plan.Erased: // all
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.harm = append(r.harm, h)
}

// disturbed notes what ended a process.
func (r *record) disturbed(p *process, k plan.Kind) {
	if k == plan.Pause {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.harm = append(r.harm, harm{kind: k, p: p, from: time.Now(), to: time.Now()})
}

// heard notes a message that arrived.
func (r *record) heard(p *process, m alert.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range flat(m) {
		r.heardAll = append(r.heardAll, heard{one, time.Now(), p})
		r.log.add(p.name(), "tells %s %s %s %q", one.Kind, one.Rule, one.Target, one.Key)
	}
}

// flat takes a digest apart.
func flat(m alert.Message) []alert.Message {
	if m.Kind != alert.Digest {
		return []alert.Message{m}
	}
	var all []alert.Message
	for _, part := range m.Parts {
		all = append(all, flat(part)...)
	}
	return all
}

// keptAnchors is how many checkpoints are kept: the newest ones.
const keptAnchors = 50

func (r *record) anchored(checkpoint string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.anchors = append(r.anchors, checkpoint)
	if len(r.anchors) > keptAnchors {
		r.anchors = r.anchors[1:]
	}
}

// fenced are the collections that a leader alone writes.
var fenced = []ledger.Collection{ //nolint:gochecknoglobals // a table, never changed
	ledger.Heartbeats, ledger.Probes, ledger.Incidents, ledger.Rules, ledger.Outbox, ledger.Rollups, ledger.Evidence,
}

// applied takes note of a commit, in the order in which they take effect, and holds it
// against the lock as it stands.
func (r *record) applied(p *process, ops []store.Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row, first := ops[0].Value.(lock.Row)
	if first {
		r.locked(p, row)
	}
	r.paced(p, ops)
	for _, op := range ops {
		name := op.Key.Collection[strings.LastIndexByte(op.Key.Collection, '/')+1:]
		if !first {
			for _, c := range fenced {
				if name == string(c) {
					r.accuse("fence", "%s writes %s without the lock", p.name(), op.Key)
				}
			}
		}
		r.document(p, name, op)
	}
}

// locked is a write of the lock's row.
func (r *record) locked(p *process, row lock.Row) {
	last := r.row
	r.row = row
	r.renewals[p] = time.Now()
	switch {
	case row.Epoch == last.Epoch+1:
		if !r.erasure {
			r.rivals(p)
		}
		r.erasure = false
		r.grants = append(r.grants, grant{row.Epoch, row.Owner, p, time.Now()})
		r.log.add(p.name(), "is granted epoch %d", row.Epoch)
		return
	case row.Epoch != last.Epoch:
		r.accuse("lock", "epoch %d after %d", row.Epoch, last.Epoch)
		return
	case len(r.grants) == 0:
		r.accuse("lock", "epoch %d was never granted", row.Epoch)
		return
	}
	g := r.grants[len(r.grants)-1]
	switch {
	case last.Owner == "":
		r.accuse("lock", "%s writes under epoch %d, which was given back", p.name(), row.Epoch)
	case row.Owner != "" && row.Owner != g.owner:
		r.accuse("lock", "epoch %d changes hands", row.Epoch)
	case p != g.to:
		r.accuse("lock", "%s writes under epoch %d, which is %s's", p.name(), row.Epoch, g.to.name())
	case row.Seq <= last.Seq:
		r.accuse("lock", "seq %d after %d", row.Seq, last.Seq)
	}
	if row.Owner == "" {
		r.log.add(p.name(), "gives epoch %d back", row.Epoch)
	}
}

// document is one of a commit.
func (r *record) document(p *process, collection string, op store.Op) {
	now := time.Now()
	if h, ok := beatOf(op); ok {
		r.beat(p, h)
		return
	}
	switch v := op.Value.(type) {
	case nil:
		r.deleted[collection]++
	case lock.Row:
	case longrun.Incident:
		known := r.incidents[v.IncidentID]
		if known == nil {
			known = &incident{opened: now}
			r.incidents[v.IncidentID] = known
			r.order = append(r.order, v.IncidentID)
			r.log.add(p.name(), "opens %s %s", v.Rule, v.Target)
		}
		if v.TSEnd != nil && known.TSEnd == nil {
			known.shut = now
			r.log.add(p.name(), "closes %s %s", v.Rule, v.Target)
		}
		known.Incident = v
	case longrun.Notice:
		known := r.notices[v.NoticeID]
		if known == nil {
			known = &notice{decided: now}
			r.notices[v.NoticeID] = known
			r.order = append(r.order, v.NoticeID)
		}
		r.claims(p, known, v)
		if v.ClaimedUntil != nil && known.claimed.IsZero() {
			known.claimed = now
		}
		if known.State != v.State {
			r.log.add(p.name(), "has %s %s %s", v.Kind, v.Key, v.State)
		}
		known.Notice = v
	case longrun.Run:
		if known := r.runs[v.RunID]; known.Ended != v.Ended {
			r.log.add(p.name(), "has the run of %s end: %q", v.InstanceID, v.Ended)
		}
		r.runs[v.RunID] = v
	case longrun.Rollup:
		r.log.add(p.name(), "rolls up %s, revision %d: %d of %d", v.Date, v.Revision, v.WrittenHb, v.ExpectedHb)
	case evidence.Batch:
		r.log.add(p.name(), "logs batch %d", v.Number)
	case longrun.Probe:
		r.probes++
		r.log.add(p.name(), "has a probe %s", v.Result)
	}
}

// beat is a heartbeat that took effect.
func (r *record) beat(p *process, h longrun.Heartbeat) {
	interval := time.Duration(h.ExpectedIntervalSec) * time.Second
	b := beat{Slot: h.Slot(interval), length: interval, ts: h.TS.Round(0), at: time.Now(), by: p, late: h.Late, health: healthOf(&h), told: h.StatusError == "", epoch: h.Epoch, seq: h.ChainSeq}
	if r.slots[h.BucketID]++; r.slots[h.BucketID] > 1 {
		r.accuse("slots", "%s writes slot %s, which is written", p.name(), h.BucketID)
	}
	if id := b.ID(interval); id != h.BucketID {
		r.accuse("slots", "a beat of %s lies in %s", id, h.BucketID)
	}
	if h.Epoch != r.row.Epoch || r.row.Owner == "" {
		r.accuse("stale", "a beat of epoch %d takes effect in epoch %d", h.Epoch, r.row.Epoch)
	}
	if h.InstanceID != p.id || r.row.HolderInstanceID != p.id {
		r.accuse("stale", "a beat of %s by %s, where %s holds the lock", h.InstanceID, p.id, r.row.HolderInstanceID)
	}
	if n := len(r.beats); n > 0 && b.seq != r.beats[n-1].seq+1 && !r.cut {
		r.accuse("chain", "seq %d after %d", b.seq, r.beats[n-1].seq)
	}
	r.cut = false
	if b.late {
		r.current(&b)
	}
	r.beats = append(r.beats, b)
	word := ""
	if h.Late {
		word = ", late"
	}
	r.log.add(p.name(), "writes %s, epoch %d, seq %d%s: %s", h.BucketID, h.Epoch, h.ChainSeq, word, b.health)
}

// outcome is what the run came to.
func (r *record) outcome() *Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := &Outcome{Violations: r.violated, Log: r.log.String(), Counts: map[string]int{
		"beats": len(r.beats), "grants": len(r.grants), "incidents": len(r.incidents), "notices": len(r.notices), "messages": len(r.heardAll),
		"processes": len(r.processes), "probes": r.probes, "slots that must be filled": len(r.must), "events": len(r.w.plan.Events),
		"faults in a message": r.inMessage,
	}}
	for _, b := range r.beats {
		if b.late {
			o.Counts["late beats"]++
		}
		if b.health == unsaid {
			o.Counts["beats that do not know"]++
		}
	}
	return o
}

// eventLog is what happened in a run, line by line: what befell whom, every commit that
// took effect, every message that arrived.
type eventLog struct {
	began time.Time
	mu    sync.Mutex
	lines []line
}

type line struct {
	at        time.Duration
	who, text string
}

func (l *eventLog) add(who, format string, args ...any) {
	at := time.Since(l.began)
	text := fmt.Sprintf(format, args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line{at, who, text})
}

// String is the log. What happened in one instant has no order of its own.
func (l *eventLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(l.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.who, b.who), cmp.Compare(a.text, b.text))
	})
	var b strings.Builder
	for _, x := range l.lines {
		fmt.Fprintf(&b, "%s %s %s\n", x.at, x.who, x.text)
	}
	return b.String()
}
