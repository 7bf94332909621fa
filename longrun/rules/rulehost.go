package rules

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// CheckQueueDepth is Bad when more than threshold messages wait, since the beat
// that says so. It is Unseen when the host could not say.
func CheckQueueDepth(h longrun.Heartbeat, threshold int64) Finding {
	f := Finding{Rule: QueueDepth, Threshold: float64(threshold)}
	if h.StatusError != "" {
		return f
	}
	f.Condition, f.Observed = Good, float64(h.QueueDepth)
	if h.QueueDepth > threshold {
		f.Condition, f.Since = Bad, h.TS
		f.Summary = counted(h.QueueDepth, "message") + " waiting to be sent at " + moment(h.TS) + tooMany(threshold)
	}
	return f
}

// reconnectQuiet is how long an account must stay connected until its loop has
// ended.
const reconnectQuiet = 10 * time.Minute

// CheckReconnectLoop is Bad when the account reconnected more than threshold
// times in the last hour and last did so within ten minutes, since the first one
// that is later than the last incident. It is Good once ten minutes have passed
// without one: the loop ended with the last. In between it is Unseen.
//
// Reconnects that the last incident ended with make no second one. A new one,
// while more than threshold still lie in the hour, is the loop again, since then.
func CheckReconnectLoop(s State, a longrun.AccountStatus, now time.Time, threshold int64) Finding {
	f := Finding{Rule: ReconnectLoop, Target: a.ID, Observed: float64(a.Reconnects), Threshold: float64(threshold)}
	if now.Sub(a.LastReconnect) >= reconnectQuiet {
		f.Condition, f.Until = Good, a.LastReconnect
		return f
	}
	fresh := s.LastEnd == nil || a.LastReconnect.After(*s.LastEnd)
	if a.Reconnects <= threshold || !fresh {
		return f
	}
	f.Condition, f.Since, f.Accounts = Bad, a.FirstReconnect, []string{a.ID}
	if s.LastEnd != nil && !a.FirstReconnect.After(*s.LastEnd) {
		f.Since = a.LastReconnect
	}
	f.Summary = "account " + a.ID + " reconnected " + counted(a.Reconnects, "time") + " in the last hour, last at " + moment(a.LastReconnect) + tooMany(threshold)
	return f
}

// CheckLoggedOut is Bad while the account is out until a person does something,
// since it came into that state, and else Good.
func CheckLoggedOut(a longrun.AccountStatus) Finding {
	f := Finding{Rule: LoggedOut, Target: a.ID}
	if !a.LoggedOut {
		f.Condition = Good
		return f
	}
	f.Condition, f.Since, f.Observed, f.Accounts = Bad, a.Since, 1, []string{a.ID}
	f.Summary = "account " + a.ID + " is out"
	if !a.Since.IsZero() {
		f.Summary += " since " + moment(a.Since)
	}
	if a.Reason != "" {
		f.Summary += " (" + a.Reason + ")"
	}
	f.Summary += ", and stays so until somebody acts: pair it again, update the client, or lift the ban"
	return f
}

// CheckLoggedOutCount is CheckLoggedOut for hosts that name no accounts: Bad while
// any needs a QR code, since the beat that says so. It is Unseen when the host
// could not say.
func CheckLoggedOutCount(h longrun.Heartbeat) Finding {
	f := Finding{Rule: LoggedOut}
	if h.StatusError != "" {
		return f
	}
	f.Condition, f.Observed = Good, float64(h.NeedsQRCount)
	if h.NeedsQRCount > 0 {
		f.Condition, f.Since = Bad, h.TS
		f.Summary = counted(h.NeedsQRCount, "account") + " out at " + moment(h.TS) + ", until somebody scans a QR code"
	}
	return f
}

// CheckStoreUnreachable is Bad when the store has been away for after or longer,
// since then. A zero since says that the store is well, and is Good; before after
// has passed it is Unseen.
func CheckStoreUnreachable(since, now time.Time, after time.Duration) Finding {
	f := Finding{Rule: StoreUnreachable, Threshold: after.Seconds()}
	if since.IsZero() {
		f.Condition = Good
		return f
	}
	away := now.Sub(since)
	f.Observed = max(0, away.Seconds())
	if away >= after {
		f.Condition, f.Since = Bad, since
		f.Summary = "the store cannot be reached since " + moment(since) + ", for " + span(away) + ", " + span(after) + " are too long"
	}
	return f
}
