package rules_test

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// seedTable is the rules that are judged by hand here as well, each target by itself.
func seedTable() (t rules.Table) {
	for _, row := range rules.All() {
		switch row.ID {
		case rules.MissedHeartbeats, rules.InstanceDied, rules.StoreUnreachable, rules.LoggedOut, rules.ProbeFails, rules.ProbeOverdue,
			rules.ReconnectLoop, rules.QueueDepth, rules.InsufficientData:
			row.Fleet, row.Explains = rules.Fleet{}, nil
			t = append(t, row)
		}
	}
	return t
}

// newHandBoard knows of each rule by hand what else the table says.
func newHandBoard() *board {
	b := &board{alarms: map[alarmKey]*alarm{}}
	b.policy = func(r longrun.RuleID) rules.Policy {
		if r == rules.QueueDepth || r == rules.InsufficientData {
			return rules.Policy{Bad: 1, OK: 3}
		}
		return rules.Policy{Bad: 1, OK: 1}
	}
	b.severity = func(r longrun.RuleID) longrun.Severity {
		switch r {
		case rules.MissedHeartbeats, rules.StoreUnreachable, rules.LoggedOut, rules.ProbeFails:
			return longrun.Critical
		}
		return longrun.Warning
	}
	b.mutedBy = func(r longrun.RuleID, target string) longrun.RuleID {
		fires := b.State(rules.MissedHeartbeats, "").Phase == rules.Firing
		if fires && (r == rules.InsufficientData || r == rules.QueueDepth || r == rules.InstanceDied) {
			return rules.MissedHeartbeats
		}
		return ""
	}
	return b
}

// lookByHand calls the checks, and does by hand what Judge does with a
// table.
func (b *board) lookByHand(in *rules.Inputs) {
	b.now, b.gone = in.Now, nil
	limits := in.Settings.AlertThresholds
	store := rules.CheckStoreUnreachable(in.Outage.Since, in.Now, time.Duration(limits.StoreUnreachableSec*float64(time.Second)))
	if store.Condition == rules.Good {
		store.Until = in.Outage.Ended
	}
	b.find(store)
	b.find(rules.CheckMissedHeartbeats(b.State(rules.MissedHeartbeats, ""), in.Recent, in.Now, limits.MissedHbPerHour))
	b.find(rules.CheckInstanceDied(b.State(rules.InstanceDied, ""), in.Deaths, in.Recent, in.Now))
	if in.Beat.StatusError == "" && len(in.Accounts) == 0 {
		b.find(rules.CheckLoggedOutCount(in.Beat))
	}
	b.accountsByHand(in, limits)
	for _, p := range in.Probes {
		b.find(rules.CheckProbeFails(p.Named(), p.Recent, limits.ConsecutiveProbeFails))
		since := in.Started.Add(p.Settle)
		if in.LeadBegan.After(since) {
			since = in.LeadBegan
		}
		if now := in.Now; since.After(now) && !in.Started.After(now) && !in.LeadBegan.After(now) {
			since = now
		}
		b.find(rules.CheckProbeOverdue(p.Named(), p.Recent, p.Schedule, since, in.Now, limits.ProbeOverduePeriods))
	}
	b.find(rules.CheckQueueDepth(in.Beat, limits.QueueDepthThreshold))
	b.find(rules.CheckInsufficientData(b.State(rules.InsufficientData, ""), in.Recent, in.Now, in.Settings.InsufficientDataThreshold))
	b.goneByHand(in)
}

// accountsByHand: what is Bad counts at once, then what cannot be told, then what
// is Good, each only where nothing before it spoke of that name.
func (b *board) accountsByHand(in *rules.Inputs, limits longrun.AlertThresholds) {
	var unseen, good []rules.Finding
	for _, a := range in.Accounts {
		for _, f := range []rules.Finding{
			rules.CheckLoggedOut(a),
			rules.CheckReconnectLoop(b.State(rules.ReconnectLoop, a.ID), a, in.Now, limits.ReconnectLoopThreshold),
		} {
			switch f.Condition {
			case rules.Bad:
				b.find(f)
			case rules.Unseen:
				unseen = append(unseen, f)
			case rules.Good:
				good = append(good, f)
			}
		}
	}
	for _, f := range append(unseen, good...) {
		if al := b.at(f.Rule, f.Target); al != nil && !al.Look.Equal(b.now) {
			b.find(f)
		}
	}
}

// goneByHand resolves what fires for a target that nothing spoke of.
func (b *board) goneByHand(in *rules.Inputs) {
	for _, al := range b.alarms {
		if al.State.Phase != rules.Firing && al.State.FlapSince == nil || al.Look.Equal(b.now) {
			continue
		}
		known := false
		switch al.State.Rule {
		case rules.LoggedOut, rules.ReconnectLoop:
			began := in.Started
			if in.LeadBegan.After(began) {
				began = in.LeadBegan
			}
			since := in.Now.Sub(began)
			known = in.Beat.StatusError == "" && (since < 0 || since >= 5*time.Minute)
		case rules.ProbeFails, rules.ProbeOverdue:
			known = in.ProbesKnown
		}
		if known {
			b.find(rules.Finding{Rule: al.State.Rule, Target: al.State.Target, Condition: rules.Good, Until: b.now, Gone: true})
		}
	}
}
