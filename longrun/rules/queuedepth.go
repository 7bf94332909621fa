package rules

import (
	"github.com/seed-13dc028d/longwatch/longrun"
)

// QueueDepth names the rule; what it sees is said at CheckQueueDepth.
const QueueDepth longrun.RuleID = "queue_depth"

func queueDepth() Rule {
	return Rule{
		ID: QueueDepth, Severity: longrun.Warning, Policy: Policy{OK: 3}, Each: TheHost,
		Check: func(_ State, in *Inputs, _ Target) Finding {
			return CheckQueueDepth(in.Beat, in.Settings.AlertThresholds.QueueDepthThreshold)
		},
	}
}

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
