package longrun

import (
	"cmp"
)

// presenceKey tells the lines of the table apart.
type presenceKey struct{ instance, commit string }

func (p *Presence) key() presenceKey { return presenceKey{p.InstanceID, p.CommitHash} }

// join makes one of two lines of the same instance and build.
func (p *Presence) join(o Presence) {
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

func comparePresence(a, b Presence) int {
	return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last), cmp.Compare(a.InstanceID, b.InstanceID), cmp.Compare(a.CommitHash, b.CommitHash))
}
