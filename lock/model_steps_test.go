//go:build !race

package lock_test

import (
	"fmt"
	"slices"
)

// This file has the steps of the model: what each part of it may do next.

// send puts a message under way; false when there is no room in the model.
func (c *checker) send(s *state, m message) bool {
	for i := range c.b.flying {
		if s.flying[i] == (message{}) {
			s.flying[i] = m
			return true
		}
	}
	return false
}

// ask lets one more instance find the row free or expired, and try to take it.
func (c *checker) ask(at int32, s state) {
	if s.lastOwner == c.b.grants {
		return
	}
	i := int8(slices.IndexFunc(s.nodes[:], func(n node) bool { return n.phase == idle }))
	s.lastOwner++
	m := message{from: i, base: s.row.version, epoch: s.row.epoch + 1, owner: s.lastOwner, grant: true}
	s.nodes[i] = node{phase: asking, epoch: m.epoch, owner: m.owner}
	if c.send(&s, m) {
		c.add(s, at, fmt.Sprintf("instance %d finds the row %+v free or expired and asks for epoch %d", m.owner, s.row, m.epoch))
	}
}

// overthrow lets one more instance be told that the holder of the row is dead, which
// may lead and write, and ask for its lock.
func (c *checker) overthrow(at int32, s state) {
	if s.lastOwner == c.b.grants {
		return
	}
	if slices.ContainsFunc(s.nodes[:], func(n node) bool { return n.phase >= leading && n.owner == s.row.owner }) {
		c.seen["a living holder is overthrown"] = true
	}
	i := int8(slices.IndexFunc(s.nodes[:], func(n node) bool { return n.phase == idle }))
	s.lastOwner++
	m := message{from: i, base: s.row.version, epoch: s.row.epoch + 1, owner: s.lastOwner, grant: true, free: c.p.sure}
	s.nodes[i] = node{phase: asking, epoch: m.epoch, owner: m.owner}
	if c.send(&s, m) {
		c.add(s, at, fmt.Sprintf("instance %d is told that the holder of %+v is dead and asks for epoch %d", m.owner, s.row, m.epoch))
	}
}

func (c *checker) stepNode(at int32, s state, i int8) {
	n := s.nodes[i]
	t := s
	t.nodes[i] = node{} // what it sent goes on without it
	c.add(t, at, fmt.Sprintf("instance %d crashes", n.owner))
	switch n.phase {
	case idle: // it only crashes
	case asking:
		t := s
		t.nodes[i].phase = unsure
		c.add(t, at, fmt.Sprintf("instance %d gives up waiting for its grant", n.owner))
	case unsure:
		t := s
		if s.row.owner == n.owner && s.row.epoch == n.epoch {
			t.nodes[i] = node{phase: leading, epoch: n.epoch, owner: n.owner, version: s.row.version, seq: s.row.seq}
			c.seen["a grant is adopted"] = true
		} else {
			t.nodes[i] = node{}
		}
		c.add(t, at, fmt.Sprintf("instance %d reads back its grant", n.owner))
	case leading:
		c.lead(at, s, i)
	case writing:
		t := s
		t.nodes[i].phase = reading
		c.add(t, at, fmt.Sprintf("instance %d gives up waiting for its write", n.owner))
	case reading:
		c.readBack(at, s, i)
	}
}

// lead starts a call, or releases.
func (c *checker) lead(at int32, s state, i int8) {
	n := s.nodes[i]
	if n.open && !c.p.reuse { // settle the call before, with a bare renewal
		t := s
		t.nodes[i].op, t.nodes[i].full, t.nodes[i].plain = 0, 0, 0
		c.attempt(at, t, i, false, "to settle")
		return
	}
	if s.ops < c.b.ops {
		t := s
		t.ops++
		t.nodes[i].op, t.nodes[i].full, t.nodes[i].plain = t.ops, 0, 0
		c.attempt(at, t, i, false, fmt.Sprintf("with op %d", t.ops))
	}
	t := s
	m := message{from: -1, base: n.version, epoch: n.epoch, seq: n.seq + 1}
	t.nodes[i] = node{}
	if c.send(&t, m) {
		c.add(t, at, fmt.Sprintf("instance %d releases epoch %d", n.owner, n.epoch))
	}
}

// attempt sends the call of node i once more, with its op or plain.
func (c *checker) attempt(at int32, t state, i int8, plain bool, why string) {
	n := &t.nodes[i]
	seq := n.seq + 1
	if !c.p.reuse {
		n.seq = seq
	}
	m := message{from: i, base: n.version, epoch: n.epoch, owner: n.owner, seq: seq, op: n.op, call: true, plain: plain}
	if plain {
		m.op = 0
		n.plain |= 1 << seq
	} else {
		n.full |= 1 << seq
	}
	n.phase = writing
	if seq <= c.b.attempts && c.send(&t, m) {
		c.add(t, at, fmt.Sprintf("instance %d writes seq %d on version %d %s", n.owner, seq, n.version, why))
	}
}

