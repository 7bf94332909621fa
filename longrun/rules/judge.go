package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/host"
)

// Inputs are everything that a rule may look at, at one moment. Whoever judges
// fills them anew for each look, and keeps them: there is room in them that is
// used again. They are for one goroutine.
type Inputs struct {
	Now      time.Time
	Settings longrun.Settings
	// Beat is the newest beat. Accounts are what the host said with it, by the names
	// that incidents and messages have for them.
	Beat     longrun.Heartbeat
	Accounts []longrun.AccountStatus
	// ClientBuilt is when the client library was made that the accounts run on; zero
	// where that is not known.
	ClientBuilt time.Time
	// Memory is what this process used, told of the beats up to now, and MemoryLimit
	// what it may use, in bytes. Default: not known, no limit; then neither is judged.
	Memory      *Memory
	MemoryLimit int64
	// Recent is what is known of the slots, advanced to Now.
	Recent *Recent
	// Older counts the filled ones of slots that are older than Recent remembers, and
	// says whether all of them are known. Default: none is.
	Older func(from, to longrun.Slot) (filled int64, known bool)
	// Probes are those that are configured. ProbesKnown says that it is known which.
	Probes      []Probed
	ProbesKnown bool
	// LeadBegan is since when the one who judges leads, and Started since when it
	// runs.
	LeadBegan, Started time.Time
	// Deaths are the instances that were found dead lately, oldest first.
	Deaths []Death
	// Outage is the store as this instance sees it.
	Outage Outage

	// Room for the rule that looks.
	account  account.Look
	host     host.Look
	targets  []Target
	found    []Finding
	seen     []seen // beside found
	ofProbes bool   // what is found is of probes
	troubled []troubled
	accounts map[string]bool
	open     []State
	named    map[named]int // where it stands in found, of the rule that looked last
}

// seen is what was known of the target of a finding, at the look.
type seen struct {
	began   time.Time // since when it is Bad, as its state has it
	firing  bool
	account string // whose trouble it is; empty where that is nobody's alone
	probe   *Probed
}

// Probed is what the rules see of one configured probe.
type Probed struct {
	Type longrun.ProbeType
	Name string
	// Target is what incidents call it. Default: its type and name.
	Target string
	// Account is the account that it is about, by the name that incidents have for it.
	// Default: not known; then its trouble is nobody else's.
	Account string
	// Off says that it is not made now, since its account must not write: then it is
	// not overdue.
	Off bool
	// Back is when it was last Off; zero where it never was.
	Back     time.Time
	Schedule longrun.ProbeSchedule
	// Settle is how long after the start the host is not ready for it.
	Settle time.Duration
	// Recent are its newest results, oldest first. They are not changed.
	Recent []longrun.Probe
}

// Named says which probe it is.
func (p *Probed) Named() longrun.NamedProbe {
	return longrun.NamedProbe{Type: p.Type, Name: p.Name}
}

// whose names what the probe is about in a sentence: one probe of several, or the account
// of a type's only one; nothing where neither is known.
func (p *Probed) whose() string { return cmp.Or(p.Name, p.Account) }

// Outage is the time for which the store cannot be reached.
type Outage struct {
	// Since is when it began; the zero time while the store is well.
	Since time.Time
	// Ended is when the last one ended; the zero time where there was none.
	Ended time.Time
}

// Target is one thing that a rule looks at.
type Target struct {
	// Name is what incidents call it; empty for the host as a whole.
	Name string
	// Account or Probe is set where the rule is about such.
	Account *longrun.AccountStatus
	Probe   *Probed
}

// TheHost is Each of a rule about the host as a whole.
func TheHost(_ *Inputs, room []Target) []Target { return append(room, Target{}) }

// EachAccount is Each of a rule about accounts. One that goes by the name that all
// together have gets another.
func EachAccount(in *Inputs, room []Target) []Target {
	for i := range in.Accounts {
		name := in.Accounts[i].ID
		if name == Together {
			name += "_"
		}
		room = append(room, Target{Name: name, Account: &in.Accounts[i]})
	}
	return room
}

