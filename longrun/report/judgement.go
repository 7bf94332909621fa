package report

import (
	"fmt"
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// Outcome is what a Judgement comes to.
type Outcome string

// The outcomes. A bad window is a FAIL and nothing softer: NoData is only where
// not a single slot counts. SoFar is a window of which a part is not known, and in
// whose known part no more was missed than may be: it may fail yet, and has not
// passed.
const (
	Pass   Outcome = "PASS"
	Fail   Outcome = "FAIL"
	SoFar  Outcome = "SO FAR"
	NoData Outcome = "NO DATA"
)

// Judgement holds the coverage against what is aimed for in a window of its length.
type Judgement struct {
	Outcome Outcome `json:"result"`
	// Known is the share of the window that was asked for of which anything is
	// known, 0 to 1: what lies before the first moment known, or is to come, is not.
	Known float64 `json:"known"`
	// Target is the least coverage that passes, and Basis says where it comes
	// from.
	Target float64 `json:"target"`
	Basis  string  `json:"basis"`
	// MayMiss is how many slots may be missed at most, of all that count.
	MayMiss int `json:"mayMiss"`
	// Text is the verdict in a sentence.
	Text string `json:"text"`
}

const day = 24 * time.Hour

// Target returns the coverage that a window of this length is held to, and where
// that comes from: 99.0 % from 7 days on, 99.5 % from 30, 99.7 % from 90 and
// 99.8 % from 180. A shorter one is held to threshold, the live setting
// insufficientDataThreshold. A length between two of these is held to the lower
// one, so that a month of 31 days is no easier than one of 30.
func Target(length time.Duration, threshold float64) (target float64, basis string) {
	for _, tier := range []struct {
		days   int
		target float64
	}{{180, 0.998}, {90, 0.997}, {30, 0.995}, {7, 0.99}} {
		if length >= time.Duration(tier.days)*day {
			return tier.target, fmt.Sprintf("SLO of windows from %d days on", tier.days)
		}
	}
	return threshold, "insufficientDataThreshold of the settings, for windows under 7 days"
}

func verdictOf(asked longrun.Window, c longrun.Coverage, threshold float64, interval time.Duration) Judgement {
	v := Judgement{Outcome: NoData}
	length := asked.To.Sub(asked.From)
	v.Target, v.Basis = Target(length, threshold)
	if !c.HasData() {
		v.Text = "NO DATA: not a single slot of the window counts."
		return v
	}
	partly := c.From.After(asked.From) || asked.To.Sub(c.End()) > interval
	v.Known = 1
	if partly {
		v.Known = min(float64(c.Expected)*interval.Seconds()/length.Seconds(), 1)
	}
	need := int(math.Ceil(v.Target*float64(c.Expected) - 1e-9))
	v.MayMiss = max(0, c.Expected-need)
	relation := "is not below"
	switch {
	case c.Written < need:
		v.Outcome, relation = Fail, "is below"
	case partly:
		v.Outcome = SoFar
	default:
		v.Outcome = Pass
	}
	known := ""
	if partly {
		known = fmt.Sprintf("%s of %s known so far; ", figures.Length(time.Duration(c.Expected)*interval), figures.Length(length))
	}
	v.Text = fmt.Sprintf("%s: %s%s of %s slots missed (%s), %s may be; coverage %s %s the target of %s.",
		v.Outcome, known, figures.Count(c.Missed), figures.Count(c.Expected), figures.Length(time.Duration(c.Missed)*interval), figures.Count(v.MayMiss),
		figures.Percent(c.Written, c.Expected), relation, figures.Share(v.Target))
	return v
}