// readBack asks the row what became of the call.
func (c *checker) readBack(at int32, s state, i int8) {
	n := s.nodes[i]
	t := s
	t.nodes[i].phase, t.nodes[i].open = leading, true
	t.nodes[i].op, t.nodes[i].full, t.nodes[i].plain = 0, 0, 0
	c.add(t, at, fmt.Sprintf("instance %d's caller gives up: unknown", n.owner))

	t = s
	switch {
	case c.p.fence != "row": // these leaders ask nobody
	case s.row.owner != n.owner || s.row.epoch != n.epoch:
		t.nodes[i] = node{}
		c.add(t, at, fmt.Sprintf("instance %d reads that it has lost", n.owner))
		c.seen["a loss is read back"] = true
	case s.row.version != n.version && n.full&(1<<s.row.seq) != 0:
		c.seen["a lost reply is read back"] = true
		c.landed(at, t, i, false, s.row.version, s.row.seq, "reads back")
	case s.row.version != n.version && n.plain&(1<<s.row.seq) != 0:
		c.landed(at, t, i, true, s.row.version, s.row.seq, "reads back")
	case c.p.hasty && n.op != 0:
		c.landed(at, t, i, true, n.version, n.seq, "does not find")
	default:
		t.nodes[i].version = s.row.version
		t.nodes[i].seq = max(n.seq, s.row.seq)
		c.attempt(at, t, i, false, "again")
		if n.op != 0 {
			c.attempt(at, t, i, true, "without its op")
		}
	}
}

// landed is what a leader concludes of its call.
func (c *checker) landed(at int32, t state, i int8, plain bool, version, seq int8, how string) {
	n := &t.nodes[i]
	action := fmt.Sprintf("instance %d %s that seq %d landed", n.owner, how, seq)
	if n.op != 0 {
		bit := uint8(1) << n.op
		if plain {
			t.denied |= bit
			c.seen["an op is reported as not written"] = true
			if t.stored&bit != 0 {
				c.fail(at, action, fmt.Sprintf("op %d is reported as not written and is stored", n.op))
			}
		} else {
			t.said |= bit
			c.seen["an op is reported as written"] = true
			if t.stored&bit == 0 {
				c.fail(at, action, fmt.Sprintf("op %d is reported as written and is not stored", n.op))
			}
		}
	}
	n.phase, n.open, n.version, n.seq = leading, false, version, max(n.seq, seq)
	n.op, n.full, n.plain = 0, 0, 0
	c.add(t, at, action)
}

// deliver lets a message arrive, and its reply get lost or not.
func (c *checker) deliver(at int32, s state, k int, lost bool) {
	m := s.flying[k]
	t := s
	t.flying[k] = message{}
	action := fmt.Sprintf("the store gets %+v", m)
	applies := m.free || s.row.version == m.base
	if m.call && c.p.fence != "row" {
		applies = c.p.fence == "none" || m.epoch >= s.applied
	}
	version := m.base
	if applies {
		if s.lastVersion == c.b.versions {
			return
		}
		version = c.apply(at, &t, m, action)
	}
	if lost || m.from < 0 {
		c.add(t, at, action+", and its reply is lost")
		return
	}
	n := s.nodes[m.from]
	switch {
	case m.grant && n.phase == asking && n.owner == m.owner && applies:
		t.nodes[m.from] = node{phase: leading, epoch: m.epoch, owner: m.owner, version: version, seq: m.seq}
		c.add(t, at, action)
	case m.grant && n.phase == asking && n.owner == m.owner:
		t.nodes[m.from].phase = unsure
		c.add(t, at, action+" and refuses")
	case m.call && n.phase == writing && n.owner == m.owner && (n.full|n.plain)&(1<<m.seq) != 0 && n.version == m.base &&
		(c.p.reuse || n.seq == m.seq) && (m.plain || n.op == m.op):
		if applies {
			c.landed(at, t, m.from, m.plain, version, m.seq, "hears")
			return
		}
		t.nodes[m.from].phase = reading
		c.add(t, at, action+" and refuses")
	default:
		c.add(t, at, action+", and nobody waits for the reply")
	}
}

// apply is the store's atomic commit, and where promises are watched.
func (c *checker) apply(at int32, t *state, m message, action string) int8 {
	if m.op != 0 {
		if m.epoch != t.row.epoch || m.owner != t.row.owner {
			c.fail(at, action, fmt.Sprintf("op %d of epoch %d is applied while the row is %+v", m.op, m.epoch, t.row))
		}
		if m.epoch < t.applied {
			c.fail(at, action, fmt.Sprintf("an op of epoch %d is applied after one of epoch %d", m.epoch, t.applied))
		}
		if t.denied&(1<<m.op) != 0 {
			c.fail(at, action, fmt.Sprintf("op %d was reported as not written and lands after all", m.op))
		}
		t.applied = max(t.applied, m.epoch)
		t.stored |= 1 << m.op
	}
	if m.call && c.p.fence != "row" {
		return m.base // it does not touch the row
	}
	t.lastVersion++
	if m.grant {
		c.seen[fmt.Sprintf("epoch %d is granted", m.epoch)] = true
		if m.epoch <= t.granted {
			c.fail(at, action, fmt.Sprintf("epoch %d is granted after epoch %d", m.epoch, t.granted))
		}
		t.granted = max(t.granted, m.epoch)
	}
	if m.owner == 0 && c.p.delete {
		t.row = modelRow{}
		return 0
	}
	t.row = modelRow{epoch: m.epoch, owner: m.owner, seq: m.seq, version: t.lastVersion}
	return t.lastVersion
}
