package verify_test

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/oldseal"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// tampering is one thing done to one document.
type tampering struct {
	name string
	// do tampers, and says what must be named for it.
	do func(c *crime)
	// says is what the first finding says; empty where that may vary.
	says string
	// signed: only a signature tells.
	signed bool
}

// crime is where a tampering happens.
type crime struct {
	t     testing.TB
	rng   *rand.Rand
	h     *history
	st    store.Store
	l     *ledger.Ledger
	paths []string
	// beside may be named too: the beat behind a tampered one, before which a
	// number is missing.
	beside []string
	any    bool // of two documents that were exchanged, both are to be named
}

func (c *crime) key(i int) store.Key { return c.l.Key(ledger.Heartbeats, c.h.beats[i].BucketID) }

// names says which documents must be named.
func (c *crime) names(keys ...store.Key) {
	for _, k := range keys {
		c.paths = append(c.paths, k.String())
	}
}

// pick returns a beat, its neighbours in the chain being the others that may be
// named where it cannot be.
func (c *crime) pick() int { return c.rng.IntN(len(c.h.beats)) }

func (c *crime) edit(change func(b *longrun.Heartbeat)) { c.editAt(c.pick(), change) }

func (c *crime) editAt(i int, change func(b *longrun.Heartbeat)) {
	b := c.h.beats[i]
	change(&b)
	commit(c.t, c.st, store.Set(c.key(i), b))
	c.names(c.key(i))
	c.behind(i)
}

func (c *crime) behind(i int) {
	if i+1 < len(c.h.beats) {
		c.beside = append(c.beside, c.key(i+1).String())
	}
}

func (c *crime) sealed(change func(r map[string]any, s *longrun.Seal)) {
	id := c.h.seals[c.rng.IntN(len(c.h.seals))]
	r := maps.Clone(c.h.rollups[id])
	s := *c.h.seal(id)
	r["seal"] = &s
	change(r, &s)
	commit(c.t, c.st, store.Set(c.l.Key(ledger.Rollups, id), r))
	c.names(c.l.Key(ledger.Rollups, id))
}

// free returns a slot without a beat in the midst of the chain.
func (c *crime) free() int {
	for {
		if slot := c.rng.IntN(c.h.next); !c.h.filled[slot] && slotTime(slot).After(c.h.beats[0].TS) {
			return slot
		}
	}
}

func (c *crime) insert(b longrun.Heartbeat) {
	key := c.l.Key(ledger.Heartbeats, b.BucketID)
	commit(c.t, c.st, store.Set(key, b))
	c.names(key)
}

