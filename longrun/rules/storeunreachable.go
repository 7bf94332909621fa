package rules

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// StoreUnreachable names the rule; what it sees is said at CheckStoreUnreachable.
const StoreUnreachable longrun.RuleID = "store_unreachable"

// storeUnreachable is judged by each instance from its memory: while the store is
// away, nobody leads for long, and nothing can be written.
func storeUnreachable() Rule {
	return Rule{
		ID: StoreUnreachable, Severity: longrun.Critical, Alone: true, Each: TheHost,
		Works:  "the store answers again",
		LookAt: "the store: does it run, can it be reached from here, is its disk full, do its credentials hold",
		Check: func(_ State, in *Inputs, _ Target) Finding {
			f := CheckStoreUnreachable(in.Outage.Since, in.Now, time.Duration(in.Settings.AlertThresholds.StoreUnreachableSec*float64(time.Second)))
			if f.Condition == Good {
				f.Until = in.Outage.Ended
			}
			return f
		},
	}
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
		f.Summary = "the store cannot be reached since " + words.Moment(since) + ", for " + words.Span(away) + ", " + words.Span(after) + " are too long"
	}
	return f
}
