//go:build !race

package lock_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// This file checks the protocol exhaustively: every order in which a few
// instances can read, ask, write, lose replies, give up, crash, release and find
// a lease expired, with messages that arrive as late as they like or never. Time
// is not in the model: any row may be found expired at any moment, so what holds
// here holds however wrong every clock is.
//
// What must hold, of operations ("ops") that leaders write:
//
//	current   an op is applied only while the row is of its writer's grant
//	ordered   epochs never fall, neither of grants nor of applied ops
//	honest    an op reported as written is stored; one reported as not written
//	          is not, and never will be

// protocol is what the variants differ in.
type protocol struct {
	fence  string // "row" (the design), "none", or "highest" epoch that the ops' place has seen
	delete bool   // release deletes the row
	reuse  bool   // an attempt takes the seq after the last that landed, used or not
	hasty  bool   // an attempt that is not in the row is reported as not written at once
	liar   bool   // at any moment somebody is told that the holder is dead, and asks for its lock
	sure   bool   // … and, since it is dead, on no condition
}

// bounds keep the state space finite.
type bounds struct {
	nodes, grants, ops int8
	versions           int8 // writes of the row
	attempts           int8 // of one leader
	flying             int8 // messages at a time
}

type modelRow struct{ epoch, owner, seq, version int8 } // version 0: no row

// message is a commit under way. owner 0 releases.
type message struct {
	from         int8 // the node, or −1 once it no longer listens
	base         int8 // the version it is conditioned on
	epoch, owner int8
	seq, op      int8
	grant, free  bool // free of a condition
	call, plain  bool // of a leader; without its op
}

// rank orders messages, so that states which differ in nothing else are one.
func (m message) rank() (r int64) {
	for _, n := range []int8{m.from, m.base, m.epoch, m.owner, m.seq, m.op} {
		r = r<<5 | int64(n+1)
	}
	for _, b := range []bool{m.grant, m.free, m.call, m.plain} {
		r <<= 1
		if b {
			r |= 1
		}
	}
	return r
}

type phase int8

const (
	idle phase = iota
	asking
	unsure // whether the grant landed
	leading
	writing
	reading // back what became of the attempts
)

type node struct {
	phase                 phase
	epoch, owner, version int8
	seq, op               int8  // seqs count from 0 in each grant: the owner tells grants apart
	full, plain           uint8 // the seqs of this call's attempts, as bits
	open                  bool  // a call before ended without knowing
}

// maxNodes and maxFlying are the sizes of a state; bounds stay within.
const (
	maxNodes  = 3
	maxFlying = 3
)

type state struct {
	row                    modelRow
	lastVersion, lastOwner int8
	nodes                  [maxNodes]node
	flying                 [maxFlying]message
	ops                    int8 // issued
	stored, said, denied   uint8
	granted, applied       int8 // highest epochs
}

// checker explores all states that a protocol can reach.
type checker struct {
	p       protocol
	b       bounds
	index   map[state]int32
	states  []state
	parents []int32
	actions []string
	seen    map[string]bool // what happened at all: a model in which nothing can happen proves nothing
	failure string
}

func explore(p protocol, b bounds) *checker {
	c := &checker{p: p, b: b, index: map[state]int32{}, seen: map[string]bool{}}
	c.add(state{}, -1, "")
	for i := 0; i < len(c.states) && c.failure == ""; i++ {
		c.step(int32(i))
	}
	return c
}

func (c *checker) add(s state, parent int32, action string) {
	s.normalize()
	if _, known := c.index[s]; known {
		return
	}
	c.index[s] = int32(len(c.states))
	c.states = append(c.states, s)
	c.parents = append(c.parents, parent)
	c.actions = append(c.actions, action)
}

