package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// NotConnected names the rule that an account is away for too long.
const NotConnected longrun.RuleID = "not_connected"

// The states of accounts that rules tell apart.
const (
	Connected    = "connected"
	reconnecting = "reconnecting"
	degraded     = "degraded"
	needsQR      = "needs_qr"
	stopped      = "stopped"
	Outdated     = "outdated"
)

// AwayRule is the row of NotConnected: Bad when the account has not been connected
// for so long, since it was away, and no longer than anybody watches; Good when it
// is connected, since it is. While the host settles nothing new is Bad.
//
// A client that is too old is another rule's to tell, once for all. Of hosts that
// name no accounts it is Bad while a fifth of them reconnects, for so long: of many,
// some always do.
func AwayRule() Rule {
	return Rule{
		ID: NotConnected, Severity: longrun.Critical, Explains: []longrun.RuleID{"no_ack", "undelivered", ReconnectLoop},
		Probe:  anyProbe,
		Works:  "the account is connected again",
		LookAt: "the host's network, the client's log, and whether WhatsApp is down for others, too",
		Share:  0.2, Many: "are not connected",
		Sees: seeAway, Says: sayAway, Count: countAway,
	}
}

func seeAway(l *Look) finding.Condition {
	a := l.Account
	if a.State == Connected {
		return finding.Good
	}
	if l.Before.Firing && (a.State != "" || !a.Away.IsZero()) {
		return finding.Bad
	}
	since := away(a)
	if since.IsZero() || a.State == Outdated || !l.Plausible(since) || l.Settles() {
		return finding.Unseen
	}
	if l.Now.Sub(later(since, l.Began)) < Seconds(l.Limits.NotConnectedSec) {
		return finding.Unseen
	}
	return finding.Bad
}

// away is since when the account is; zero where that is not known.
func away(a *longrun.AccountStatus) time.Time {
	if a.Away.IsZero() && (a.State == reconnecting || a.State == degraded) {
		return a.Since
	}
	return a.Away
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func sayAway(l *Look, f *finding.Finding) {
	a := l.Account
	f.Threshold = l.Limits.NotConnectedSec
	switch f.Condition {
	case finding.Good:
		if l.Plausible(a.Since) {
			f.Until = a.Since
		}
	case finding.Bad:
		f.Since = later(away(a), l.Began)
		if l.Before.Firing {
			f.Since = l.Before.Since
		}
		if f.Since.After(l.Now) {
			f.Since = l.Now
		}
		gone := l.Now.Sub(f.Since)
		f.Observed = gone.Seconds()
		f.Summary = "account " + a.ID + " is not connected since " + words.Moment(f.Since) + because(why(a)) +
			", more than " + words.Span(Seconds(l.Limits.NotConnectedSec)) + " are too long"
	case finding.Unseen:
	}
}

// why is the account's state and the reason for it.
func why(a *longrun.AccountStatus) string {
	if a.Reason == "" || a.State == "" {
		return a.State + a.Reason
	}
	return a.State + ": " + a.Reason
}

func countAway(l *Look) finding.Finding {
	h := l.Beat
	f := finding.Finding{Observed: float64(h.ReconnectingCount), Threshold: 0.2}
	all := float64(h.ConnectedCount) + float64(h.ReconnectingCount) + float64(h.NeedsQRCount)
	switch {
	case h.StatusError != "" || l.Settles() && !l.Before.Firing:
	case !ManyAway(h):
		f.Condition = finding.Good
	default:
		f.Condition, f.Since, f.For = finding.Bad, h.TS, Seconds(l.Limits.NotConnectedSec)
		f.Observed /= all
		f.Summary = words.Counted(h.ReconnectingCount, "account") + " of " + words.Number(int64(all)) + " not connected since " + words.Moment(h.TS) +
			" or before, " + words.Span(f.For) + " are too long"
	}
	return f
}

// ManyAway reports whether so many accounts of a host that names none are away that
// it is no chance.
func ManyAway(h *longrun.Heartbeat) bool {
	all := float64(h.ConnectedCount) + float64(h.ReconnectingCount) + float64(h.NeedsQRCount)
	return h.ReconnectingCount > 0 && float64(h.ReconnectingCount) >= 0.2*all
}