var tamperings = []tampering{
	{name: "edit: healthy", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.Healthy = !b.Healthy }) }},
	{name: "edit: counts", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.ConnectedCount++ }) }},
	{name: "edit: instance", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.InstanceID = "other" }) }},
	{name: "edit: epoch", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.Epoch++ }) }},
	{name: "edit: tsIso", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.TSISO = longrun.ISO(b.TS.Add(time.Second)) }) }},
	{name: "edit: bucketId", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.BucketID = "2025-01-01T00-00-00" }) }},
	{name: "edit: prevHash", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.PrevHash = evidence.Hash(*b) }) }},
	{name: "edit: no prevHash", do: func(c *crime) {
		c.edit(func(b *longrun.Heartbeat) { b.PrevHash, b.Late = "", !b.Late })
	}},
	{name: "edit: number", do: func(c *crime) {
		c.edit(func(b *longrun.Heartbeat) {
			for was := b.ChainSeq; b.ChainSeq == was; {
				b.ChainSeq = 1 + c.rng.Int64N(int64(len(c.h.beats))+5)
			}
		})
	}},
	{name: "edit: to the first", do: func(c *crime) {
		c.edit(func(b *longrun.Heartbeat) { b.ChainSeq, b.PrevHash, b.QueueDepth = 1, "", 7 })
	}},
	{name: "edit: out of the chain", do: func(c *crime) { c.edit(func(b *longrun.Heartbeat) { b.ChainSeq, b.PrevHash = 0, "" }) }},
	{name: "edit: the first out of the chain", do: func(c *crime) {
		c.editAt(0, func(b *longrun.Heartbeat) { b.ChainSeq = 0 })
	}},
	{name: "edit: the first behind another", says: "says that another beat came before it", do: func(c *crime) {
		c.editAt(0, func(b *longrun.Heartbeat) { b.PrevHash = evidence.Hash(*b) })
	}},
	{name: "edit: one that does not decode", do: func(c *crime) {
		i := c.pick()
		commit(c.t, c.st, store.Set(c.key(i), map[string]any{"ts": c.h.beats[i].TS, "chainSeq": "first"}))
		c.names(c.key(i))
		c.behind(i)
	}},
	{name: "delete", do: func(c *crime) {
		i := c.pick()
		commit(c.t, c.st, store.Delete(c.key(i)))
		c.names(c.key(i))
		if i > 0 {
			c.names(c.key(i - 1))
		}
		if i+1 < len(c.h.beats) {
			c.names(c.key(i + 1))
		}
	}},
	{name: "delete the last", do: func(c *crime) {
		n := len(c.h.beats)
		commit(c.t, c.st, store.Delete(c.key(n-1)))
		c.names(c.key(n-1), c.key(n-2))
	}},
	{name: "delete the first", do: func(c *crime) {
		commit(c.t, c.st, store.Delete(c.key(0)))
		c.names(c.key(0), c.key(1))
	}},
	{name: "re-time: within its slot", do: func(c *crime) {
		c.edit(func(b *longrun.Heartbeat) { b.TS = b.TS.Add(20 * time.Second) })
	}},
	{name: "re-time: far away", do: func(c *crime) {
		c.edit(func(b *longrun.Heartbeat) { b.TS = slotTime(c.rng.IntN(c.h.next)).Add(55 * time.Second) })
	}},
	{name: "re-time: to no time", do: func(c *crime) {
		i := c.pick()
		b := c.h.beats[i]
		commit(c.t, c.st, store.Set(c.key(i), map[string]any{
			"bucketId": b.BucketID, "ts": b.TSISO, "tsIso": b.TSISO, "chainSeq": b.ChainSeq, "prevHash": b.PrevHash, "epoch": b.Epoch,
		}))
		c.names(c.key(i))
		if i > 0 {
			c.names(c.key(i - 1))
		}
		if i+1 < len(c.h.beats) {
			c.names(c.key(i + 1))
		}
	}},
	{name: "swap two documents", do: func(c *crime) {
		i, k := c.two()
		commit(c.t, c.st, store.Set(c.key(i), c.h.beats[k]), store.Set(c.key(k), c.h.beats[i]))
		c.names(c.key(i), c.key(k))
		c.any = true
	}},
	{name: "swap what two say", do: func(c *crime) {
		i, k := c.two()
		a, b := c.h.beats[i], c.h.beats[k]
		a.BucketID, b.BucketID = b.BucketID, a.BucketID
		commit(c.t, c.st, store.Set(c.key(i), b), store.Set(c.key(k), a))
		c.names(c.key(i), c.key(k))
		c.any = true
	}},
	{name: "swap two times", do: func(c *crime) {
		i, k := c.two()
		a, b := c.h.beats[i], c.h.beats[k]
		a.TS, b.TS = b.TS, a.TS
		commit(c.t, c.st, store.Set(c.key(i), a), store.Set(c.key(k), b))
		c.names(c.key(i), c.key(k))
		c.any = true
	}},
	{name: "move", do: func(c *crime) {
		i, slot := c.pick(), c.free()
		key := c.l.Key(ledger.Heartbeats, longrun.SlotAt(slotTime(slot), time.Minute).ID(time.Minute))
		commit(c.t, c.st, store.Delete(c.key(i)), store.Set(key, c.h.beats[i]))
		c.names(key)
	}},
	{name: "insert: a copy", do: func(c *crime) {
		key := c.l.Key(ledger.Heartbeats, longrun.SlotAt(slotTime(c.free()), time.Minute).ID(time.Minute))
		commit(c.t, c.st, store.Set(key, c.h.beats[c.pick()]))
		c.names(key)
	}},
	{name: "insert: one that links", do: func(c *crime) {
		i := c.pick()
		b, _ := evidence.Head{ChainSeq: int64(i), Hash: c.h.beats[i].PrevHash}.Next(c.forged())
		c.insert(b)
	}},
	{name: "insert: one behind the head", do: func(c *crime) {
		b, _ := c.h.head.Next(c.forged())
		c.insert(b)
	}},
	{name: "insert: one that begins a chain", do: func(c *crime) {
		b, _ := evidence.Head{}.Next(c.forged())
		c.insert(b)
	}},
	{name: "insert: one that begins a chain, before it all", do: func(c *crime) {
		b := longrun.Beat(day0.Add(-time.Hour), time.Minute)
		b, _ = evidence.Head{}.Next(b)
		c.insert(b)
	}},
	{name: "insert: one without the chain", do: func(c *crime) {
		b := longrun.Beat(slotTime(c.free()), time.Minute)
		c.insert(b)
	}},
	{name: "insert: one with nothing but a time", do: func(c *crime) {
		key := c.l.Key(ledger.Heartbeats, longrun.SlotAt(slotTime(c.free()), time.Minute).ID(time.Minute))
		commit(c.t, c.st, store.Set(key, map[string]any{"ts": slotTime(c.free())}))
		c.names(key)
	}},
	{name: "seal: lastHash", do: func(c *crime) {
		c.sealed(func(_ map[string]any, s *longrun.Seal) { s.LastHash = c.h.beats[1+c.rng.IntN(9)].PrevHash })
	}},
	{name: "seal: numbers", do: func(c *crime) { c.sealed(func(_ map[string]any, s *longrun.Seal) { s.FirstSeq++ }) }},
	{name: "seal: a shorter one", do: func(c *crime) {
		c.sealed(func(_ map[string]any, s *longrun.Seal) {
			s.LastSeq--
			s.Beats--
			s.LastHash = c.h.beats[s.LastSeq].PrevHash
		})
	}},
	{name: "seal: one that begins later", do: func(c *crime) {
		c.sealed(func(_ map[string]any, s *longrun.Seal) {
			s.FirstSeq++
			s.Beats--
			s.PrevHash = c.h.beats[s.FirstSeq-1].PrevHash
		})
	}},
	{name: "seal: removed", do: func(c *crime) { c.sealed(func(r map[string]any, _ *longrun.Seal) { r["seal"] = (*longrun.Seal)(nil) }) }},
	{name: "seal: its rollup removed", do: func(c *crime) {
		c.sealed(func(map[string]any, *longrun.Seal) {})
		commit(c.t, c.st, store.Delete(c.l.Key(ledger.Rollups, c.paths[0][len(c.l.Path(ledger.Rollups))+1:])))
	}},
	{name: "seal: its time", do: func(c *crime) { c.sealed(func(_ map[string]any, s *longrun.Seal) { s.TS = s.TS.Add(time.Hour) }) }, signed: true},
	{name: "seal: signature", do: func(c *crime) {
		c.sealed(func(_ map[string]any, s *longrun.Seal) { *s = oldseal.Sign(*s, testKey(2)) })
	}, signed: true},
	{name: "head: another hash", do: func(c *crime) {
		c.note(evidence.Head{ChainSeq: c.h.head.ChainSeq, Hash: evidence.Hash(c.h.beats[0])}.String())
	}},
	{name: "head: set back", do: func(c *crime) {
		n := 1 + c.rng.IntN(len(c.h.beats)-2)
		c.note(evidence.Head{ChainSeq: int64(n), Hash: c.h.beats[n].PrevHash}.String())
	}},
	{name: "head: set forward", do: func(c *crime) { c.note(evidence.Head{ChainSeq: c.h.head.ChainSeq + 3, Hash: c.h.head.Hash}.String()) }},
	{name: "head: none", do: func(c *crime) { c.note("") }},
	{name: "head: no head", do: func(c *crime) { c.note("hello") }},
	{name: "lock: removed", do: func(c *crime) {
		commit(c.t, c.st, store.Delete(c.l.LockKey()))
		c.names(c.l.LockKey())
	}},
}

