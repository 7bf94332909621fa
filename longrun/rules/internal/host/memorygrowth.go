package host

import (
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// MemoryGrowth names the rule that the process's memory grows towards its limit.
const MemoryGrowth longrun.RuleID = "memory_growth"

// MemoryRule is the row of MemoryGrowth: Bad when nearly every hour of the last day used
// more than the same hour of the day before, by so much of the limit that it is
// reached within four days; and when the last hour used so much of it. What grows
// from morning to noon is no trouble, and neither is a nightly job.
//
// It is Good when that is clearly over: also after a new start, which freed what was
// held. Unseen where there is no limit.
func MemoryRule() Rule {
	return Rule{
		ID: MemoryGrowth, Severity: longrun.Warning, Check: checkMemory,
		Works:  "the memory no longer grows towards its limit",
		LookAt: "what the process holds on to: a heap profile, the number of goroutines; restart it before the limit does",
	}
}

const (
	minPairs = 18
	// risingOf10 is how many hours in ten must have risen, and stillRisingOf10 how many
	// while it fires: there is a margin in which nothing changes, and half as much
	// growth is one too.
	risingOf10, stillRisingOf10 = 9, 7
	maxDaysLeft                 = 4
)

func checkMemory(l *Look) finding.Finding {
	var f finding.Finding
	if l.Memory == nil || l.MemoryLimit <= 0 {
		return f
	}
	limits := &l.Settings.AlertThresholds
	t, limit := l.Memory.trend(l.Now), float64(l.MemoryLimit)
	used := 100 * float64(t.newest) / limit
	least, rising := limit*limits.MemoryGrowthPercent/100, risingOf10
	if l.Before.Firing {
		least, rising = least/2, stillRisingOf10
	}
	grows := t.pairs >= minPairs && 10*t.rising >= rising*t.pairs && t.perDay > 0 && t.perDay >= least && (limit-float64(t.top))/t.perDay <= maxDaysLeft
	switch {
	case t.newest > 0 && used >= limits.MemoryFullPercent:
		f.Condition, f.Observed, f.Threshold = finding.Bad, used, limits.MemoryFullPercent
		f.Since = l.Now.Truncate(time.Hour).Add(-time.Hour)
		f.Summary = "the process used " + percent(used) + " of the memory that it may use in the last hour, " + percent(limits.MemoryFullPercent) + " are too much"
	case grows:
		f.Condition, f.Observed, f.Threshold = finding.Bad, 100*t.perDay/limit, limits.MemoryGrowthPercent
		left := time.Duration((limit - float64(t.top)) / t.perDay * float64(24*time.Hour))
		f.Summary = "the process uses " + percent(f.Observed) + " of its memory's limit more than a day ago, and reaches it in " +
			words.Counted(int64(max(left, 0)/time.Hour), "hour")
	default:
		f.Condition = finding.Good
	}
	return f
}

func percent(p float64) string { return strconv.FormatFloat(p, 'f', 1, 64) + " %" }
