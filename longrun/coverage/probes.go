package coverage

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// maxClass bounds the name of a class, in bytes.
const maxClass = 80

// shortened cuts the name of a class at a rune's end.
func shortened(class string, n int) string {
	if len(class) <= n {
		return class
	}
	return strings.ToValidUTF8(class[:n], "") + "…"
}

// otherType is where probes are counted whose type is none, and errors of classes
// that a rollup has no room for.
const otherType = "other"

// unnamedClass stands for an error without a class.
const unnamedClass = "unnamed"

// addProbe counts one probe.
func addProbe(t *longrun.ProbeTally, p longrun.Probe) {
	if p.Trigger == longrun.ByHand {
		t.ByHand++
		if p.Result == longrun.Pass {
			t.ByHandPass++
		}
		return
	}
	t.N++
	point := longrun.ProbePoint{TS: p.TS, Result: p.Result, Ms: longrun.UnknownMs}
	if longrun.KnownMs(p.LatencyMs) {
		point.Ms = p.LatencyMs
	}
	class := shortened(cmp.Or(p.ErrorClass, unnamedClass), maxClass)
	switch p.Result {
	case longrun.Pass:
		t.Pass++
	case longrun.Fail:
		t.Fail++
		point.Class = class
	case longrun.Inconclusive:
		fallthrough
	default:
		t.Inconclusive++
		point.Result, point.Class = longrun.Inconclusive, class
	}
	if point.Class != "" {
		addClass(t, longrun.ClassCount{Class: point.Class, N: 1})
	}
	t.Points = append(t.Points, point)
}

func addClass(t *longrun.ProbeTally, c longrun.ClassCount) {
	i, known := slices.BinarySearchFunc(t.Classes, c.Class, func(have longrun.ClassCount, name string) int { return cmp.Compare(have.Class, name) })
	if !known {
		t.Classes = slices.Insert(t.Classes, i, longrun.ClassCount{Class: c.Class})
	}
	t.Classes[i].N += c.N
}

// joinProbes adds what another tally of the same probe counted.
func joinProbes(t *longrun.ProbeTally, o longrun.ProbeTally) {
	t.N += o.N
	t.Pass += o.Pass
	t.Fail += o.Fail
	t.Inconclusive += o.Inconclusive
	t.ByHand += o.ByHand
	t.ByHandPass += o.ByHandPass
	for _, c := range o.Classes {
		addClass(t, c)
	}
	t.Points = append(t.Points, o.Points...)
}

func comparePoints(a, b longrun.ProbePoint) int {
	return cmp.Or(a.TS.Compare(b.TS), cmp.Compare(a.Result, b.Result), cmp.Compare(a.Ms, b.Ms), cmp.Compare(a.Class, b.Class))
}