// EachProbe is Each of a rule about probes. One that goes by the name that all
// together have gets another.
func EachProbe(in *Inputs, room []Target) []Target {
	for i := range in.Probes {
		p := &in.Probes[i]
		if p.Target == "" {
			p.Target = p.Named().String()
		}
		if p.Target == Together {
			p.Target += "_"
		}
		room = append(room, Target{Name: p.Target, Probe: p})
	}
	return room
}

// AccountsKnown is Known of a rule about accounts: a host that did not answer says
// nothing of them.
func AccountsKnown(in *Inputs) bool { return in.Beat.StatusError == "" }

// ProbesKnown is Known of a rule about probes.
func ProbesKnown(in *Inputs) bool { return in.ProbesKnown }

// States is where the rules stand, kept by whoever judges.
type States interface {
	// State returns the state of a rule for a target, the zero State where there is
	// none.
	State(r longrun.RuleID, target string) State
	// Any reports whether there is a state of a rule, for any target.
	Any(r longrun.RuleID) bool
	// Open appends to room the states that are Pending or Firing, or flap, in any
	// order.
	Open(room []State) []State
}

type named struct {
	rule   longrun.RuleID
	target string
}

// Judge has every rule look once that is not Alone and not switched off, in the
// order of the table, and find told what it saw of each target: once, however many
// things go by that name. What find makes of it stands in the states before the next
// rule looks; what is found of many together is told before what is found of each.
// Targets that are gone come last, and what fires of rules that are switched off.
//
// Find is not told of what is not Bad where there is no state: that is nearly
// always so, and changes nothing.
func (t Table) Judge(in *Inputs, states States, find func(Finding)) {
	if in.named == nil {
		in.named = make(map[named]int)
	}
	clear(in.named)
	in.begin()
	for i := range t {
		r := &t[i]
		if r.Alone || in.Settings.Off(r.ID) {
			continue
		}
		if r.ID == BudgetBurn { // that which missed heartbeats have found by now
			in.host.ToldUntil = toldUntil(states.State(MissedHeartbeats, ""), in.Now)
		}
		in.look(r, states)
		if r.ID == ProbeFails {
			in.explain(t, states)
		}
		if r.Fleet.Share > 0 {
			t.lookTogether(in, r, states, find)
		}
		for _, f := range in.found {
			find(f)
		}
	}
	t.lookForGone(in, states)
	for _, f := range in.found {
		find(f)
	}
}

// Judge is Table.Judge of all rules.
func Judge(in *Inputs, states States, find func(Finding)) { all.Judge(in, states, find) }

// look leaves in found what one rule sees, a finding for each target.
func (in *Inputs) look(r *Rule, states States) {
	in.found, in.seen, in.ofProbes = in.found[:0], in.seen[:0], false
	known := states.Any(r.ID)
	if !known && r.Rests != nil && r.Rests(in) {
		return
	}
	in.targets = r.Each(in, in.targets[:0])
	for i := range in.targets {
		target := &in.targets[i]
		var s State
		if known {
			s = states.State(r.ID, target.Name)
		}
		f := r.Check(s, in, *target)
		if f.Condition != Bad && s.Rule == "" {
			continue
		}
		f.Rule, f.Target = r.ID, target.Name
		name := named{f.Rule, f.Target}
		if i, again := in.named[name]; again {
			in.found[i] = both(in.found[i], f)
			continue
		}
		in.named[name] = len(in.found)
		in.found = append(in.found, f)
		saw := s.seenAs(f, in.Now)
		saw.account = target.Name
		if target.Probe != nil {
			in.ofProbes, saw.account, saw.probe = true, target.Probe.Account, target.Probe
		}
		in.seen = append(in.seen, saw)
	}
}

