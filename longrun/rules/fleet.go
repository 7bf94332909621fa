package rules

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// Together is the target of an incident of many accounts: one cause, one message.
const Together = "accounts"

// Fleet says when many accounts that are in trouble by a rule are one incident, with
// the target Together: when so many came into it within an hour. Each target has
// its own state and incident all the same, which is not told while they are together.
// Several probes of one account are one account; those of none take no part.
//
// It ends when nearly all are well again. Those few that are not are told then, each
// for itself; so is what comes into trouble more than an hour after the others, and
// is not many.
type Fleet struct {
	// Share is how large a part of all accounts that is. Fewer than FleetAccounts of
	// the thresholds it never are, and maxTogether always. Default: never.
	Share float64
	// Many says in words what they are then, such as "are not connected".
	Many string
}

const (
	fleetWithin = time.Hour
	maxTogether = 50
)

// troubled is one of those that are in trouble.
type troubled struct {
	at    int // in found and seen
	began time.Time
	among bool // many that came within an hour
}

// lookTogether has find told whether many are in the same trouble, and notes which
// of what was found belongs to that.
func (t Table) lookTogether(in *Inputs, r *Rule, states States, find func(Finding)) {
	var s State
	if states.Any(r.ID) {
		s = states.State(r.ID, Together)
	}
	if len(in.found) == 0 && s.Rule == "" || r.Known != nil && !r.Known(in) {
		return
	}
	in.gatherTroubled()
	f := Finding{Rule: r.ID, Target: Together, Condition: Good}
	least := in.fleetLeast()
	need := in.fleetNeeds(r.Fleet.Share, least)
	f.Threshold = float64(need)
	var members []troubled
	if s.Phase == Firing && s.Since != nil {
		members = in.attached(*s.Since, least)
		need = least // it goes on until nearly all are well
	} else {
		members = t.crowd(in, r, s, states, need)
	}
	count := in.countAccounts(members)
	f.Observed = float64(count)
	switch {
	case count >= need:
		in.sayTogether(&f, r, members)
	case s.Phase == Firing && in.gathers(r) && in.lacks(r, states):
		f.Condition = Unseen
	case s.Phase == Firing || s.FlapSince != nil:
		in.sayLeft(&f, r, s)
	}
	if f.Condition == Bad || s.Rule != "" {
		in.named[named{r.ID, Together}] = -1
		find(f)
	}
	if s = states.State(r.ID, Together); s.Phase == Firing && s.Since != nil {
		for _, m := range in.attached(*s.Since, least) {
			in.found[m.at].Attached = true
		}
	}
}

// fleetLeast is how many are many at least.
func (in *Inputs) fleetLeast() int { return int(max(in.Settings.AlertThresholds.FleetAccounts, 2)) }

// fleetNeeds is how many it takes of a share of all accounts.
func (in *Inputs) fleetNeeds(share float64, least int) int {
	accounts := in.Settings.ExpectedAccounts
	if accounts <= 0 || in.ofProbes {
		accounts = in.allAccounts()
	}
	// Not a hair more than what is meant: 0.2·15 is over 3.
	return max(least, int(math.Ceil(min(share*float64(accounts)-1e-9, maxTogether))))
}

// allAccounts is how many there are, or how many have probes.
func (in *Inputs) allAccounts() int64 {
	if !in.ofProbes {
		return int64(len(in.Accounts))
	}
	in.noAccounts()
	for i := range in.Probes {
		if account := in.Probes[i].Account; account != "" {
			in.accounts[account] = true
		}
	}
	return int64(len(in.accounts))
}

// noAccounts leaves the set of accounts empty.
func (in *Inputs) noAccounts() {
	if in.accounts == nil {
		in.accounts = make(map[string]bool)
	}
	clear(in.accounts)
}

// countAccounts is of how many accounts the members are.
func (in *Inputs) countAccounts(members []troubled) int {
	if !in.ofProbes {
		return len(members)
	}
	in.noAccounts()
	for _, m := range members {
		in.accounts[in.seen[m.at].account] = true
	}
	return len(in.accounts)
}

// enough returns where the first of the members end that are of so many accounts;
// 0 where they are not.
func (in *Inputs) enough(members []troubled, need int) int {
	if !in.ofProbes {
		if len(members) < need {
			return 0
		}
		return need
	}
	in.noAccounts()
	for i, m := range members {
		in.accounts[in.seen[m.at].account] = true
		if len(in.accounts) >= need {
			return i + 1
		}
	}
	return 0
}

