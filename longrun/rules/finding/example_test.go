package finding_test

import (
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
)

// A rule of one's own says what it saw, and since when it is so.
func ExampleFinding() {
	full := func(percent float64) finding.Finding {
		f := finding.Finding{Condition: finding.Good, Observed: percent, Threshold: 90}
		if percent > 90 {
			f.Condition, f.Since = finding.Bad, time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
			f.Summary = fmt.Sprintf("the disk is %.0f %% full, more than 90 %% is too much", percent)
		}
		return f
	}
	fmt.Println(full(12).Condition == finding.Good, full(95).Summary)
	// Output: true the disk is 95 % full, more than 90 % is too much
}