// normalize makes one of states that differ in nothing but the names of nodes
// and the order of messages.
func (s *state) normalize() {
	order := [maxNodes]int8{0, 1, 2}
	slices.SortFunc(order[:], func(a, b int8) int { return cmp.Compare(s.nodes[a].owner, s.nodes[b].owner) })
	old := s.nodes
	var renamed [maxNodes]int8
	for to, from := range order {
		s.nodes[to], renamed[from] = old[from], int8(to)
	}
	for i := range s.flying {
		m := &s.flying[i]
		switch {
		case *m == (message{}) || m.from < 0:
		case old[m.from].phase == idle:
			m.from = -1 // nobody waits for its reply any more
		default:
			m.from = renamed[m.from]
		}
	}
	slices.SortFunc(s.flying[:], func(a, b message) int { return cmp.Compare(a.rank(), b.rank()) })
}

// fail notes the shortest way to a broken promise.
func (c *checker) fail(from int32, action, promise string) {
	if c.failure != "" {
		return
	}
	way := []string{action + " → " + promise}
	for i := from; i > 0; i = c.parents[i] {
		way = append(way, c.actions[i])
	}
	slices.Reverse(way)
	c.failure = strings.Join(way, "\n")
}

func (c *checker) step(at int32) {
	s := c.states[at]
	busy := int8(0)
	for i := range int8(maxNodes) {
		if s.nodes[i].phase != idle {
			busy++
			c.stepNode(at, s, i)
		}
	}
	if busy < c.b.nodes {
		c.ask(at, s)
		if c.p.liar && s.row.owner != 0 {
			c.overthrow(at, s)
		}
	}
	for i, m := range s.flying {
		if m == (message{}) {
			continue
		}
		for _, lost := range []bool{false, true} {
			c.deliver(at, s, i, lost)
		}
	}
}

func TestModelTheProtocolHoldsInEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	for _, b := range []bounds{
		{nodes: 3, grants: 3, ops: 1, versions: 4, attempts: 2, flying: 2},
		{nodes: 2, grants: 2, ops: 2, versions: 5, attempts: 3, flying: 2},
		{nodes: 2, grants: 2, ops: 1, versions: 4, attempts: 3, flying: 3},
	} {
		c := explore(protocol{fence: "row"}, b)
		require.Empty(t, c.failure, "%+v", b)
		t.Logf("%+v: %d states", b, len(c.states))
		lied := explore(protocol{fence: "row", liar: true}, b)
		require.Empty(t, lied.failure, "%+v", b)
		require.True(t, lied.seen["a living holder is overthrown"], "%+v", b)
		require.Len(t, lied.states, len(c.states), "what lies about who is dead reaches no state that clocks do not")
		for _, event := range []string{
			"a grant is adopted", "a loss is read back", "a lost reply is read back",
			"an op is reported as written", "an op is reported as not written", "epoch 2 is granted",
		} {
			require.True(t, c.seen[event], "%+v: never in the model: %s", b, event)
		}
	}
}

func TestModelFindsWhatIsWrongWithTheVariants(t *testing.T) {
	t.Parallel()
	b := bounds{nodes: 2, grants: 3, ops: 2, versions: 6, attempts: 3, flying: 2}
	for name, c := range map[string]struct {
		p    protocol
		want string
	}{
		"no fence":           {protocol{fence: "none"}, "is applied while the row is"},
		"highest epoch seen": {protocol{fence: "highest"}, "is applied while the row is"},
		"release by delete":  {protocol{fence: "row", delete: true}, "epoch 1 is granted after epoch 1"},
		"reused seq":         {protocol{fence: "row", reuse: true}, "is reported as written and is not stored"},
		"no renewal behind":  {protocol{fence: "row", hasty: true}, "was reported as not written and lands after all"},

		"taken on no condition, as it is dead":  {protocol{fence: "row", liar: true, sure: true}, "is granted after epoch"},
		"a proof instead of the fence":          {protocol{fence: "none", liar: true}, "is applied while the row is"},
		"a proof beside the highest epoch seen": {protocol{fence: "highest", liar: true}, "is applied while the row is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := explore(c.p, b)
			require.Contains(t, found.failure, c.want)
			t.Logf("after %d states:\n%s", len(found.states), found.failure)
		})
	}
}
