package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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

// Target returns the coverage that a window of this length is held to by
// longrun.DefaultTargets, and where that comes from: 99.0 % from 7 days on, 99.5 % from
// 30, 99.7 % from 90 and 99.8 % from 180. A shorter one is held to threshold, the live
// setting insufficientDataThreshold. A length between two of these is held to the lower
// one, so that a month of 31 days is no easier than one of 30.
func Target(length time.Duration, threshold float64) (target float64, basis string) {
	targets := longrun.DefaultTargets()
	if t, ok := targetOf(targets, length); ok {
		return share(t), basisOf(t)
	}
	return threshold, basisOfShort(targets)
}

// targetOf is the target that a window of this length is held to: that of the longest
// window that is not longer.
func targetOf(targets []longrun.Target, length time.Duration) (held longrun.Target, ok bool) {
	for _, t := range targets {
		if t.Length() <= length && (!ok || t.Days > held.Days) {
			held, ok = t, true
		}
	}
	return held, ok
}

// share is the target from 0 to 1, the float that is next to it.
func share(t longrun.Target) float64 {
	return float64(1_000_000-t.PerMillion()) / 1_000_000
}

func basisOf(t longrun.Target) string {
	return "SLO of windows from " + figures.Plural(int(t.Days), "day") + " on"
}

func basisOfShort(targets []longrun.Target) string {
	least := slices.MinFunc(targets, func(a, b longrun.Target) int { return cmp.Compare(a.Days, b.Days) })
	return "insufficientDataThreshold of the settings, for windows under " + figures.Plural(int(least.Days), "day")
}

func verdictOf(asked longrun.Window, c longrun.Coverage, o Options, interval time.Duration) Judgement {
	v := Judgement{Outcome: NoData}
	length := asked.To.Sub(asked.From)
	target, long := targetOf(o.Targets, length)
	if long {
		v.Target, v.Basis = share(target), basisOf(target)
	} else {
		v.Target, v.Basis = o.Threshold, basisOfShort(o.Targets)
	}
	if !c.HasData() {
		v.Text = "NO DATA: not a single slot of the window counts."
		return v
	}
	partly := c.From.After(asked.From) || asked.To.Sub(c.End()) > interval
	v.Known = 1
	if partly {
		v.Known = min(float64(c.Expected)*interval.Seconds()/length.Seconds(), 1)
	}
	v.MayMiss = max(0, c.Expected-int(math.Ceil(v.Target*float64(c.Expected)-1e-9)))
	if long {
		v.MayMiss = int(target.MayMiss(int64(c.Expected)))
	}
	relation := "is not below"
	switch {
	case c.Missed > v.MayMiss:
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
