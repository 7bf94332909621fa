package mistakes

func ofEvidence() []Mutant {
	return []Mutant{
		{
			Name: "evidence: a beat does not name the one before", File: "longrun/evidence/chain.go",
			Old: "h.ChainSeq, h.PrevHash = d.ChainSeq+1, d.Hash",
			New: "h.ChainSeq = d.ChainSeq + 1",
			Pkg: "./longrun/evidence", Tests: "Chain",
		},
		{
			Name: "evidence: a beat that does not follow passes", File: "longrun/evidence/chain.go",
			Old: "if h.ChainSeq != d.ChainSeq+1 || h.PrevHash != d.Hash {",
			New: "if h.ChainSeq != d.ChainSeq+1 {",
			Pkg: "./longrun/evidence", Tests: "Chain|Forgery|Broken",
		},
		{
			Name: "evidence: a beat's health is not in its hash", File: "longrun/evidence/hash.go",
			Old: `b = appendHealthy(append(b, "healthy="...), h)
`,
			New: "",
			Pkg: "./longrun/evidence", Tests: "Hash|Field|Encoding",
		},
		{
			Name: "evidence: what would end a line is not escaped", File: "longrun/evidence/hash.go",
			Old: `b = append(b, '\\', 'n')`,
			New: `b = append(b, '\n')`,
			Pkg: "./longrun/evidence", Tests: "PassesForAnother|Encoding|Hash",
		},
		{
			Name: "evidence: the lines of a batch are not in its header", File: "longrun/evidence/batch.go",
			Old: `text = appendText(append(text, "lines="...), hex.EncodeToString(lines[:]))
`,
			New: `_ = lines
`,
			Pkg: "./longrun/evidence", Tests: "Worked|Batch",
		},
		{
			Name: "evidence: a checkpoint of another tree passes", File: "longrun/evidence/batch.go",
			Old: "case c != Checkpoint{Origin: b.Tree, Size: b.Size, Root: o.Root}:",
			New: "case c.Size != b.Size:",
			Pkg: "./longrun/evidence", Tests: "Batch",
		},
		{
			Name: "evidence: the order of leaves does not matter", File: "longrun/evidence/tree/frontier.go",
			Old: "leaf = tlog.NodeHash(pieces[last], leaf)",
			New: "leaf = tlog.NodeHash(leaf, pieces[last])",
			Pkg: "./longrun/evidence/tree", Tests: ".",
		},
		{
			Name: "evidence: a proof is not held against the tree", File: "longrun/evidence/proof.go",
			Old: "if p.Index >= c.Size || tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, Leaf(entry)) != nil {",
			New: "if p.Index >= c.Size {",
			Pkg: "./longrun/evidence", Tests: "Proof|Worked|OneByte|Example",
		},
		{
			Name: "evidence: an addition that landed unseen is made again", File: "longrun/ledger/logbook/log.go",
			Old: "if note.Number != g.note.Number || note.Root != g.note.Root {",
			New: "if false {",
			Pkg: "./longrun/ledger/logbook", Tests: ".",
		},
		{
			Name: "evidence: what was broken before it was logged is forgotten", File: "longrun/ledger/logbook/log.go",
			Old: "broken := a.Broken + g.broken",
			New: "broken := int64(0)",
			Pkg: "./longrun/ledger/logbook", Tests: ".",
		},
	}
}
