package main

func ofProof() []mutant {
	return []mutant{
		{
			name: "proof: whoever is asked for is dead", file: "lock/witness.go",
			old: `if errors.Is(err, store.ErrAlive) {
		c.unproven(ctx, nil)
		return nil
	}`,
			new: `if errors.Is(err, store.ErrAlive) {
		return &death{row: row, done: func(bool) {}}
	}`,
			pkg: "./lock", tests: "Frozen|Simulation|Waiting",
		},
		{
			name: "proof: the proof of one counts for another", file: "lock/witness.go",
			old: "return d != nil && row.Held() && d.row.Owner == row.Owner && d.row.Proof == row.Proof",
			new: "return d != nil && row.Held()",
			pkg: "./lock", tests: ".",
		},
		{
			name: "proof: no holder leaves a sign", file: "lock/witness.go",
			old: "g.row.Proof, g.end, g.lapsed = mark, end, store.Lapsed(c.witness, g.row.Owner)",
			new: "_ = mark\n\tend(true)",
			pkg: "./lock", tests: "Waiting|Standby",
		},
		{
			name: "proof: a Lock whose proof lied leaves others", file: "lock/witness.go",
			old: "l.lock.lied = true",
			new: "l.lock.lied = false",
			pkg: "./lock", tests: "ProofLied",
		},
		{
			name: "proof: a release keeps the sign", file: "lock/lease.go",
			old: `l.gone = true
	l.unsign(true)
	return nil
}

// unsign`,
			new: `l.gone = true
	return nil
}

// unsign`,
			pkg: "./lock", tests: ".",
		},
		{
			name: "proof: a release that was refused keeps the sign", file: "lock/lease.go",
			old: `l.unsign(false)
`,
			new: "",
			pkg: "./lock", tests: "AReleaseThatTheStoreRefuses|RefusesIsFollowed",
		},
		{
			name: "proof: a grant that never lands keeps its sign", file: "lock/witness.go",
			old: `if g.end != nil {
			g.end(true)
		}`,
			new: "_ = g",
			pkg: "./lock", tests: "NeverLands",
		},
		{
			name: "proof: the row is taken as it was before its holder died", file: "lock/campaign.go",
			old: `rec, row, found, err = c.get(ctx)
		}
	}
	defer func()`,
			new: `}
	}
	defer func()`,
			pkg: "./lock", tests: "LastWords",
		},
		{
			// Acquire finds it out all the same, by waiting for a death that was; one attempt
			// cannot.
			name: "proof: a process that starts again does not ask whether it died", file: "lock/campaign.go",
			old: "if dead = c.seizeNow(ctx, row); dead != nil {",
			new: "if dead = nil; dead != nil {",
			pkg: "./lock", tests: "LastWords",
		},
	}
}