// explain notes of probes that fail which rule tells why.
func (in *Inputs) explain(t Table, states States) {
	for i := range in.found {
		f := &in.found[i]
		if p := in.seen[i].probe; p != nil && f.Condition != Good {
			f.Explained = t.explains(p, states)
		}
	}
}

// seenAs is since when what is found is so, whatever the rule says of it now.
func (s State) seenAs(f Finding, now time.Time) seen {
	if s.Phase == Firing && s.Since != nil {
		return seen{began: *s.Since, firing: true}
	}
	now = stored(now)
	if began := s.begin(f.Since, now); began.Before(now) {
		return seen{began: began}
	}
	return seen{began: now}
}

// both is what is found of a target of whose things one is as f says, and another
// as g: Bad if either is, and Good if both are. Of two that say the same the first
// one speaks.
func both(f, g Finding) Finding {
	switch {
	case f.Condition == Bad && g.Condition == Bad:
		f.Slots, f.Probes, f.Accounts = join(f.Slots, g.Slots), join(f.Probes, g.Probes), join(f.Accounts, g.Accounts)
		f.Instances = join(f.Instances, g.Instances)
	case g.Condition == Bad, f.Condition == Good && g.Condition == Unseen:
		return g
	}
	return f
}

// join adds the evidence that is new, as far as there is room for it.
func join(ids, more []string) []string {
	ids = slices.Clip(ids)
	for _, id := range more {
		if len(ids) < longrun.MaxEvidence && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// gathers reports whether there may be targets that the host has not named yet.
func (in *Inputs) gathers(r *Rule) bool { return r.Gathers && in.account.Settles() }

// lacks reports whether the rule fires for a target that was not named at this look.
func (in *Inputs) lacks(r *Rule, states States) bool {
	in.open = states.Open(in.open[:0])
	return slices.ContainsFunc(in.open, func(s State) bool {
		if s.Rule != r.ID || s.Target == Together || s.Phase != Firing {
			return false
		}
		_, is := in.named[named{s.Rule, s.Target}]
		return !is
	})
}

// lookForGone leaves in found what was named at this look no more.
func (t Table) lookForGone(in *Inputs, states States) {
	in.found, in.open = in.found[:0], states.Open(in.open[:0])
	for i := range in.open {
		s := &in.open[i]
		if s.Phase != Firing && s.Phase != Pending && s.FlapSince == nil {
			continue
		}
		r := t.row(s.Rule)
		if r == nil {
			continue
		}
		off := !r.Alone && in.Settings.Off(r.ID)
		if !off && (r.Known == nil || !r.Known(in) || in.gathers(r)) {
			continue
		}
		if _, is := in.named[named{s.Rule, s.Target}]; !is {
			in.found = append(in.found, Finding{Rule: s.Rule, Target: s.Target, Condition: Good, Gone: !off, Off: off})
		}
	}
	slices.SortFunc(in.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Target, b.Target))
	})
}

// BadBy reports whether a rule would see the target of a state Bad by other settings than
// those that hold: then what fired, and is Good by these, has not become well. Of an
// incident of many it says nothing. in is as at the look, and not changed.
func BadBy(settings longrun.Settings, in *Inputs, s State) bool {
	row := all.row(s.Rule)
	if row == nil {
		return false
	}
	then := Inputs{
		Now: in.Now, Settings: settings, Beat: in.Beat, Accounts: in.Accounts, ClientBuilt: in.ClientBuilt, Memory: in.Memory, MemoryLimit: in.MemoryLimit,
		Recent: in.Recent, Older: in.Older, Probes: in.Probes, ProbesKnown: in.ProbesKnown, LeadBegan: in.LeadBegan, Started: in.Started, Deaths: in.Deaths, Outage: in.Outage,
	}
	then.begin()
	then.host.ToldUntil = in.host.ToldUntil
	for _, target := range row.Each(&then, nil) {
		if target.Name == s.Target && row.Check(s, &then, target).Condition == Bad {
			return true
		}
	}
	return false
}
