package rules

import (
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// ProbeFails names the rule; what it sees is said at CheckProbeFails.
const ProbeFails longrun.RuleID = "probe_fails"

func probeFails() Rule {
	return Rule{
		ID: ProbeFails, Severity: longrun.Critical, Each: EachProbe, Known: ProbesKnown,
		Works:  "the probe passes again",
		LookAt: "the error class of the newest probes, and the state of both accounts that take part in it",
		Fleet:  Fleet{Share: usualShare, Many: "have probes that fail"},
		Check: func(_ State, in *Inputs, t Target) Finding {
			return checkProbeFails(t.Probe.Named(), t.Name, t.Probe.whose(), t.Probe.Recent, in.Settings.AlertThresholds.ConsecutiveProbeFails)
		},
	}
}

// CheckProbeFails is Bad when the newest results of probe n are at least threshold
// FAILs in a row, since the first of them. An INCONCLUSIVE result neither counts
// nor breaks the row. Results are the newest ones known, oldest first, however
// they were asked for; of another probe they are ignored.
//
// It is Good when a PASS ended the row before, also if a FAIL too few came after
// it: the condition ended at the first PASS after the last FAIL of that row.
// Without a PASS and with too few FAILs nothing is known, and it is Unseen.
func CheckProbeFails(n longrun.NamedProbe, results []longrun.Probe, threshold int64) Finding {
	return checkProbeFails(n, n.String(), n.Name, results, threshold)
}

func checkProbeFails(n longrun.NamedProbe, target, whose string, results []longrun.Probe, threshold int64) Finding {
	f := Finding{Rule: ProbeFails, Target: target, Threshold: float64(max(threshold, 1))}
	var fails int64
	first, last := -1, -1 // of the row of FAILs
	i := len(results) - 1
	for ; i >= 0; i-- {
		p := &results[i]
		if p.Named() != n {
			continue
		}
		if p.Result == longrun.Pass {
			break
		}
		if p.Result == longrun.Fail {
			fails++
			first = i
			if last < 0 {
				last = i
			}
		}
	}
	f.Observed = float64(fails)
	if fails >= max(threshold, 1) {
		f.Condition, f.Since = Bad, results[first].TS
		f.Probes = failKeys(n, results[first:], fails)
		f.Summary = failText(&results[last], whose, fails, results[first].TS, max(threshold, 1))
		return f
	}
	for ; i >= 0; i-- { // the row of PASSes before
		p := &results[i]
		if p.Named() == n && p.Result == longrun.Fail {
			break
		}
		if p.Named() == n && p.Result == longrun.Pass {
			f.Condition, f.Until = Good, p.TS
		}
	}
	return f
}

func failKeys(n longrun.NamedProbe, results []longrun.Probe, fails int64) []string {
	keys := make([]string, 0, min(fails, longrun.MaxEvidence))
	for i := range results {
		if p := &results[i]; p.Named() == n && p.Result == longrun.Fail && len(keys) < longrun.MaxEvidence {
			keys = append(keys, p.ProbeKey)
		}
	}
	return keys
}

func failText(last *longrun.Probe, whose string, fails int64, since time.Time, threshold int64) string {
	text := words.Counted(fails, string(last.Type)+" probe")
	if whose != "" {
		text += " of " + whose
	}
	text += " failed in a row since " + words.Moment(since)
	if last.ErrorClass != "" {
		text += ", the last one with " + last.ErrorClass
	}
	if last.Target != "" {
		text += " (" + last.Target + ")"
	}
	text += ", " + strconv.FormatInt(threshold, 10) + " in a row are too many"
	if means := meaning(last); means != "" {
		text += ": " + means
	}
	return text
}

// meaning says in words what a failed probe of a messaging account found, and where that
// is likely to be mended; nothing of a class that it does not know.
func meaning(p *longrun.Probe) string {
	if p.ErrorClass == "acked_not_delivered" && p.Type == longrun.Inbound {
		return "the server took the message, and the account, which seems connected, never got it; connect it anew"
	}
	return meanings[p.ErrorClass]
}

// meanings are those of the classes, by the names that package whatsappprobe has for
// them.
var meanings = map[string]string{ //nolint:gochecknoglobals // a table, never changed
	"acked_not_delivered": "the server took the message, and nobody got it",
	"ack_refused_463":     "the account may not write to people who do not know it",
	"arrived_late":        "the message came after its time",
	"client_outdated":     "the server refuses this version of the client library",
	"duplicate":           "a message came twice",
	"host_missed":         "the account's client has the message, and the host behind it did not take it; look at its handler, its queue, its database",
	"logged_out":          "the account is unlinked; pair it again",
	"missing":             "messages did not come",
	"no_ack":              "the server did not confirm the message",
	"not_connected":       "the account has no connection",
	"not_sent":            "the keys of the other account's devices were not to be had",
	"number_unknown":      "the number is not on the service",
	"out_of_order":        "messages came in another order",
	"partly_delivered":    "a linked device of the receiver has the message, and its phone, which is awake, has not",
	"replay_lost":         "what was sent while the account was away did not come when it was back",
	"send_blocked":        "another send of the account holds it up",
	"stopped":             "the account's session was ended or refused",
	"undecryptable":       "the message came, and could not be read",
}
