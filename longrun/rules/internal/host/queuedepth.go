package host

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// QueueDepth names the rule; what it sees is said at CheckQueueDepth.
const QueueDepth longrun.RuleID = "queue_depth"

// QueueRule is the row of QueueDepth.
func QueueRule() Rule {
	return Rule{
		ID: QueueDepth, Severity: longrun.Warning, OK: 3,
		Works:  "the queue is short again",
		LookAt: "what takes messages from the queue: does it hang, or is more written than it can send",
		Check: func(l *Look) finding.Finding {
			return CheckQueueDepth(l.Beat, l.Settings.AlertThresholds.QueueDepthThreshold)
		},
	}
}

// CheckQueueDepth is Bad when more than threshold messages wait, since the beat
// that says so. It is Unseen when the host could not say.
func CheckQueueDepth(h *longrun.Heartbeat, threshold int64) finding.Finding {
	f := finding.Finding{Rule: QueueDepth, Threshold: float64(threshold)}
	if h.StatusError != "" {
		return f
	}
	f.Condition, f.Observed = finding.Good, float64(h.QueueDepth)
	if h.QueueDepth > threshold {
		f.Condition, f.Since = finding.Bad, h.TS
		f.Summary = words.Counted(h.QueueDepth, "message") + " waiting to be sent at " + words.Moment(h.TS) + words.TooMany(threshold)
	}
	return f
}