func (c *crime) two() (int, int) {
	i := c.pick()
	for {
		if k := c.pick(); k != i {
			return i, k
		}
	}
}

// forged is a beat that looks like ours, in a slot that is free.
func (c *crime) forged() longrun.Heartbeat {
	b := longrun.Beat(slotTime(c.free()).Add(time.Second), time.Minute)
	b.InstanceID, b.Epoch, b.Healthy = c.h.instance, c.h.epoch, true
	return b
}

func (c *crime) note(note string) {
	row := c.h.row()
	row.Note = note
	commit(c.t, c.st, store.Set(c.l.LockKey(), row))
	c.names(c.l.LockKey(), c.key(len(c.h.beats)-1))
}

// crimeScene is a history of three and a half days, sealed and signed.
func crimeScene(seed uint64) *history {
	h := newHistory(seed)
	if seed%2 == 0 {
		h.key = testKey(1)
	}
	h.run(10)
	h.next += 3 // room to slip something in
	h.live(2)
	h.run(500)
	h.close()
	return h
}

func (x tampering) run(tb testing.TB, seed uint64, st store.Store, h *history, l *ledger.Ledger) {
	c := &crime{t: tb, rng: rand.New(rand.NewPCG(seed, 2)), h: h, st: st, l: l}
	x.do(c)
	o := evidenceOf(tb, l, verify.EvidenceOptions{Keys: keysOf(h)})
	require.NotEqual(tb, verify.Pass, o.Verdict, "%s, seed %d: not found", x.name, seed)
	// Who takes away the only seal leaves what a leader leaves that could seal nothing.
	only := strings.HasPrefix(x.name, "seal: ") && strings.HasSuffix(x.name, "removed") && len(h.seals) == 1
	if !only && x.name != "lock: removed" && x.name != "head: none" && x.name != "insert: one that begins a chain, before it all" {
		require.Equal(tb, verify.Fail, o.Verdict, "%s, seed %d: %v", x.name, seed, o.Problems)
	}
	require.Contains(tb, o.Problems[0].Text, x.says)
	named := map[string]bool{}
	for _, f := range o.Problems {
		named[f.Path] = true
		require.NotEmpty(tb, f.Text)
	}
	found := 0
	for _, p := range c.paths {
		if named[p] {
			found++
		}
	}
	want := 1
	if c.any {
		want = len(c.paths)
	}
	require.GreaterOrEqual(tb, found, want, "%s, seed %d: tampered with %v, and named %v", x.name, seed, c.paths, o.Problems)
	for _, f := range o.Problems {
		if f.Weight == verify.Fault {
			require.Contains(tb, append(c.beside, c.paths...), f.Path, "%s, seed %d: an innocent document is accused: %s", x.name, seed, f.Text)
		}
	}
}
