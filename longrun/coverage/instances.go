package coverage

import (
	"cmp"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// presenceKey tells the lines of the table apart.
type instanceKey struct{ instance, commit string }

func keyOf(p *longrun.InstanceStats) instanceKey { return instanceKey{p.InstanceID, p.CommitHash} }

// join makes one of two lines of the same instance and build.
func joinInstances(p *longrun.InstanceStats, o longrun.InstanceStats) {
	if o.First.Before(p.First) {
		p.First = o.First
	}
	if o.Last.After(p.Last) {
		p.Last = o.Last
	}
	p.Beats += o.Beats
	p.EpochFrom = min(p.EpochFrom, o.EpochFrom)
	p.EpochTo = max(p.EpochTo, o.EpochTo)
}

func compareInstances(a, b longrun.InstanceStats) int {
	return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last), cmp.Compare(a.InstanceID, b.InstanceID), cmp.Compare(a.CommitHash, b.CommitHash))
}
