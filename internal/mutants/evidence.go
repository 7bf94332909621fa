package main

func ofEvidence() []mutant {
	return []mutant{
		{
			name: "evidence: a beat does not name the one before", file: "longrun/evidence/chain.go",
			old: "h.ChainSeq, h.PrevHash = d.ChainSeq+1, d.Hash",
			new: "h.ChainSeq = d.ChainSeq + 1",
			pkg: "./longrun/evidence", tests: "Chain",
		},
		{
			name: "evidence: a beat that does not follow passes", file: "longrun/evidence/chain.go",
			old: "if h.ChainSeq != d.ChainSeq+1 || h.PrevHash != d.Hash {",
			new: "if h.ChainSeq != d.ChainSeq+1 {",
			pkg: "./longrun/evidence", tests: "Chain|Forgery|Broken",
		},
		{
			name: "evidence: a beat's health is not in its hash", file: "longrun/evidence/hash.go",
			old: `b = appendHealthy(append(b, "healthy="...), h)
`,
			new: "",
			pkg: "./longrun/evidence", tests: "Hash|Field|Encoding",
		},
		{
			name: "evidence: what would end a line is not escaped", file: "longrun/evidence/hash.go",
			old: `b = append(b, '\\', 'n')`,
			new: `b = append(b, '\n')`,
			pkg: "./longrun/evidence", tests: "PassesForAnother|Encoding|Hash",
		},
		{
			name: "evidence: the lines of a batch are not in its header", file: "longrun/evidence/batch.go",
			old: `text = appendText(append(text, "lines="...), hex.EncodeToString(lines[:]))
`,
			new: `_ = lines
`,
			pkg: "./longrun/evidence", tests: "Worked|Batch",
		},
		{
			name: "evidence: a checkpoint of another tree passes", file: "longrun/evidence/batch.go",
			old: "case c != Checkpoint{Origin: b.Tree, Size: b.Size, Root: o.Root}:",
			new: "case c.Size != b.Size:",
			pkg: "./longrun/evidence", tests: "Batch",
		},
		{
			name: "evidence: the order of leaves does not matter", file: "longrun/evidence/tree/frontier.go",
			old: "leaf = tlog.NodeHash(pieces[last], leaf)",
			new: "leaf = tlog.NodeHash(leaf, pieces[last])",
			pkg: "./longrun/evidence/tree", tests: ".",
		},
		{
			name: "evidence: a proof is not held against the tree", file: "longrun/evidence/proof.go",
			old: "if p.Index >= c.Size || tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, Leaf(entry)) != nil {",
			new: "if p.Index >= c.Size {",
			pkg: "./longrun/evidence", tests: "Proof|Worked|OneByte|Example",
		},
		{
			name: "evidence: an addition that landed unseen is made again", file: "longrun/ledger/logbook/log.go",
			old: "if note.Number != g.note.Number || note.Root != g.note.Root {",
			new: "if false {",
			pkg: "./longrun/ledger/logbook", tests: ".",
		},
		{
			name: "evidence: what was broken before it was logged is forgotten", file: "longrun/ledger/logbook/log.go",
			old: "broken := a.Broken + g.broken",
			new: "broken := int64(0)",
			pkg: "./longrun/ledger/logbook", tests: ".",
		},
	}
}