// gatherTroubled leaves in troubled the accounts that are, the first one first. One
// that cannot be judged now is as it was.
func (in *Inputs) gatherTroubled() {
	in.troubled = in.troubled[:0]
	for i := range in.found {
		f, s := &in.found[i], in.seen[i]
		if s.account != "" && (f.Condition == Bad || f.Condition == Unseen && s.firing) {
			in.troubled = append(in.troubled, troubled{at: i, began: s.began})
		}
	}
	slices.SortFunc(in.troubled, func(a, b troubled) int {
		return cmp.Or(a.began.Compare(b.began), cmp.Compare(in.found[a.at].Target, in.found[b.at].Target))
	})
}

// crowd returns the first so many and more that came into trouble within an hour,
// none of them before the last incident of many ended, and some of them only now.
// What another rule explains is no part of it.
func (t Table) crowd(in *Inputs, r *Rule, s State, states States, need int) []troubled {
	if len(in.troubled) < need {
		return nil
	}
	in.troubled = slices.DeleteFunc(in.troubled, func(m troubled) bool {
		old := s.LastEnd != nil && m.began.Before(*s.LastEnd)
		return old || in.found[m.at].Explained != "" || t.MutedBy(r.ID, in.found[m.at].Target, states) != ""
	})
	all := in.troubled
	for first := range all {
		end := first
		news := false
		for end < len(all) && all[end].began.Sub(all[first].began) <= fleetWithin {
			news = news || !in.seen[all[end].at].firing
			end++
		}
		if news && in.enough(all[first:end], need) > 0 {
			return all[first:end]
		}
	}
	return nil
}

// attached returns those that belong to an incident of many that began then: they
// came within an hour of its beginning, or later and are many again.
func (in *Inputs) attached(began time.Time, least int) []troubled {
	in.gatherTroubled()
	all := slices.DeleteFunc(in.troubled, func(m troubled) bool { return m.began.Before(began) })
	for i := range all {
		first := all[i].began
		if first.Sub(began) <= fleetWithin {
			all[i].among = true
		} else if n := in.enough(all[i:], least); n > 0 && all[i+n-1].began.Sub(first) <= fleetWithin {
			for j := i; j < i+n; j++ {
				all[j].among = true
			}
		}
	}
	return slices.DeleteFunc(all, func(m troubled) bool { return !m.among })
}

func (in *Inputs) sayTogether(f *Finding, r *Rule, members []troubled) {
	f.Condition, f.Since = Bad, members[0].began
	for _, m := range members {
		f.Members = join(f.Members, []string{in.found[m.at].Target})
		f.Probes = join(f.Probes, in.found[m.at].Probes)
		f.Accounts = join(f.Accounts, []string{in.seen[m.at].account})
	}
	n := int64(f.Observed)
	f.Summary = in.ofAll(r, n) + " since " + words.Moment(f.Since) + ": " + words.List(f.Accounts, n)
}

// ofAll says how many of all accounts are in the trouble.
func (in *Inputs) ofAll(r *Rule, n int64) string {
	return words.Number(n) + " of " + words.Counted(max(in.allAccounts(), n), "account") + " " + r.Fleet.Many
}

// sayLeft says of an incident of many that is over who is in that trouble still: not
// all need be well.
func (in *Inputs) sayLeft(f *Finding, r *Rule, s State) {
	f.Until = in.lastBack(s)
	in.gatherTroubled()
	var left []string
	for _, m := range in.troubled {
		if account := in.seen[m.at].account; !slices.Contains(left, account) {
			left = append(left, account)
		}
	}
	f.Observed = float64(len(left))
	f.Summary = "no longer many: " + in.ofAll(r, int64(len(left)))
	if len(left) > 0 {
		f.Summary += ": " + words.List(left, int64(len(left)))
	}
}

// lastBack is when the last of those came out of trouble that did at this look, as
// far as the rule knows.
func (in *Inputs) lastBack(s State) (until time.Time) {
	for i := range in.found {
		f := &in.found[i]
		if f.Condition == Good && in.seen[i].firing && s.Since != nil && !in.seen[i].began.Before(*s.Since) && f.Until.After(until) {
			until = f.Until
		}
	}
	return until
}
